"""Options that a type checker sees, and that are those of the dataclasses behind them."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from multimodal.captioning.base import CaptionChanges
from multimodal.captioning.captioner import CaptionOptions
from multimodal.handwriting.options import HandwritingChanges, HandwritingOptions
from multimodal.language.options import TextChanges, TextGenerationOptions
from multimodal.recurrent.generation.options import GenerationChanges, GenerationOptions
from multimodal.sketching.options import DrawingChanges, DrawingOptions
from multimodal.strokes.paper import Paper, PaperOptions
from multimodal.strokes.sheet import Sheet, SheetOptions
from multimodal.translation.base import TranslationChanges

ROOT = Path(__file__).parents[1]

CALLS = """
from multimodal.captioning.captioner import Captioner
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.language.language_model import LanguageModel
from multimodal.sketching.sketcher import Sketcher
from multimodal.strokes import Drawing
from multimodal.translation.translator import Translator


def right(
    captioner: Captioner,
    writer: HandwritingGenerator,
    model: LanguageModel,
    sketcher: Sketcher,
    translator: Translator,
    drawing: Drawing,
) -> None:
    captioner.caption("a.jpg", beam_size=3, naming=False)
    writer.write("hi", bias=2)
    model.generate("To be", length=40, temperature=0.7)
    sketcher.draw("a duck", temperature=0.4, seed=7)
    translator.translate("hello", "de", beam_size=2, channel_weight=0.3)
    drawing.save("a.svg", animated=True)


def wrong(
    captioner: Captioner,
    writer: HandwritingGenerator,
    model: LanguageModel,
    sketcher: Sketcher,
    translator: Translator,
    drawing: Drawing,
) -> None:
    captioner.caption("a.jpg", beams=3)
    captioner.caption("a.jpg", beam_size="three")
    writer.write("hi", biass=2)
    model.generate("To be", lenght=40)
    sketcher.draw("a duck", heat=0.4)
    translator.translate("hello", "de", beam=2)
    drawing.save("a.svg", animate=True)
"""


def test_mypy_finds_every_misspelt_option_and_nothing_else(tmp_path):
    pytest.importorskip("mypy")
    file = tmp_path / "calls.py"
    file.write_text(CALLS)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(file)]
    command += ["--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    lines = CALLS.splitlines()
    begin = lines.index("def wrong(")
    body = next(n for n in range(begin, len(lines)) if lines[n].startswith(") -> None:")) + 1
    assert found == set(range(body + 1, len(lines) + 1)), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changes", "options", "more"),
    [
        (GenerationChanges, GenerationOptions, set()),
        (CaptionChanges, CaptionOptions, set()),
        (TranslationChanges, GenerationOptions, {"channel_weight"}),
        (TextChanges, TextGenerationOptions, set()),
        (DrawingChanges, DrawingOptions, set()),
        (HandwritingChanges, HandwritingOptions, set()),
        (SheetOptions, Sheet, set()),
        (PaperOptions, Paper, set()),
    ],
)
def test_what_a_call_may_change_are_the_fields_of_the_options(changes, options, more):
    assert set(get_type_hints(changes)) == {field.name for field in fields(options)} | more

"""Three small languages with word orders of their own, and a translator that learnt them."""

from itertools import product
from pathlib import Path

import pytest

from multimodal.training import train
from multimodal.training.report import Report
from multimodal.translation.data import ParallelText
from multimodal.translation.recipe import TranslatorRecipe
from multimodal.translation.training import TranslatorTask
from multimodal.translation.translator import Translator

ARTICLES = [("A", "Ein", "Un", "er"), ("The", "Der", "Le", "e")]
COLOURS = [("red", "rot", "rouge"), ("blue", "blau", "bleu"), ("green", "grün", "vert")]
NOUNS = [("dog", "Hund", "chien"), ("bird", "Vogel", "oiseau"), ("man", "Mann", "homme")]
NOUNS += [("tree", "Baum", "arbre"), ("ball", "Ball", "ballon")]
VERBS = [("sleeps", "schläft", "dort"), ("runs", "läuft", "court"), ("sings", "singt", "chante")]

RECIPE = TranslatorRecipe(
    vocabulary_size=340,
    embedding_size=24,
    encoder_layers=1,
    encoder_size=24,
    decoder_size=40,
    attention_size=24,
    dropout=0.1,
    word_dropout=0.0,
    batch_size=8,
    epochs=6,
    learning_rate=0.015,
    warmup_steps=20,
    ema_decay=0.9,
    precision="fp32",
)


def sentences() -> list[dict[str, str]]:
    """Every combination: in French the adjective follows the noun."""
    rows = []
    for (a, ein, un, ending), colour, noun, verb in product(ARTICLES, COLOURS, NOUNS, VERBS):
        rows.append(
            {
                "en": f"{a} {colour[0]} {noun[0]} {verb[0]}.",
                "de": f"{ein} {colour[1]}{ending} {noun[1]} {verb[1]}.",
                "fr": f"{un} {noun[2]} {colour[2]} {verb[2]}.",
            }
        )
    return rows


def split_rows() -> dict[str, list[dict[str, str]]]:
    """Held-out sentences are new combinations of words that are known."""
    rows = sentences()
    dev, test = rows[3::9], rows[7::18]
    held = [*dev, *test]
    return {"train": [row for row in rows if row not in held], "dev": dev, "test": test}


def texts() -> dict[str, ParallelText]:
    """Of an epoch, four rounds through the training rows: to validate and save takes time."""
    parts = {"train": split_rows()["train"] * 4, "dev": split_rows()["dev"]}
    return {name: ParallelText(("de", "en", "fr"), rows) for name, rows in parts.items()}


@pytest.fixture(scope="session")
def translator_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing interrupted."""
    out = tmp_path_factory.mktemp("translator") / "run"
    parts = texts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Report, "draw_curves", lambda self: None)
        train(TranslatorTask(RECIPE, parts["train"], parts["dev"]), out)
    return out


@pytest.fixture(scope="session")
def translator(translator_run: Path) -> Translator:
    return Translator.from_pretrained(translator_run / "best", precision="fp32")


@pytest.fixture(scope="session")
def parallel_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a folder of text files."""
    folder = tmp_path_factory.mktemp("parallel")
    for split, rows in split_rows().items():
        for code in ("de", "en", "fr"):
            text = "".join(f"{row[code]}\n" for row in rows)
            (folder / f"{split}.{code}").write_text(text, encoding="utf-8")
    return folder

"""A translator and held-out text → figures: the job behind ``multimodal evaluate translator``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.atomic import write_text
from multimodal.errors import UserError

if TYPE_CHECKING:
    from multimodal.translation.translator import Translator


def evaluate_translator(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    directions: Sequence[str] = (),
    languages: Sequence[str] = (),
    translations: Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Translate a split in every direction and compare with what people wrote, in lower case.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped translator.
        data: parallel text; see `multimodal.translation.data.read_parallel`.
        split: which sentences.
        directions: such as "en-de"; unless given all between languages of both the translator and
            the data, those too that it has not learnt.
        languages: see `read_parallel`.
        translations: a folder for what was written, ``<direction>.txt``.
        **options: of `Translator.translations`, such as beam_size and batch_size.

    Returns:
        By direction: `bleu` and `chrf` from 0 to 100, BLEU's `signature`, `sentences`, `seconds`
        from the first subword to the last word, and `sentences_per_second`.

    Raises:
        UserError: a direction cannot be, a sentence is too long or missing beside another, or as
            `read_parallel`.
    """
    from multimodal.translation.data import read_parallel
    from pipelines.models import open_model

    if translations is not None and not translations.parent.is_dir():
        raise UserError(f"{translations}: the folder above it does not exist")
    text = read_parallel(data, split, languages)
    translator = open_model("translator", model)
    there = [code for code in text.languages if code in translator.languages]
    known = [f"{a}-{b}" for a in there for b in there if a != b]
    unknown = next((direction for direction in directions if direction not in known), None)
    if unknown is not None or not known:
        raise UserError(f"--directions {unknown}: there are {', '.join(known) or 'none'}")
    figures = {}
    for direction in directions or known:
        source, target = direction.split("-")
        text.require_whole(source, target)
        sentences, references = text.pairs(source, target)
        if not sentences:
            continue
        figures[direction], written = _one_direction(
            translator, sentences, references, (source, target), options
        )
        if translations is not None:
            translations.mkdir(exist_ok=True)
            write_text(translations / f"{direction}.txt", "".join(f"{t}\n" for t in written))
    return figures


def _one_direction(
    translator: Translator,
    sentences: Sequence[str],
    references: Sequence[str],
    direction: tuple[str, str],
    options: dict[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    from multimodal.translation.metrics import score_translations

    source, target = direction
    begin = time.perf_counter()
    found = list(translator.translations(sentences, target, source, **options))
    seconds = time.perf_counter() - begin
    broken = next((translation for translation in found if translation.error is not None), None)
    if broken is not None:
        raise UserError(f"{source}-{target}: {broken.error}")
    written = [translation.text for translation in found]
    scores = {
        **asdict(score_translations(written, references)),
        "sentences": len(sentences),
        "seconds": seconds,
        "sentences_per_second": len(sentences) / seconds,
    }
    return scores, written

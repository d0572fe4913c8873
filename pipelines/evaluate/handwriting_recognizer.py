"""A recognizer and held-out lines → errors: ``multimodal evaluate handwriting-recognizer``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError

if TYPE_CHECKING:
    from multimodal.recognition.handwriting.metrics import ErrorRates
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.strokes import Drawing


def reading_errors(
    recognizer: HandwritingRecognizer, drawings: Sequence[Drawing], texts: Sequence[str]
) -> ErrorRates:
    """Read drawings of one line each and compare with what they are meant to say.

    Args:
        recognizer: the judge.
        drawings: of one line each.
        texts: what they are meant to say.
    """
    from multimodal.recognition.handwriting.metrics import error_rates

    readings = recognizer.read(drawings, one_line=True)
    return error_rates(texts, [reading.text for reading in readings])


def evaluate_handwriting_recognizer(
    model: str | Path | None, data: str | Path, split: str = "test"
) -> dict[str, Any]:
    """Compare what a recognizer reads in a split with what was written, without a language model.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped handwriting recognizer.
        data: handwriting; see `multimodal.strokes.handwritten.read_handwriting`.
        split: which writers.

    Returns:
        `cer`, `wer` and `exact` of lines, and `lines`, how many there are; the same of `words`,
        where the data has some; and `split`, `writers`, `seconds` and `lines_per_second`.

    Raises:
        UserError: the data cannot be read, or the split has no line.
    """
    from multimodal.strokes.handwritten import kinds_in, read_handwriting
    from pipelines.models import open_model

    lines = read_handwriting(data, ["lines"], split)
    words = read_handwriting(data, ["words"], split) if "words" in kinds_in(data) else []
    if not lines:
        raise UserError(f"{data}: no line in its {split} split")
    recognizer = open_model("handwriting-recognizer", model)
    drawings = [line.drawing for line in lines]
    begin = time.perf_counter()
    rates = reading_errors(recognizer, drawings, [line.text for line in lines])
    seconds = time.perf_counter() - begin
    scores: dict[str, Any] = {
        "cer": rates.cer,
        "wer": rates.wer,
        "exact": rates.exact,
        "lines": rates.texts,
    }
    if words:
        of_words = reading_errors(
            recognizer, [word.drawing for word in words], [word.text for word in words]
        )
        scores["words"] = {
            "cer": of_words.cer,
            "wer": of_words.wer,
            "exact": of_words.exact,
            "words": of_words.texts,
        }
    return scores | {
        "split": split,
        "writers": len({sample.writer for sample in (*lines, *words)}),
        "seconds": seconds,
        "lines_per_second": len(lines) / seconds,
    }

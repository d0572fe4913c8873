"""Handwriting with its texts → a recognizer: ``multimodal train handwriting-recognizer``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.train import with_settings

if TYPE_CHECKING:
    from multimodal.strokes.handwritten import Handwritten

EVERY = {"lines": 1, "words": 4}
"""The kinds that are learnt, and every which held-out sample chooses the best recognizer: words are
many."""


def train_handwriting_recognizer(
    data: str | Path, out: str | Path, settings: Sequence[str] = ()
) -> Path:
    """Train a handwriting recognizer, or go on with a training that was interrupted.

    Args:
        data: handwriting; see `multimodal.strokes.handwritten.read_handwriting`.
        out: the run's folder: metrics, curves, samples, the best and the last recognizer.
        settings: changes to the recipe, "name=value"; see `HandwritingRecognizerRecipe`.

    Returns:
        The folder of the best recognizer.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.recognition.handwriting.recipe import HandwritingRecognizerRecipe
    from multimodal.recognition.handwriting.training import HandwritingRecognizerTask
    from multimodal.strokes.handwritten import kinds_in, read_handwriting
    from multimodal.training import train

    recipe = with_settings(HandwritingRecognizerRecipe(), settings)
    kinds = [kind for kind in kinds_in(data) if kind in EVERY] or ["lines"]
    samples = read_handwriting(data, kinds, "train")
    valid: dict[str, Sequence[Handwritten]] = {
        kind: read_handwriting(data, [kind], "dev")[:: EVERY[kind]] for kind in kinds
    }
    return train(HandwritingRecognizerTask(recipe, samples, valid), out)

"""Handwriting with its texts → a reader: the job behind ``multimodal train reader``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.train import with_settings

if TYPE_CHECKING:
    from multimodal.strokes.handwritten import Handwritten

EVERY = {"lines": 1, "words": 4}
"""The kinds that are learnt, and every which held-out sample chooses the best reader: words are
many."""


def train_reader(data: str | Path, out: str | Path, settings: Sequence[str] = ()) -> Path:
    """Train a reader, or go on with a training that was interrupted.

    Args:
        data: handwriting; see `multimodal.strokes.handwritten.read_handwriting`.
        out: the run's folder: metrics, curves, samples, the best and the last reader.
        settings: changes to the recipe, "name=value"; see `ReaderRecipe`.

    Returns:
        The folder of the best reader.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.recognition.reading.recipe import ReaderRecipe
    from multimodal.recognition.reading.training import ReaderTask
    from multimodal.strokes.handwritten import kinds_in, read_handwriting
    from multimodal.training import train

    recipe = with_settings(ReaderRecipe(), settings)
    kinds = [kind for kind in kinds_in(data) if kind in EVERY] or ["lines"]
    samples = read_handwriting(data, kinds, "train")
    valid: dict[str, Sequence[Handwritten]] = {
        kind: read_handwriting(data, [kind], "dev")[:: EVERY[kind]] for kind in kinds
    }
    return train(ReaderTask(recipe, samples, valid), out)

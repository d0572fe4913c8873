"""Labelled drawings → a recognizer: the job behind ``multimodal train recognizer``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multimodal.splits import SPLITS
from pipelines.train import with_settings


def train_recognizer(data: str | Path, out: str | Path, settings: Sequence[str] = ()) -> Path:
    """Train a recognizer, or go on with a training that was interrupted.

    Args:
        data: a folder of ``<category>.ndjson``; see `multimodal.strokes.read_quickdraw`.
        out: the run's folder: metrics, curves, samples, the best and the last recognizer.
        settings: changes to the recipe, "name=value"; see `RecognizerRecipe`.

    Returns:
        The folder of the best recognizer.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.recognition.drawings.data import frequent_categories
    from multimodal.recognition.drawings.recipe import RecognizerRecipe
    from multimodal.recognition.drawings.training import RecognizerTask
    from multimodal.strokes import read_quickdraw
    from multimodal.training import train

    recipe = with_settings(RecognizerRecipe(), settings)
    parts = {split: read_quickdraw(data, split) for split in SPLITS}
    known = frequent_categories(list(parts.values()), recipe.min_examples)
    teacher = read_quickdraw(recipe.teacher, "train") if recipe.teacher else {}
    return train(RecognizerTask(recipe, parts["train"], parts["dev"], known, teacher), out)

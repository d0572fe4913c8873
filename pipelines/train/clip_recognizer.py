"""Labelled clips → a clip recognizer: the job behind ``multimodal train clip-recognizer``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines.train import with_settings


def train_clip_recognizer(data: str | Path, out: str | Path, settings: Sequence[str] = ()) -> Path:
    """Train a clip recognizer, or go on with a training that was interrupted.

    Args:
        data: a folder of clips for each label, or drawings, whose making becomes films; see
            `multimodal.recognition.clips.data.read_labelled_clips`.
        out: the run's folder: metrics, curves, samples, the best and the last recognizer.
        settings: changes to the recipe, "name=value"; see `ClipRecipe`.

    Returns:
        The folder of the best recognizer.

    Raises:
        UserError: when the data or a clip cannot be read, or the folder belongs to another run.
    """
    from multimodal.recognition.clips.data import read_labelled_clips
    from multimodal.recognition.clips.recipe import ClipRecipe
    from multimodal.recognition.clips.training import ClipTask
    from multimodal.training import train

    recipe = with_settings(ClipRecipe(), settings)
    parts = read_labelled_clips(data, recipe.films, recipe.min_examples)
    best = train(ClipTask(recipe, parts["train"], parts["dev"], Path(out)), out)
    shutil.rmtree(Path(out) / "cache", ignore_errors=True)  # of no more use
    return best

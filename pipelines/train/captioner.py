"""Captioned photos → a captioner: the job behind ``multimodal train captioner``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.train import with_settings


def train_captioner(
    data: str | Path, out: str | Path, settings: Sequence[str] = (), **where: Any
) -> Path:
    """Train a captioner, or go on with a training that was interrupted.

    Args:
        data: captioned photos; see `multimodal.captioning.data.read_captions`.
        out: the run's folder: metrics, curves, samples, the best and the last captioner.
        settings: changes to the recipe, "name=value"; see `CaptionerRecipe`.
        **where: `images`, `image_column` and `caption_column` of `read_captions`.

    Returns:
        The folder of the best captioner.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.captioning.data import read_captions, read_sentences
    from multimodal.captioning.recipe import CaptionerRecipe, encoder_weights
    from multimodal.captioning.training import CaptionerTask
    from multimodal.training import train

    recipe = with_settings(CaptionerRecipe(), settings)
    photos, dev = read_captions(data, "train", **where), read_captions(data, "dev", **where)
    files = filter(None, recipe.language.split(","))
    language = [group for file in files for group in read_sentences(file.strip())]
    weights = encoder_weights(recipe, data)
    best = train(CaptionerTask(recipe, photos, dev, weights, language, Path(out)), out)
    shutil.rmtree(Path(out) / "cache", ignore_errors=True)  # gigabytes of cells, of no more use
    return best

"""Parallel text → a translator: the job behind ``multimodal train translator``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.train import with_settings


def train_translator(
    data: str | Path,
    out: str | Path,
    settings: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> Path:
    """Train a translator, or go on with a training that was interrupted.

    Args:
        data: parallel text; see `multimodal.translation.data.read_parallel`.
        out: the run's folder: metrics, curves, samples, the best and the last translator.
        settings: changes to the recipe, "name=value"; see `TranslatorRecipe`.
        languages: which to learn; all that are there unless given.

    Returns:
        The folder of the best translator.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.training import train
    from multimodal.translation.data import read_parallel
    from multimodal.translation.recipe import TranslatorRecipe
    from multimodal.translation.training import TranslatorTask

    recipe = with_settings(TranslatorRecipe(), settings)
    text = read_parallel(data, "train", languages)
    dev = read_parallel(data, "dev", languages)
    return train(TranslatorTask(recipe, text, dev), out)

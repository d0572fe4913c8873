"""Drawings → a sketcher: the job behind ``multimodal train sketcher``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.train import with_settings


def train_sketcher(
    data: str | Path,
    out: str | Path,
    settings: Sequence[str] = (),
    note: Callable[[str], object] = lambda _: None,
) -> Path:
    """Train a sketcher, or go on with a training that was interrupted.

    Args:
        data: a Quick, Draw! folder or a sketch-rnn `.npz` file; see
            `multimodal.sketching.data.read_sketches`.
        out: the run's folder: metrics, curves, samples, the best and the last sketcher.
        settings: changes to the recipe, "name=value"; see `SketcherRecipe`.
        note: is told, a line each, what the training leaves out.

    Returns:
        The folder of the best sketcher.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.sketching.data import read_sketches
    from multimodal.sketching.recipe import SketcherRecipe
    from multimodal.sketching.training import SketcherTask
    from multimodal.training import train

    recipe = with_settings(SketcherRecipe(), settings)
    drawings, dev = read_sketches(data, "train"), read_sketches(data, "dev")
    teacher = read_sketches(recipe.teacher, "train") if recipe.teacher else {}
    task = SketcherTask(recipe, drawings, dev, teacher)
    for line in task.notes:
        note(line)
    return train(task, out)

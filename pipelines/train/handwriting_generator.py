"""Handwriting → a handwriting generator: ``multimodal train handwriting-generator``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.train import with_settings


def train_handwriting_generator(
    data: str | Path,
    out: str | Path,
    settings: Sequence[str] = (),
    note: Callable[[str], object] = lambda _: None,
) -> Path:
    """Train a handwriting generator, or go on with a training that was interrupted.

    Args:
        data: a folder of handwriting; see `multimodal.strokes.handwritten`.
        out: the run's folder: metrics, curves, samples, the best and the last generator.
        settings: changes to the recipe, "name=value"; see `HandwritingGeneratorRecipe`.
        note: is told, a line each, what the training leaves out.

    Returns:
        The folder of the best generator.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.handwriting.lines import script_of
    from multimodal.handwriting.recipe import HandwritingGeneratorRecipe
    from multimodal.handwriting.training import HandwritingGeneratorTask
    from multimodal.strokes.handwritten import Handwritten, Kind, kinds_in, read_handwriting
    from multimodal.training import train

    recipe = with_settings(HandwritingGeneratorRecipe(), settings)
    samples: list[tuple[Kind, Handwritten]] = [
        (kind, sample)
        for kind in kinds_in(data)
        for sample in read_handwriting(data, [kind], "train")
    ]
    script = script_of(samples, recipe.limit)
    note(f"{len(samples) - len(script)} of {len(samples)} pieces are too long or leap: left out")
    lines: list[tuple[Kind, Handwritten]] = [
        ("lines", sample) for sample in read_handwriting(data, ["lines"], "dev")
    ]
    return train(HandwritingGeneratorTask(recipe, script, script_of(lines, recipe.limit)), out)

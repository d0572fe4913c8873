"""Any text → a language model: the job behind ``multimodal train language-model``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multimodal.errors import UserError
from pipelines.train import with_settings


def train_language_model(data: str | Path, out: str | Path, settings: Sequence[str] = ()) -> Path:
    """Train a language model, or go on with a training that was interrupted.

    Args:
        data: a text file, a folder, a pattern or a data set; see
            `multimodal.language.data.read_splits`.
        out: the run's folder: metrics, curves, samples, the best and the last language model.
        settings: changes to the recipe, "name=value"; see `LanguageModelRecipe`.

    Returns:
        The folder of the best language model.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.language.data import read_splits
    from multimodal.language.recipe import LanguageModelRecipe
    from multimodal.language.training import LanguageModelTask
    from multimodal.training import train

    recipe = with_settings(LanguageModelRecipe(), settings)
    splits = read_splits(data, recipe.split_fractions)
    if missing := [name for name in ("train", "dev") if name not in splits]:
        count = sum(len(passage.text) for passages in splits.values() for passage in passages)
        raise UserError(
            f"{data}: {count} characters leave no {' and no '.join(missing)} split to learn with; "
            "give a longer text, or a file for each split (train.txt, dev.txt)"
        )
    task = LanguageModelTask(recipe, splits, Path(out))
    del splits  # a text of gigabytes, whose ids are all that is needed from here on
    return train(task, out)

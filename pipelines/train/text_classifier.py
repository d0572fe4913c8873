"""Labelled texts → a text classifier: the job behind ``multimodal train text-classifier``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.train import with_settings


def train_text_classifier(
    data: str | Path,
    out: str | Path,
    settings: Sequence[str] = (),
    *,
    text_column: str | None = None,
    label_column: str | None = None,
) -> Path:
    """Train a text classifier, or go on with a training that was interrupted.

    Args:
        data: a table, a folder or pattern of tables, or a data set; see
            `multimodal.recognition.texts.data`.
        out: the run's folder: metrics, curves, samples, the best and the last classifier.
        settings: changes to the recipe, "name=value"; see `TextClassifierRecipe`.
        text_column: the name or number of the column of texts, where names do not tell.
        label_column: likewise, of labels.

    Returns:
        The folder of the best classifier.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.recognition.texts.data import LabelledTexts
    from multimodal.recognition.texts.recipe import TextClassifierRecipe
    from multimodal.recognition.texts.tables import Columns
    from multimodal.recognition.texts.training import TextClassifierTask
    from multimodal.training import train

    recipe = with_settings(TextClassifierRecipe(), settings)
    columns = Columns(text_column, label_column)
    parts = [LabelledTexts.read(data, split, columns) for split in ("train", "dev")]
    return train(TextClassifierTask(recipe, *parts), out)

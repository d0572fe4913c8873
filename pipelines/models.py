"""Models for the jobs: from a checkpoint, or from a file that ``multimodal export`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multimodal.portable import is_portable, load_portable
from multimodal.tasks import imported, task_of


def open_model(task: str, model: str | Path | None, **options: Any) -> Any:
    """Load a model of a task.

    Args:
        task: a name of `multimodal.tasks.TASKS`.
        model: a shipped model, a folder, a Hub id, an exported file, or None for the usual one.
        **options: of `from_pretrained`; an exported file has none.

    Returns:
        The class of the task, or that of its files, which answers alike.

    Raises:
        UserError: there is none, or it is damaged or made for another task.
    """
    if is_portable(model):
        return load_portable(model, task)
    return imported(task_of(task).model).from_pretrained(model, **options)

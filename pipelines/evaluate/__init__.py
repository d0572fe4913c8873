"""Held-out data → figures: the jobs behind ``multimodal evaluate``, a module for each task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multimodal.tasks import imported, task_of


def evaluate_model(
    task: str, model: str | Path | None, data: str | Path, split: str = "test", **options: Any
) -> dict[str, Any]:
    """Measure a model on held-out data.

    Args:
        task: a name of `multimodal.tasks.TASKS`.
        model: a shipped model, a folder or a Hub id; the usual shipped one when None.
        data: what to measure on.
        split: of the data.
        **options: of the task's own `evaluate_…`.

    Returns:
        Figures by name.

    Raises:
        UserError: there is no such task or model, or the data cannot be read.
    """
    spec = task_of(task)
    name = task.replace("-", "_")
    evaluation = imported(spec.evaluation or f"{__name__}.{name}:evaluate_{name}")
    figures: dict[str, Any] = evaluation(model, data, split, **options)
    return figures

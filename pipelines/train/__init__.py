"""People's own data → a model: the job behind ``multimodal train``, for every task of the table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from multimodal.errors import UserError
from multimodal.tasks import imported, task_of

Recipe = TypeVar("Recipe")


def train_model(
    task: str,
    data: str | Path,
    out: str | Path,
    settings: Sequence[str] = (),
    note: Callable[[str], object] = lambda _: None,
    **options: Any,
) -> Path:
    """Train a model, or go on with a training that was interrupted.

    Args:
        task: a name of `multimodal.tasks.TASKS`.
        data: what to learn from; see the `from_data` of the task's training.
        out: the run's folder: metrics, curves, samples, the best and the last model.
        settings: changes to the task's recipe, "name=value".
        note: is told, a line each, what the training leaves out.
        **options: those of the task's `data_options`.

    Returns:
        The folder of the best model.

    Raises:
        UserError: there is no such task, the data cannot be read, or the folder belongs to another
            run.
    """
    from multimodal.training import train

    spec = task_of(task)
    recipe = with_settings(imported(spec.recipe)(), settings)
    learning = imported(spec.training).from_data(recipe, data, Path(out), note, **options)
    best = train(learning, out)
    shutil.rmtree(Path(out) / "cache", ignore_errors=True)  # of no more use
    return best


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """A recipe (a dataclass) with some of its fields changed, each written as "name=value".

    Raises:
        UserError: when there is no such field, or the value is not of its kind.
    """
    names = [field.name for field in fields(recipe)]  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in names:
            known = ", ".join(names)
            raise UserError(f"--set {setting}: write name=value with one of the names {known}")
        changes[name] = _value(setting, text, type(getattr(recipe, name)))
        choices = get_args(get_type_hints(type(recipe))[name])
        if choices and changes[name] not in choices:
            raise UserError(f"--set {setting}: choose one of {', '.join(map(str, choices))}")
    return replace(recipe, **changes)  # type: ignore[type-var]


def _value(setting: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        expected = "whole number" if kind is int else "number"
        raise UserError(f"--set {setting}: {text!r} is no {expected}") from None

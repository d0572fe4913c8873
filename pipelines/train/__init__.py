"""People's own data → a model: the job behind ``multimodal train``, for every task of the table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from multimodal.errors import UserError, offered
from multimodal.former_names import FORMER_SETTINGS
from multimodal.processor import give_back_memory
from multimodal.settings import Setting, read_toml, settings_of, to_toml
from multimodal.tasks import TaskSpec, imported, task_of

Recipe = TypeVar("Recipe")

RUN = "run"
"""The table of a `recipe.toml` that holds what the run learnt from."""


def train_model(
    task: str,
    data: str | Path | None,
    out: str | Path,
    settings: Sequence[str] = (),
    note: Callable[[str], object] = lambda _: None,
    config: Path | None = None,
    **options: Any,
) -> Path:
    """Train a model, or go on with a training that was interrupted.

    Args:
        task: a name of `multimodal.tasks.TASKS`.
        data: what to learn from; see the `from_data` of the task's training. None for what the
            file of `config` names.
        out: the run's folder: metrics, curves, samples, the best and the last model.
        settings: changes to the task's recipe, "name=value".
        note: is told, a line each, what the training leaves out.
        config: a file of settings, such as the `recipe.toml` of another run; `settings` go before.
        **options: those of the task's `data_options`.

    Returns:
        The folder of the best model.

    Raises:
        UserError: there is no such task, the data cannot be read, or the folder belongs to another
            run.
    """
    from multimodal.training import TrainingInput, train

    spec = task_of(task)
    values = read_toml(config) if config else {}
    run = values.pop(RUN, {})
    if run.get("task", task) != task:
        raise UserError(f"{config}: a recipe for {run['task']}, not for {task}")
    recipe = with_settings(with_file(imported(spec.recipe)(), values, config or Path()), settings)
    told = {"data": str(data) if data else run.get("data"), **_data_of(spec, run), **options}
    if not told["data"]:
        raise UserError("--data: name what to learn from")
    given = TrainingInput(told["data"], Path(out), note)
    more = {name: value for name, value in told.items() if name != "data"}
    learning = imported(spec.training).from_data(recipe, given, **more)
    learning.recipe_file = f"{to_toml(recipe)}\n[{RUN}]\ntask = {json.dumps(task)}\n" + "".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in told.items()
    )
    give_back_memory()  # what the reading needed: a text is twice as long as its ids, and is gone
    best = train(learning, out)
    shutil.rmtree(Path(out) / "cache", ignore_errors=True)  # of no more use
    return best


def _data_of(spec: TaskSpec, run: Mapping[str, Any]) -> dict[str, Any]:
    """The options beside the data that a file names."""
    return {option.name: run[option.name] for option in spec.data_options if option.name in run}


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """A recipe (a dataclass) with some of its settings changed, each written as "name=value".

    Args:
        recipe: to change.
        settings: the changes.

    Raises:
        UserError: there is no such setting, or the value is not of its kind.
    """
    known = {setting.name: setting for setting in settings_of(type(recipe))}
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = _todays(name, known)
        if not equals or name not in known:
            wrong = f"no such setting; {offered(name, known)}" if equals else "write name=value"
            raise UserError(f"--set {setting}: {wrong} (--list-settings prints all)")
        changes[name] = _value(known[name], text, f"--set {setting}")
    return replace(recipe, **changes)  # type: ignore[type-var]


def with_file(recipe: Recipe, values: Mapping[str, Any], path: Path) -> Recipe:
    """A recipe with the settings of a file.

    Args:
        recipe: to change.
        values: what the file says.
        path: of the file.

    Raises:
        UserError: there is no such setting, or the value is not of its kind.
    """
    known = {setting.name: setting for setting in settings_of(type(recipe))}
    changes: dict[str, Any] = {}
    for given, value in values.items():
        name = _todays(given, known)
        if name not in known:
            raise UserError(f"{path}: {name}: no such setting; {offered(name, known)}")
        changes[name] = _value(known[name], value, f"{path}: {name}")
    try:
        return replace(recipe, **changes)  # type: ignore[type-var]
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _todays(name: str, known: Mapping[str, Setting]) -> str:
    """The name of a setting by which an older recipe file may call it."""
    return name if name in known else FORMER_SETTINGS.get(name, name)


def _value(setting: Setting, value: object, where: str) -> Any:
    try:
        return setting.parse(value)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None

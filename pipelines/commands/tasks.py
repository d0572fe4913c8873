"""``train`` and ``evaluate`` for every row of the table that has no richer command."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from multimodal.settings import settings_of
from multimodal.tasks import TASKS, TaskSpec, imported
from pipelines import commands


def register_all() -> None:
    """Add the commands of all tasks, behind those that modules of this package bring along."""
    for spec in TASKS.values():
        register(spec)


def register(spec: TaskSpec) -> None:
    """Add the commands of a task, unless a module has a richer one."""
    helped = f"{spec.label} ({spec.title[:1].lower()}{spec.title[1:]})."
    commands.train.command(spec.name, help=f"Train a {helped}")(train_command(spec))
    if spec.name not in {command.name for command in commands.evaluate.registered_commands}:
        commands.evaluate.command(spec.name, help=f"Measure a {helped}")(evaluate_command(spec))


def train_command(spec: TaskSpec) -> Callable[..., None]:
    """Make the command that trains a model of a task."""

    def command(
        data: str | None,
        out: Path,
        settings: list[str] | None,
        config: Path | None,
        list_settings: bool,
        **options: Any,
    ) -> None:
        from pipelines.train import train_model

        del list_settings  # which has ended the command
        values = _data_values(spec, options)
        best = train_model(spec.name, data, out, settings or [], commands.note, config, **values)
        hint = f"; try: {spec.example} --model {best}" if spec.example else ""
        typer.echo(f"{best}: the best {spec.label}{hint}")

    def show(wanted: bool) -> None:
        if wanted:
            typer.echo(settings_table(imported(spec.recipe)))
            raise typer.Exit

    data = Annotated[str | None, typer.Option(help=spec.data)]
    shown = typer.Option(
        "--list-settings", help="Print all settings and leave.", is_eager=True, callback=show
    )
    return _with_options(
        command,
        _option("data", data, None),
        _option("out", commands.Run),
        _option("settings", commands.Settings, None),
        _option("config", commands.RecipeFile, None),
        _option("list_settings", Annotated[bool, shown], False),
        spec=spec,
    )


def settings_table(recipe: type) -> str:
    """Return the settings of a recipe, four cells a line: name, type and range, default, help."""
    rows = [("setting", "type and range", "default", "")]
    for setting in settings_of(recipe):
        kind = setting.type.__name__
        about = f"{kind}, {setting.range}" if setting.range else kind
        rows.append((setting.name, about, setting.default_text, setting.help))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  ".join([*map(str.ljust, row[:3], widths), row[3]]).rstrip() for row in rows)


def evaluate_command(spec: TaskSpec) -> Callable[..., None]:
    """Make the command that measures a model of a task."""

    def command(
        data: str, model: str | None, split: str, json_file: Path | None, **options: Any
    ) -> None:
        from pipelines.evaluate import evaluate_model

        values = _data_values(spec, options)
        commands.report_scores(evaluate_model(spec.name, model, data, split, **values), json_file)

    model = Annotated[str | None, commands.model_option(spec.name)]
    split = Annotated[str, typer.Option(help="The held-out split.")]
    return _with_options(
        command,
        _data(spec),
        _option("model", model, None),
        _option("split", split, "test"),
        _option("json_file", commands.ScoresFile, None),
        spec=spec,
    )


def _with_options(
    command: Callable[..., None], *options: Parameter, spec: TaskSpec
) -> Callable[..., None]:
    """Give a function the signature that the command line reads."""
    of_data = (
        _option(
            option.name,
            Annotated[str | None, typer.Option(help=option.help, show_default=option.default)],
            None,
        )
        for option in spec.data_options
    )
    signature = Signature([*options, *of_data])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
    return command


def _option(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _data(spec: TaskSpec) -> Parameter:
    return _option("data", Annotated[str, typer.Option(help=spec.data)])


def _data_values(spec: TaskSpec, options: dict[str, Any]) -> dict[str, Any]:
    many = {option.name for option in spec.data_options if option.many}
    return {
        name: commands.listed(value) if name in many else value
        for name, value in commands.given(**options).items()
    }

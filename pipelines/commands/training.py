"""``multimodal train <task>`` for every row of the table, and `evaluate` where the row names it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from multimodal.tasks import TASKS, TaskSpec
from pipelines.commands import (
    Model,
    Run,
    ScoresFile,
    Settings,
    evaluate,
    given,
    listed,
    report_scores,
    require_scores_place,
    train,
)


def train_command(spec: TaskSpec) -> Callable[..., None]:
    """Make the command that trains a model of a task."""

    def command(data: str, out: Path, settings: list[str] | None = None, **options: Any) -> None:
        from pipelines.train import train_model

        many = {option.name for option in spec.data_options if option.many}
        chosen = {
            name: listed(value) if name in many else value
            for name, value in given(**options).items()
        }
        best = train_model(spec.name, data, out, settings or [], _note, **chosen)
        hint = f"; try: {spec.example} --model {best}" if spec.example else ""
        typer.echo(f"{best}: the best {spec.label}{hint}")

    optional = {
        option.name: Annotated[str | None, typer.Option(help=option.help)]
        for option in spec.data_options
    }
    required = {"data": Annotated[str, typer.Option(help=spec.data)], "out": Run}
    return with_options(command, required, {"settings": Settings, **optional})


def evaluate_command(spec: TaskSpec) -> Callable[..., None]:
    """Make the command that measures a model of a task by what its row names."""

    def command(
        data: str, model: str | None = None, split: str = "test", json_file: Path | None = None
    ) -> None:
        from pipelines.evaluate import evaluate_model

        require_scores_place(json_file)
        report_scores(evaluate_model(spec.name, model, data, split or "test"), json_file)

    required = {"data": Annotated[str, typer.Option(help=spec.data)]}
    split = Annotated[str | None, typer.Option(help="The held-out split; test unless given.")]
    return with_options(
        command, required, {"model": Model, "split": split, "json_file": ScoresFile}
    )


def with_options(
    command: Callable[..., None], required: dict[str, Any], optional: dict[str, Any]
) -> Callable[..., None]:
    """Give a function the signature that the command line reads.

    Args:
        command: takes keywords.
        required: name → annotation of the options that must be given.
        optional: likewise of those that are None unless given.
    """
    parameters = [
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind)
            for name, kind in required.items()
        ),
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=None)
            for name, kind in optional.items()
        ),
    ]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {**required, **optional}
    return command


def register(spec: TaskSpec) -> None:
    """Add the commands of a task to the command line."""
    helped = f"({spec.title[:1].lower()}{spec.title[1:]})"
    train.command(spec.name, help=f"Train a {spec.label} {helped}.")(train_command(spec))
    if spec.evaluation is not None:
        evaluate.command(spec.name, help=f"Measure a {spec.label} {helped}.")(
            evaluate_command(spec)
        )


def _note(line: str) -> None:
    typer.echo(line, err=True)


for row in TASKS.values():
    register(row)

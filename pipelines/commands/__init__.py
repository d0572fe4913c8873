"""What every command shares: the groups they belong to, and the options that come again.

A module of this package holds the commands of one thing; `pipelines.cli` imports them all. Each is
thin: the job behind it is a function that can be imported as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.faults import Faults
from pipelines.output import require_place, write_text

NOTHING_DONE = 2  # exit code: as with any mistake of the user
SOME_FAILED = 3  # exit code: the rest was done
INTERRUPTED = 130  # exit code: as if by the signal of Ctrl-C
PLAIN: dict[str, Any] = {"pretty_exceptions_enable": False, "add_completion": False}

app = typer.Typer(help="Recurrent networks that look, draw and write.", **PLAIN)
train = typer.Typer(help="Train a model on your own data.", **PLAIN)
evaluate = typer.Typer(help="Measure a model on held-out data.", **PLAIN)
benchmark = typer.Typer(help="Measure speed, as ratios within one run.", **PLAIN)
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")
app.add_typer(benchmark, name="benchmark")

Model = Annotated[
    str | None, typer.Option(help="A folder or a Hub id; the shipped model unless given.")
]
Run = Annotated[Path, typer.Option(help="The run's folder; an interrupted run goes on.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="name=value, a field of the recipe.")
]
ScoresFile = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def require_scores_place(path: Path | None) -> None:
    """See to it that the figures can be written, before the work begins."""
    if path:
        require_place(path)


def report_scores(scores: Mapping[str, Any], path: Path | None) -> None:
    """Print figures as JSON, and write them where a file is named."""
    text = json.dumps(scores, indent=2) + "\n"
    if path:
        write_text(path, text)
    typer.echo(text, nl=False)


def watched_faults() -> Faults:
    """Tells on the standard error what cannot be read."""
    return Faults(lambda line: typer.echo(f"multimodal: {line}", err=True))


def leave_with(faults: Faults) -> None:
    """End the command with the code that says whether all was done, the rest of it, or nothing."""
    if faults.failed:
        raise typer.Exit(SOME_FAILED if faults.done else NOTHING_DONE)

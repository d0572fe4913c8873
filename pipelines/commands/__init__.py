"""What every command shares: the groups they belong to, and the options that come again.

A module of this package holds the commands of one thing; `pipelines.cli` imports them all, and
`demo.commands` adds its own. Each is thin: the job behind it is a function that can be imported as
well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from multimodal.atomic import write_text
from multimodal.tasks import task_of
from multimodal.terminal import shows_progress
from pipelines.faults import Faults
from pipelines.output import ERASED, require_place

SOME_FAILED = 3  # exit code: some inputs or all; the others are done
INTERRUPTED = 130  # exit code: as if by the signal of Ctrl-C
PLAIN: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "rich_markup_mode": None,  # rich's panels cut names off on a narrow terminal
}

HEADINGS = {
    "Caption": ("caption",),
    "Draw": ("sketch", "postcard", "plot"),
    "Write": ("handwrite", "learn-style", "generate-text", "translate"),
    "Read": ("read", "recognize", "classify-text"),
    "Train": ("train", "evaluate", "average", "adjust-vocabulary", "calibrate"),
    "Tools": ("demo", "mcp", "benchmark", "pack", "export"),
}
"""The commands as the help lists them: what people do first comes first."""


class Group(TyperGroup):
    """Commands under headings, each told in whole sentences, however narrow the terminal."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading."""
        for heading, names in groupby(self.list_commands(ctx), key=_heading):
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(heading):
                formatter.write_dl([(n, c.get_short_help_str(999)) for n, c in found if c])


class Jobs(Group):
    """The commands that people run; Ctrl-C ends each of them in one line."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of `HEADINGS`; others, if there are any, come last."""
        order = [name for names in HEADINGS.values() for name in names]
        known = super().list_commands(ctx)
        return [*(name for name in order if name in known), *sorted(set(known) - set(order))]

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                typer.echo(err=True)  # what stands on the line, such as a text that grew, stays
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _heading(command: str) -> str:
    return next((name for name, under in HEADINGS.items() if command in under), "Commands")


def _say_version(wanted: bool) -> None:
    if wanted:
        from multimodal import __version__

        typer.echo(f"multimodal {__version__}")
        raise typer.Exit


app = typer.Typer(cls=Jobs, help="Recurrent networks that look, draw and write.", **PLAIN)
train = typer.Typer(cls=Group, help="Train a model on your own data.", **PLAIN)
evaluate = typer.Typer(cls=Group, help="Measure a model on held-out data.", **PLAIN)
benchmark = typer.Typer(cls=Group, help="Measure speed, as ratios within one run.", **PLAIN)


@app.callback()
def main_options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say the version and leave.", is_eager=True, callback=_say_version
        ),
    ] = False,
) -> None:
    """Recurrent networks that look, draw and write."""
    del version  # which has ended the program


app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")
app.add_typer(benchmark, name="benchmark")

Run = Annotated[
    Path,
    typer.Option("--output", "-o", help="The run's folder; an interrupted run goes on."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the recipe; again for more."),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--config", help="A file of settings, such as another run's recipe.toml."),
]


Split = Annotated[str, typer.Option(help="train, dev or test.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output.")]
BeamSize = Annotated[
    int | None,
    typer.Option(min=1, help="Hypotheses kept; 1 is greedy.", show_default="the model's, 5"),
]


def _placed(path: Path | None) -> Path | None:
    """See to it that a file can be written, before the work begins."""
    if path:
        require_place(path)
    return path


ScoresFile = Annotated[
    Path | None, typer.Option("--json", help="Write the figures here.", callback=_placed)
]


def model_option(task: str, also: str = "") -> Any:
    """Return the option that takes a model of a task.

    Args:
        task: a name of `multimodal.tasks.TASKS`.
        also: what it takes besides, as a sentence.
    """
    spec = task_of(task)
    usual = spec.shipped[0].removeprefix(spec.prefix) if spec.shipped else "none"
    return typer.Option(help=f"{spec.choices()}. {also}".strip(), show_default=usual)


def data_option(task: str) -> Any:
    """Return the option that takes the data of a task."""
    return typer.Option(help=task_of(task).data)


def output_option(about: str) -> Any:
    """Return the option ``--output``, ``-o``."""
    return typer.Option("--output", "-o", help=about)


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines as they come."""
    for line in lines:
        typer.echo(line)


def note(line: str) -> None:
    """Print a line that is no result, on the standard error."""
    typer.echo(line, err=True)


def say_interrupted(what: str) -> None:
    """Say that Ctrl-C was heard, in the place of a bar and of the ^C that the terminal echoed."""
    if sys.stderr.isatty():
        typer.echo(ERASED if shows_progress() else "\n", err=True, nl=False)
    typer.echo(f"interrupted: {what}", err=True)


def given(**options: Any) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def listed(entries: str) -> list[str]:
    """Split what stands between commas."""
    return [entry.strip() for entry in entries.split(",") if entry.strip()]


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
    """End the command with the code that says whether an input failed."""
    if faults.failed:
        raise typer.Exit(SOME_FAILED)

"""The command that labels texts: files of them, or a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines import commands
from pipelines.models import open_model

Model = Annotated[str | None, commands.model_option("text-classifier")]

if TYPE_CHECKING:
    from multimodal.recognition.texts.classifier import TextClassifier
    from pipelines.classify_text import MoodFiles, TextRow

TextColumn = Annotated[
    str | None,
    typer.Option(help="The column of texts, by name or number.", show_default="by usual names"),
]


@commands.app.command("classify-text")
def classify_text_command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Tables (.csv .tsv .jsonl .parquet), files of lines (.txt, or - for the standard "
            "input), or a sentence in quotes."
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        commands.output_option("Write here: .csv, .tsv, .jsonl or .parquet."),
    ] = None,
    every_word: Annotated[
        bool,
        typer.Option(
            "--every-word",
            help="Show how each word moved the answer: by colours, by numbers in a pipe.",
        ),
    ] = False,
    text_column: TextColumn = None,
    model: Model = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    overwrite: commands.Overwrite = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with code 1, not 3, if texts failed.")
    ] = False,
) -> None:
    """Label texts: one row for each, with the label, its probability and that of every other.

    An interrupted run goes on when the same command is given with --resume.
    """
    from multimodal.recognition.texts.tables import Columns
    from pipelines import classify_text as jobs

    if resume and not output:
        raise UserError("--resume: only what goes to an --output can be resumed")
    files = jobs.MoodFiles(output, resume, overwrite) if output else None
    sentences, sources = jobs.split_inputs(inputs)
    if sentences and files:
        raise UserError(f"--output {output}: is for files of texts; a sentence is printed")
    if not sentences:
        jobs.require_inputs(sources)
    if files:
        files.require(sources)
        if files.finished:
            typer.echo(f"{output}: is there and complete; nothing is left to do", err=True)
            return
    classifier = open_model("text-classifier", model)
    if sentences:
        rows = iter(jobs.label_sentences(sentences, classifier))
    else:
        rows = jobs.classify(sources, classifier, files, Columns(text=text_column))
    count = len(sentences) if sentences else jobs.count_rows(sources)
    failed = _follow(rows, count, classifier, files, every_word=every_word)
    if failed:
        raise typer.Exit(1 if strict else commands.SOME_FAILED)


def _follow(
    rows: Iterator[TextRow],
    count: int | None,
    classifier: TextClassifier,
    files: MoodFiles | None,
    *,
    every_word: bool,
) -> int:
    """Show rows as they come, or how it goes, and sum up; gives how many texts failed."""
    from pipelines.progress import with_progress
    from pipelines.tally import Tally

    tally, printed = Tally("labelled"), every_word or not files
    try:
        for row in with_progress(
            rows, [], tally, count=lambda _: count, unit="texts", printed=printed
        ):
            if printed:
                _show(row, classifier, every_word=every_word)
    except KeyboardInterrupt:
        on = "; go on with the same command and --resume" if files else ""
        commands.say_interrupted(f"{counted(tally.done, 'text')} done ({tally}){on}")
        raise typer.Exit(commands.INTERRUPTED) from None
    if files:
        for line in tally.worst():
            typer.echo(line, err=True)
        typer.echo(f"{tally}; see {files.output}", err=True)
    return tally.failed


def _show(row: TextRow, classifier: TextClassifier, *, every_word: bool) -> None:
    from rich.console import Console

    from pipelines.classify_text import coloured, weighed

    if row.error is not None:
        typer.echo(f"{row.source}: {row.error}", err=True)
        return
    typer.echo(f"{row.label}\t{row.probability:.2f}\t", nl=False)
    if not every_word:
        typer.echo(" ".join(row.text.split()))
        return
    influences, console = classifier.influences(row.text), Console(highlight=False, soft_wrap=True)
    if console.no_color or console.color_system is None:  # NO_COLOR, a pipe
        typer.echo(weighed(influences))
    else:
        console.print(coloured(influences))

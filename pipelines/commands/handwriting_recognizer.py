"""The commands of reading: read, train, evaluate and benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import commands

Model = Annotated[str | None, commands.model_option("handwriting-recognizer")]


@commands.app.command("read")
def read_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Handwriting: .svg .inkml .ndjson .npz .bin .json (a pad's strokes)."),
    ],
    *,
    n_best: Annotated[
        int, typer.Option(min=1, help="Print the top N readings of every line, with their scores.")
    ] = 1,
    one_line: Annotated[
        bool, typer.Option("--one-line", help="Every drawing is a single line.")
    ] = False,
    out: Annotated[
        Path | None, commands.output_option("Write one JSON object a drawing here.")
    ] = None,
    model: Model = None,
) -> None:
    """Read handwriting: one line for each drawing, its lines parted by " / ".

    What cannot be read is told, the rest is done, and the exit code is 3.
    """
    from pipelines.read import read_files

    faults = commands.watched_faults()
    alternatives = n_best if n_best > 1 else 0
    found = read_files(model, inputs, faults, alternatives=alternatives, one_line=one_line, out=out)
    for name, reading in found:
        typer.echo(f"{name}\t{' / '.join(reading.text.splitlines())}")
        for line in reading.lines:
            for text, score in line.alternatives:
                typer.echo(f"\t{score:.3f}\t{text}")
    commands.leave_with(faults)


@commands.benchmark.command("handwriting-recognizer")
def benchmark_handwriting_recognizer_command(
    data: Annotated[
        str | None, typer.Option(help="Handwriting as for the training.", show_default="scribbles")
    ] = None,
    *,
    model: Model = None,
    lines: Annotated[int, typer.Option(min=32, help="How many lines to time.")] = 256,
) -> None:
    """Time reading at several batch sizes, and while somebody writes."""
    from pipelines.benchmark.handwriting_recognizer import benchmark_handwriting_recognizer

    commands.echo_lines(benchmark_handwriting_recognizer(model, lines, data))

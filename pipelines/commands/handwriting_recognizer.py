"""The commands of reading: read, train, evaluate and benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import (
    Model,
    Run,
    ScoresFile,
    Settings,
    app,
    benchmark,
    evaluate,
    leave_with,
    report_scores,
    require_scores_place,
    train,
    watched_faults,
)

Data = Annotated[
    str,
    typer.Option(help="Handwriting: a folder of lines.parquet and words.parquet, or IAM-OnDB's."),
]


@app.command("read")
def read_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Handwriting: .svg .inkml .ndjson .npz .bin .json (a pad's strokes)."),
    ],
    *,
    alternatives: Annotated[
        int, typer.Option(min=0, help="Tell so many texts for every line, with their scores.")
    ] = 0,
    one_line: Annotated[
        bool, typer.Option("--one-line", help="Every drawing is a single line.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write one JSON object a drawing here.")
    ] = None,
    model: Model = None,
) -> None:
    """Read handwriting: one line for each drawing, its lines parted by " / ".

    What cannot be read is told, and the exit code is 3 where the rest was done.
    """
    from pipelines.read import read_files

    faults = watched_faults()
    found = read_files(model, inputs, faults, alternatives=alternatives, one_line=one_line, out=out)
    for name, reading in found:
        typer.echo(f"{name}\t{' / '.join(reading.text.splitlines())}")
        for line in reading.lines:
            for text, score in line.alternatives:
                typer.echo(f"\t{score:.3f}\t{text}")
    leave_with(faults)


@train.command("handwriting-recognizer")
def train_handwriting_recognizer_command(data: Data, out: Run, settings: Settings = None) -> None:
    """Train a handwriting recognizer on handwriting and its texts."""
    from pipelines.train.handwriting_recognizer import train_handwriting_recognizer

    best = train_handwriting_recognizer(data, out, settings or [])
    typer.echo(f"{best}: the best recognizer; try: multimodal read note.svg --model {best}")


@evaluate.command("handwriting-recognizer")
def evaluate_handwriting_recognizer_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    json_file: ScoresFile = None,
) -> None:
    """Compare what is read with what was written."""
    from pipelines.evaluate.handwriting_recognizer import evaluate_handwriting_recognizer

    require_scores_place(json_file)
    report_scores(evaluate_handwriting_recognizer(model, data, split), json_file)


@benchmark.command("handwriting-recognizer")
def benchmark_handwriting_recognizer_command(
    data: Annotated[
        str | None, typer.Option(help="Handwriting as for the training; scribbles unless given.")
    ] = None,
    *,
    model: Model = None,
    lines: Annotated[int, typer.Option(min=32, help="How many lines to time.")] = 256,
) -> None:
    """Time reading at several batch sizes, and while somebody writes."""
    from pipelines.benchmark.handwriting_recognizer import benchmark_handwriting_recognizer

    for line in benchmark_handwriting_recognizer(model, lines, data):
        typer.echo(line)

"""The commands of writers: train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import (
    Model,
    Run,
    ScoresFile,
    Settings,
    benchmark,
    evaluate,
    report_scores,
    require_scores_place,
    train,
)

Data = Annotated[
    str, typer.Option(help="Handwriting: a folder of lines.parquet and so on, or IAM-OnDB's.")
]


@train.command("writer")
def train_writer_command(data: Data, out: Run, settings: Settings = None) -> None:
    """Train a writer on handwriting."""
    from pipelines.train.writer import train_writer

    best = train_writer(data, out, settings or [], _note)
    typer.echo(f"{best}: the best writer; try: multimodal handwrite Hello --model {best}")


@evaluate.command("writer")
def evaluate_writer_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    reader: Annotated[
        str | None, typer.Option(help="The judge: a folder or a Hub id; the shipped reader.")
    ] = None,
    hands: Annotated[
        bool,
        typer.Option(
            "--hands", help="Measure instead how like somebody's hand it learns to write."
        ),
    ] = False,
    json_file: ScoresFile = None,
) -> None:
    """Measure how well a writer foretells people's lines, and how well its own can be read."""
    from pipelines.evaluate.writer import evaluate_hands, evaluate_writer

    require_scores_place(json_file)
    if hands:
        scores = evaluate_hands(model, data, split, _note)
    else:
        scores = evaluate_writer(model, data, split, reader, _note)
    report_scores(scores, json_file)


@benchmark.command("writer")
def benchmark_writer_command(model: Model = None) -> None:
    """Time a page at once against line after line, and against the bare matrix products."""
    from pipelines.benchmark.writer import benchmark_writer

    for line in benchmark_writer(model):
        typer.echo(line)


def _note(line: str) -> None:
    typer.echo(line, err=True)

"""The commands of writers: train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import (
    ScoresFile,
    benchmark,
    evaluate,
    model_option,
    report_scores,
)

Model = Annotated[str | None, model_option("handwriting-generator")]

Data = Annotated[
    str, typer.Option(help="Handwriting: a folder of lines.parquet and so on, or IAM-OnDB's.")
]


@evaluate.command("handwriting-generator")
def evaluate_handwriting_generator_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    recognizer: Annotated[
        str | None,
        typer.Option(help="The judge: a folder or a Hub id; the shipped handwriting recognizer."),
    ] = None,
    styles: Annotated[
        bool,
        typer.Option(
            "--styles", help="Measure instead how like somebody's handwriting it learns to write."
        ),
    ] = False,
    json_file: ScoresFile = None,
) -> None:
    """Measure how well a generator predicts people's lines, and how well its own can be read."""
    from pipelines.evaluate.handwriting_generator import (
        evaluate_handwriting_generator,
        evaluate_styles,
    )

    if styles:
        scores = evaluate_styles(model, data, split, _note)
    else:
        scores = evaluate_handwriting_generator(model, data, split, recognizer, _note)
    report_scores(scores, json_file)


@benchmark.command("handwriting-generator")
def benchmark_handwriting_generator_command(model: Model = None) -> None:
    """Time a page at once against line after line, and against the matrix products alone."""
    from pipelines.benchmark.handwriting_generator import benchmark_handwriting_generator

    for line in benchmark_handwriting_generator(model):
        typer.echo(line)


def _note(line: str) -> None:
    typer.echo(line, err=True)

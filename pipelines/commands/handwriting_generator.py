"""The commands of writers: train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import commands

Model = Annotated[str | None, commands.model_option("handwriting-generator")]

Data = Annotated[str, commands.data_option("handwriting-generator")]


@commands.evaluate.command("handwriting-generator")
def evaluate_handwriting_generator_command(
    data: Data,
    *,
    model: Model = None,
    split: commands.Split = "test",
    recognizer: Annotated[
        str | None,
        commands.model_option("handwriting-recognizer", "The judge."),
    ] = None,
    styles: Annotated[
        bool,
        typer.Option(
            "--styles", help="Measure instead how like somebody's handwriting it learns to write."
        ),
    ] = False,
    json_file: commands.ScoresFile = None,
) -> None:
    """Measure how well a generator predicts people's lines, and how well its own can be read."""
    from pipelines.evaluate.handwriting_generator import (
        evaluate_handwriting_generator,
        evaluate_styles,
    )

    if styles:
        scores = evaluate_styles(model, data, split, commands.note)
    else:
        scores = evaluate_handwriting_generator(model, data, split, recognizer, commands.note)
    commands.report_scores(scores, json_file)


@commands.benchmark.command("handwriting-generator")
def benchmark_handwriting_generator_command(model: Model = None) -> None:
    """Time a page at once against line after line, and against the matrix products alone."""
    from pipelines.benchmark.handwriting_generator import benchmark_handwriting_generator

    commands.echo_lines(benchmark_handwriting_generator(model))

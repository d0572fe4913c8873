"""The commands of sketchers: train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from multimodal.errors import UserError
from pipelines import commands

Data = Annotated[str, commands.data_option("sketcher")]
SketchModel = Annotated[
    str | None,
    commands.model_option("sketcher", "Also a .gen.json."),
]


@commands.evaluate.command("sketcher")
def evaluate_sketcher_command(
    data: Data,
    *,
    model: SketchModel = None,
    split: commands.Split = "test",
    judge: Annotated[
        str | None,
        typer.Option(
            help="Let this recognizer name what the sketcher draws instead: a folder, a Hub id, or"
            " 'recognizer' for the shipped one."
        ),
    ] = None,
    per_category: Annotated[
        int, typer.Option(min=1, help="With --judge: drawings of each category.")
    ] = 50,
    every: Annotated[
        bool,
        typer.Option("--every", help="With --judge: rough categories as well, not the 34 alone."),
    ] = False,
    temperature: Annotated[
        float | None, typer.Option(help="With --judge.", show_default="the model's own")
    ] = None,
    drafts: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="With --judge.", show_default="the model's own"),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="With --judge and --every: keep how well each category is drawn in the model's"
            " folder, so that it offers what it draws well.",
        ),
    ] = False,
    json_file: commands.ScoresFile = None,
) -> None:
    """Measure how well a sketcher predicts what people drew, or how well it draws itself."""
    from pipelines.evaluate.judge import evaluate_drawings, keep_quality
    from pipelines.evaluate.sketcher import evaluate_sketcher

    if keep and not (judge and every and model):
        raise UserError("--keep: give --judge, --every and the --model it is kept in")
    if judge:
        how = commands.given(temperature=temperature, num_candidates=drafts)
        scores = evaluate_drawings(model, judge, data, split, per_category, every=every, **how)
        if keep and model:
            keep_quality(model, scores)
    else:
        scores = evaluate_sketcher(model, data, split, commands.note)
    commands.report_scores(scores, json_file)


@commands.benchmark.command("sketcher")
def benchmark_sketcher_command(
    *,
    model: SketchModel = None,
    category: Annotated[
        str | None, typer.Option(help="What to draw.", show_default="the first")
    ] = None,
) -> None:
    """Time drawing at several batch sizes, against a plain loop and the matrix products alone."""
    from pipelines.benchmark.sketcher import benchmark_sketcher

    commands.echo_lines(benchmark_sketcher(model, category))

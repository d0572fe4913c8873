"""The commands of recognition: recognize, train, evaluate and benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import commands

Model = Annotated[str | None, commands.model_option("recognizer")]

Data = Annotated[str, commands.data_option("recognizer")]


@commands.app.command("recognize")
def recognize_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Drawings: .svg .inkml .ndjson .npz .bin .json (a pad's strokes); "
            "videos: .gif .mp4 and other moving pictures and videos, or folders of frames."
        ),
    ],
    *,
    every_stroke: Annotated[
        bool, typer.Option("--every-stroke", help="Predict after every stroke of a drawing.")
    ] = False,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Predict after every frame of a video.")
    ] = False,
    n_best: Annotated[int, typer.Option(min=1, help="Print so many categories.")] = 3,
    model: Model = None,
) -> None:
    """Name drawings, then videos: one line for each, with the most probable categories.

    What cannot be read is told, the rest is done, and the exit code is 3.
    """
    from multimodal.videos import is_video
    from pipelines.recognize import format_prediction, recognize_drawings, recognize_videos

    drawings = [path for path in inputs if not is_video(path)]
    videos = [path for path in inputs if is_video(path)]
    faults = commands.watched_faults()
    named = recognize_drawings(model, drawings, faults, every_stroke=every_stroke, top=n_best)
    for name, predictions in named:
        for prediction in predictions:
            step = f"\t{prediction.seen}" if every_stroke else ""
            typer.echo(f"{name}{step}\t{format_prediction(prediction)}")
    for name, frames in recognize_videos(
        model, videos, faults, every_frame=every_frame, top=n_best
    ):
        for frame in frames:
            step = f"\t{frame.seen}" if every_frame else ""
            typer.echo(f"{name}{step}\t{format_prediction(frame)}")
    commands.leave_with(faults)


@commands.evaluate.command("recognizer")
def evaluate_recognizer_command(
    data: Data,
    *,
    model: Model = None,
    split: commands.Split = "test",
    json_file: commands.ScoresFile = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw accuracy against the share seen here (.png).")
    ] = None,
) -> None:
    """Compare a recognizer's predictions with what was to be drawn."""
    from pipelines.evaluate.recognizer import evaluate_recognizer

    commands.report_scores(evaluate_recognizer(model, data, split, plot=plot), json_file)


@commands.benchmark.command("recognizer")
def benchmark_recognizer_command(
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Drawings.", show_default="random scribbles")
    ] = None,
    *,
    model: Model = None,
    drawings: Annotated[int, typer.Option(min=16, help="How many drawings to time.")] = 256,
) -> None:
    """Time live predictions, and predictions for several batch sizes."""
    from pipelines.benchmark.recognizer import benchmark_recognizer

    commands.echo_lines(benchmark_recognizer(model, drawings, inputs or []))

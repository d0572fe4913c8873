"""The commands of clip recognition: train and evaluate; `recognize` is in `recognizer`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import (
    Model,
    Run,
    ScoresFile,
    Settings,
    evaluate,
    report_scores,
    require_scores_place,
    train,
)

Data = Annotated[
    str,
    typer.Option(help="A folder of clips for each label; or of <category>.ndjson, to be filmed."),
]


@train.command("clip-recognizer")
def train_clip_recognizer_command(data: Data, out: Run, settings: Settings = None) -> None:
    """Train a clip recognizer on labelled clips, or on films of drawings being made."""
    from pipelines.train.clip_recognizer import train_clip_recognizer

    best = train_clip_recognizer(data, out, settings or [])
    typer.echo(f"{best}: the best recognizer; try: multimodal recognize film.gif --model {best}")


@evaluate.command("clip-recognizer")
def evaluate_clip_recognizer_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    json_file: ScoresFile = None,
) -> None:
    """Compare a clip recognizer's guesses with the labels."""
    from pipelines.evaluate.clip_recognizer import evaluate_clip_recognizer

    require_scores_place(json_file)
    report_scores(evaluate_clip_recognizer(model, data, split), json_file)

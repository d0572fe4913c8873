"""The commands of clip recognition: train and evaluate; `recognize` is in `recognizer`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import (
    Model,
    ScoresFile,
    evaluate,
    report_scores,
    require_scores_place,
)

Data = Annotated[
    str,
    typer.Option(help="A folder of clips for each label; or of <category>.ndjson, to be filmed."),
]


@evaluate.command("clip-recognizer")
def evaluate_clip_recognizer_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    json_file: ScoresFile = None,
) -> None:
    """Compare a clip recognizer's guesses with the labels."""
    from pipelines.evaluate.clip_recognizer import evaluate_clip_recognizer

    require_scores_place(json_file)
    report_scores(evaluate_clip_recognizer(model, data, split), json_file)

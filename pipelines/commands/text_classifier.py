"""The commands of text classification: train and evaluate; `classify-text` is in `classify`."""

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
    typer.Option(help="Labelled texts: .csv, .tsv, .jsonl or .parquet; a folder or a Hub id."),
]
TextColumn = Annotated[
    str | None, typer.Option(help="The column of texts, by name or number; else by usual names.")
]
LabelColumn = Annotated[
    str | None, typer.Option(help="The column of labels, by name or number; else by usual names.")
]


@evaluate.command("text-classifier")
def evaluate_text_classifier_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    json_file: ScoresFile = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
) -> None:
    """Compare a text classifier's answers with the labels."""
    from pipelines.evaluate.text_classifier import evaluate_text_classifier

    require_scores_place(json_file)
    where = {"text_column": text_column, "label_column": label_column}
    report_scores(evaluate_text_classifier(model, data, split, **where), json_file)

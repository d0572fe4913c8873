"""The commands of reading: read, train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import Run, Settings, train

Data = Annotated[
    str,
    typer.Option(help="Handwriting: a folder of lines.parquet and words.parquet, or IAM-OnDB's."),
]


@train.command("reader")
def train_reader_command(data: Data, out: Run, settings: Settings = None) -> None:
    """Train a reader on handwriting and its texts."""
    from pipelines.train.reader import train_reader

    best = train_reader(data, out, settings or [])
    typer.echo(f"{best}: the best reader; try: multimodal read note.svg --model {best}")

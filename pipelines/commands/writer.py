"""The commands of writers: train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import Run, Settings, train

Data = Annotated[str, typer.Option(help="A folder of handwriting, UNIPEN's or IAM-OnDB's.")]


@train.command("writer")
def train_writer_command(data: Data, out: Run, settings: Settings = None) -> None:
    """Train a writer on handwriting."""
    from pipelines.train.writer import train_writer

    best = train_writer(data, out, settings or [], _note)
    typer.echo(f"{best}: the best writer; try: multimodal handwrite Hello --model {best}")


def _note(line: str) -> None:
    typer.echo(line, err=True)

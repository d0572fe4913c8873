"""The command that averages checkpoints of one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import app


@app.command("average")
def average_command(
    models: Annotated[list[str], typer.Argument(help="Folders; one named twice counts twice.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of their mean.")],
) -> None:
    """Average models that were fine-tuned from the same start: often better than each."""
    from multimodal.checkpoints import average_checkpoints

    typer.echo(f"{average_checkpoints(models, out)}: the mean of {len(models)} models")

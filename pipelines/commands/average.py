"""The commands that make checkpoints of checkpoints: their average, and a packed one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multimodal.terminal import counted
from pipelines import commands


@commands.app.command("average")
def average_command(
    models: Annotated[list[str], typer.Argument(help="Folders; one named twice counts twice.")],
    out: Annotated[Path, commands.output_option("The folder of their mean.")],
) -> None:
    """Average models that were fine-tuned from the same start: often better than each."""
    from multimodal.checkpoints import average_checkpoints

    typer.echo(f"{average_checkpoints(models, out)}: the mean of {counted(len(models), 'model')}")


@commands.app.command("pack")
def pack_command(
    model: Annotated[str, typer.Argument(help="A shipped model, a folder or a Hub id.")],
    out: Annotated[Path, commands.output_option("The folder of the packed model.")],
    card: Annotated[
        Path | None, typer.Option(help="Its model card.", show_default="the model's own")
    ] = None,
    bits: Annotated[int, typer.Option(help="Of a weight, 4 to 8; measure what fewer cost.")] = 8,
) -> None:
    """Round a model's weights to eight bits, in 16-bit files that compress well, to publish it."""
    from multimodal.checkpoints import pack_checkpoint
    from multimodal.language.data import read_file

    text = None if card is None else read_file(card)
    typer.echo(f"{pack_checkpoint(model, out, text, bits=bits)}: packed")

"""The command that makes files which run without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multimodal.errors import UserError
from pipelines import commands


@commands.app.command("export")
def export_command(
    model: Annotated[
        str | None,
        typer.Argument(help="A shipped model, a folder or a Hub id."),
    ] = None,
    *,
    output: Annotated[Path | None, commands.output_option("The file (.onnx); needs MODEL.")] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Keep weights in 8 bit: a quarter of the size.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(help="Held-out data: measure what --int8 costs on its dev split.")
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(help="Write a folder of static files instead: a page that needs no server."),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(help="Of --site: the package onnxruntime-web.", show_default="fetched by npm"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Make one ONNX file of a model, which runs without torch, or a site of the shipped ones."""
    from pipelines.export import export_file, require_file

    if site is not None:
        if model is not None or output is not None:
            raise UserError("--site: takes the shipped models; leave out MODEL and --output")
        from pipelines.site.build import build_site

        for line in build_site(site, runtime, overwrite=overwrite):
            typer.echo(line)
        return
    if model is None or output is None:
        raise UserError("export: give a model and --output FILE.onnx, or --site FOLDER")
    require_file(output, overwrite=overwrite)
    if data is not None and not int8:
        raise UserError("--data: measures what --int8 costs; give both")
    typer.echo(export_file(model, output, int8=int8, data=data))


@commands.benchmark.command("portable")
def benchmark_portable_command(
    photo: Annotated[
        Path | None, typer.Argument(help="A photo.", show_default="a plain one")
    ] = None,
    *,
    pairs: Annotated[int, typer.Option(min=7, help="How often each is timed.")] = 7,
    int8: Annotated[bool, typer.Option("--int8", help="Files with weights of 8 bit.")] = False,
) -> None:
    """Time exported files against their models: a cold start, then work that goes on."""
    from pipelines.benchmark.portable import benchmark_portable

    commands.echo_lines(benchmark_portable(photo, pairs, int8=int8))

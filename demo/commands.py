"""The demo's own commands, which join those of the jobs; see `demo.cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import commands


@commands.app.command("demo")
def demo_command(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for the whole network.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="To listen on.", show_default="the first that is free from 7860"
        ),
    ] = None,
    auth_file: Annotated[
        Path | None, typer.Option(help="Lines of name:password; only these visitors come in.")
    ] = None,
    root_path: Annotated[
        str | None, typer.Option(help="Where a proxy in front has put the page, such as /demo.")
    ] = None,
    language_models: Annotated[
        list[str] | None,
        typer.Option(
            "--language-model",
            help="A language model to offer beside those that ship; again for more.",
        ),
    ] = None,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve the endpoints as MCP tools too (the mcp extra).")
    ] = False,
    share: Annotated[
        bool, typer.Option("--share", help="Open a public link through gradio's tunnel.")
    ] = False,
) -> None:
    """Open the page on which the models can be tried, offline."""
    from demo.serving import ServeOptions, serve

    serve(
        ServeOptions(
            host=host,
            port=port,
            auth_file=auth_file,
            root_path=root_path,
            mcp=mcp,
            share=share,
            language_models=tuple(language_models or ()),
        )
    )


@commands.app.command("mcp")
def mcp_command(
    *,
    language_models: Annotated[
        list[str] | None,
        typer.Option(
            "--language-model",
            help="A language model to offer beside those that ship; again for more.",
        ),
    ] = None,
) -> None:
    """Serve the models as MCP tools on standard input and output (the mcp extra)."""
    from demo.serving import serve_tools

    serve_tools(tuple(language_models or ()))


@commands.benchmark.command("demo")
def benchmark_demo_command(
    *,
    visitors: Annotated[int, typer.Option(min=1, help="At a time.")] = 32,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 60,
    model: Annotated[
        str | None, typer.Option(help="A language model to offer beside those that ship.")
    ] = None,
) -> None:
    """Let many visitors use a fresh page of this machine at once, all jobs mixed."""
    from demo.load import benchmark_demo

    commands.echo_lines(benchmark_demo(visitors, seconds, model))

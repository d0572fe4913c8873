"""The command that draws: from a prompt, from a beginning, or from one drawing to another."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from multimodal.errors import UserError
from pipelines import commands
from pipelines.models import open_model
from pipelines.output import free_path, named_after, require_output

MOST_SEEDS = 2**31  # to choose from where none is given


@commands.app.command("sketch")
def sketch_command(
    prompt: Annotated[
        str | None, typer.Argument(help='What to draw: "three ducks and a crab under an umbrella".')
    ] = None,
    *,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many drawings.")] = 1,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="From 0.1, neat and alike, to 1, as varied as what was learnt.",
            show_default="0.78",
        ),
    ] = None,
    drafts: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Drafts of every point to choose from; 1 takes them as they come.",
            show_default="16",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed gives the same drawings.", show_default="any"),
    ] = None,
    output: Annotated[
        Path | None,
        commands.output_option(
            "Ending in .svg, .png, .gif, .ndjson, .npz, .json or .gcode; without it, a new"
            " .svg in this folder (.gif for --morph), named after the prompt."
        ),
    ] = None,
    overwrite: commands.Overwrite = False,
    columns: Annotated[int | None, typer.Option(min=1, help="Drawings in a row.")] = None,
    complete: Annotated[Path | None, typer.Option(help="Finish the drawing in this file.")] = None,
    category: Annotated[
        str | None, typer.Option(help="What --complete makes of it.", show_default="anything")
    ] = None,
    morph: Annotated[
        tuple[str, str] | None,
        typer.Option(help="From one to another: prompts of one thing, or files."),
    ] = None,
    steps: Annotated[int, typer.Option(min=2, help="Drawings of --morph, with both ends.")] = 8,
    model: Annotated[
        str | None,
        commands.model_option("sketcher", "Also a .gen.json."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a prompt with a word that is not understood.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Say what can be drawn.")] = False,
) -> None:
    """Draw: a prompt, endings of a drawing, or one thing turning into another."""
    from pipelines import sketch as jobs

    if sum([prompt is not None, complete is not None, morph is not None, list_]) != 1:
        raise UserError("sketch: give one of a prompt, --complete, --morph and --list")
    if output:
        require_output(output, jobs.WRITABLE, overwrite=overwrite)
    sketcher = open_model("sketcher", model)
    if list_:
        typer.echo("\n".join(jobs.list_categories(sketcher)))
        return
    seed = secrets.randbelow(MOST_SEEDS) if seed is None else seed
    how = commands.given(temperature=temperature, num_candidates=drafts, seed=seed)
    if complete:
        sketches = jobs.complete(sketcher, complete, count, category, **how)
    elif morph:
        first, last = map(jobs.file_or_prompt, morph)
        sketches = jobs.morph(sketcher, first, last, steps, **how)
    else:
        sketches = jobs.sketch(sketcher, prompt or "", count, strict=strict, **how)
    place = output or free_path(named_after(sketches.title, ".gif" if morph else ".svg"))
    jobs.save(sketches, place, columns=columns, flip=morph is not None)
    for note in sketches.notes:
        typer.echo(note, err=True)
    typer.echo(f"{place}: {len(sketches.drawings)} drawn, seed {seed}")

"""The commands that write by hand: a text in a style, a sheet of all styles, a style to learn."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

import typer

from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines import commands
from pipelines.output import free_path, named_after, require_free, require_output

Model = Annotated[str | None, commands.model_option("handwriting-generator")]

MOST_SEEDS = 2**31  # to choose from where none is given
FIRST_DRAFTS = 2  # before any is read back
MANY = 10  # files, of which the first and the last are named
LONGEST_NAME = 40  # of a file that is named after a text, in letters


@commands.app.command("handwrite")
def handwrite_command(
    text: Annotated[
        str | None, typer.Argument(help="What to write; a new line where the text has one.")
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Write the text in this file.")] = None,
    style: Annotated[
        str | None,
        typer.Option(
            help="A number of the gallery, or a file that learn-style made.", show_default="1"
        ),
    ] = None,
    styles: Annotated[
        bool, typer.Option("--styles", help="A sheet of every style, a line each.")
    ] = False,
    bias: Annotated[
        float | None,
        typer.Option(
            help="From 0, as varied as people write, to 2, neat and alike.",
            show_default="the model's, 2",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed writes the same.", show_default="any")
    ] = None,
    drafts: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Drafts of every few words at most, until one is read back right.",
            show_default="8",
        ),
    ] = None,
    spelled: Annotated[
        bool, typer.Option("--spelled", help="Write ä as ae, é as e and so on.")
    ] = False,
    page: Annotated[
        str | None,
        typer.Option(
            help="A3 to A6, letter, postcard, or 120x80 (mm); without it, the page is as large as"
            " the text."
        ),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Without --page: of the paper, in mm; lines wrap between its edges."),
    ] = None,
    line_height: Annotated[float, typer.Option(help="From line to line, in mm.")] = 10.0,
    margin: Annotated[float, typer.Option(help="Of a page, in mm.")] = 15.0,
    size: Annotated[float, typer.Option(help="Of the letters, 1 being usual.")] = 1.0,
    align: Annotated[
        Literal["left", "center", "right"],
        typer.Option(case_sensitive=False, help="Where short lines stand."),
    ] = "left",
    ruled: Annotated[bool, typer.Option("--ruled", help="Show lines to write on.")] = False,
    pen_width: Annotated[float, typer.Option(help="Of the lines that the pen draws, in mm.")] = 0.4,
    animated: Annotated[bool, typer.Option("--animated", help="An SVG draws itself.")] = False,
    plotter: Annotated[
        bool,
        typer.Option("--plotter", help="An SVG for a plotter: ink alone, in a short order."),
    ] = False,
    output: Annotated[
        Path | None,
        commands.output_option(
            "Ending in .svg, .png, .gif, .gcode, .ndjson, .json or .npz; without it, a new"
            " .svg in this folder. Several pages are numbered."
        ),
    ] = None,
    overwrite: commands.Overwrite = False,
    model: Model = None,
) -> None:
    """Write a text by hand, for the screen, for paper or for a plotter."""
    from dataclasses import replace

    from multimodal.handwriting.alphabet import transliterate, without_spelling
    from multimodal.handwriting.layout import Layout
    from multimodal.strokes import Paper
    from pipelines import handwrite as jobs

    what = _text(text, file, styles=styles)
    if spelled:
        left_out = without_spelling(what)
        what = transliterate(what)
        if left_out:
            told = f"left out, as there is no spelling: {' '.join(left_out)}"
            if not what.strip():
                raise UserError(f"nothing to write; {told}")
            typer.echo(told, err=True)
    named = named_after(what, ".svg", usual="handwriting", longest=LONGEST_NAME)
    place = output or free_path(named)
    require_output(place, jobs.WRITABLE, overwrite=overwrite)
    paper = None
    if page:
        paper = Paper.named(
            page, margin=margin, spacing=line_height, ruled=ruled, pen_width=pen_width
        )
    layout = Layout(line_height, None if page else jobs.text_width(width), align, size)
    writer = jobs.open_handwriting_generator(model, judged=drafts != 1)
    seed = secrets.randbelow(MOST_SEEDS) if seed is None else seed
    at_first = None if drafts is None else min(drafts, FIRST_DRAFTS)
    how = commands.given(bias=bias, seed=seed, num_candidates=at_first, max_candidates=drafts)
    if styles:
        written = jobs.style_sheet(writer, what, **how)
    else:
        written = jobs.handwrite(writer, what, style=style, paper=paper, layout=layout, **how)
    written = replace(written, paper=replace(written.paper, pen_width=pen_width, ruled=ruled))
    paths: list[Path] = []
    try:
        paths.extend(
            jobs.save(written, place, animated=animated, plotter=plotter, overwrite=overwrite)
        )
    except KeyboardInterrupt:
        pages = f"{len(paths)} of {len(written.texts)} pages"
        commands.say_interrupted(f"{pages} are done, seed {seed}")
        raise typer.Exit(commands.INTERRUPTED) from None
    names = ", ".join(map(str, paths)) if len(paths) < MANY else f"{paths[0]} … {paths[-1]}"
    typer.echo(f"{names}: written, seed {seed}")


def _text(text: str | None, file: Path | None, *, styles: bool) -> str:
    """What is to be written: given, in a file, or the sentence that shows all styles."""
    from pipelines import handwrite as jobs

    if text is not None and file is not None:
        raise UserError("handwrite: give a text or --file, not both")
    if file is not None:
        return jobs.read_text(file).strip("\n")
    if text is None:
        if not styles:
            raise UserError("handwrite: give a text, --file or --styles")
        return jobs.PANGRAM
    if "\\n" in text:
        told = "a backslash and n are two letters here; lines come from --file"
        typer.echo(f"handwrite: {told}, or from $'one\\ntwo' in bash", err=True)
    return text


@commands.app.command("learn-style")
def learn_style_command(
    samples: Annotated[
        list[Path], typer.Argument(help="Files of lines: .ndjson, .inkml, .json or .svg.")
    ],
    *,
    output: Annotated[Path, commands.output_option("The style's file (.json).")],
    texts: Annotated[
        Path | None,
        typer.Option(
            help="What the lines say, a line each; without it, the word of each drawing in ndjson"
            " or its label in InkML."
        ),
    ] = None,
    overwrite: commands.Overwrite = False,
    model: Model = None,
) -> None:
    """Learn a style from about ten lines of it, to write in with --style."""
    from pipelines import handwrite as jobs

    require_free(output, overwrite=overwrite)
    read = jobs.read_samples(samples, texts)
    style = jobs.learn_style(jobs.open_handwriting_generator(model), read, output.stem, output)
    typer.echo(
        f"{output}: {style.name}, learnt from {counted(len(read), 'line')}; try: --style {output}"
    )

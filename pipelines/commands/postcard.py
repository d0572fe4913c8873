"""The command that makes postcards: of a photo, or a deck of a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines import commands

if TYPE_CHECKING:
    from pipelines.postcard import CardMaker, CardRow, Deck

Other = Annotated[
    str | None, typer.Option(help="In the place of the one that ships: a folder or a Hub id.")
]
Ending = Literal["svg", "png", "gif", "gcode"]


@commands.app.command("postcard")
def postcard_command(
    photos: Annotated[list[Path], typer.Argument(help="A photo; or several, or folders of them.")],
    *,
    output: Annotated[
        Path,
        commands.output_option("Ending in .svg, .png, .gif or .gcode; or a folder, for a deck."),
    ],
    style: Annotated[
        str | None, typer.Option(help="Of the handwriting: a number, or a file of a style.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the writing: en, de, fr, …")] = "en",
    size: Annotated[str, typer.Option(help="A6, A5, postcard …, or 120x80 (mm).")] = "A6",
    photo: Annotated[
        bool, typer.Option("--photo/--no-photo", help="Without it, strokes alone: for plotters.")
    ] = True,
    animated: Annotated[
        bool | None,
        typer.Option("--animated/--still", help="Whether an SVG draws itself; with a photo, yes."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other drawings.")] = 0,
    captioner: Other = None,
    translator: Other = None,
    sketcher: Other = None,
    handwriting_generator: Other = None,
    ending: Annotated[
        Ending, typer.Option("--format", case_sensitive=False, help="Of the cards of a deck.")
    ] = "svg",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a deck where a run stopped.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Make a postcard: the photo, what its caption names drawn, and the caption in handwriting."""
    from pipelines.postcard import CardMaker, CardModels, CardOptions, Deck

    options = CardOptions(_style(style), language, size, photo, animated, seed)
    models = CardModels(captioner, translator, sketcher, handwriting_generator)
    maker = CardMaker(options, models)
    if output.suffix and not output.is_dir():
        _one(photos, maker, output, overwrite=overwrite, resume=resume)
        return
    deck = Deck(output, f".{ending}", resume, overwrite)
    deck.require()
    if deck.finished:
        typer.echo(f"{deck.table}: is there and complete; nothing is left to do", err=True)
        return
    _many(photos, maker, deck)


def _one(
    photos: list[Path], maker: CardMaker, output: Path, *, overwrite: bool, resume: bool
) -> None:
    from multimodal.images import ImageError
    from pipelines.output import require_free
    from pipelines.postcard import make_card, require_ending

    if len(photos) > 1 or photos[0].is_dir():
        raise UserError(f"{output}: holds one card; for several photos, name a folder")
    if resume:
        raise UserError("--resume: only a deck, in a folder, can be resumed")
    require_ending(output)
    require_free(output, overwrite=overwrite)
    if not photos[0].exists():
        raise ImageError(str(photos[0]), "no such file or directory")
    maker.prepare()
    row = make_card(photos[0], maker, output)
    if row.error is not None:
        raise ImageError(row.source, row.error)
    _show(row, output)


def _many(photos: list[Path], maker: CardMaker, deck: Deck) -> None:
    from pipelines.caption.inputs import find_pictures
    from pipelines.postcard import make_deck
    from pipelines.progress import with_progress
    from pipelines.tally import Tally

    found = find_pictures(photos)
    tally = Tally("made")
    rows = make_deck(found, maker, deck)
    try:
        for row in with_progress(rows, [], tally, count=lambda _: len(found), unit="cards"):
            if row.card is not None:
                _show(row, deck.folder / row.card)
    except KeyboardInterrupt:
        on = "go on with the same command and --resume"
        commands.say_interrupted(f"{counted(tally.done, 'card')} done; {on}")
        raise typer.Exit(commands.INTERRUPTED) from None
    for line in tally.worst():
        typer.echo(line, err=True)
    typer.echo(f"{tally}; see {deck.table}", err=True)
    if tally.failed:
        raise typer.Exit(commands.SOME_FAILED)


def _show(row: CardRow, path: Path) -> None:
    from multimodal.captioning.grounding import NOTHING

    drawn = ", ".join(row.drawn) or "nothing is drawn"
    omitted = f"; not drawn well: {', '.join(row.omitted)}" if row.omitted else ""
    typer.echo(f"{path}: {row.text} ({drawn}{omitted})")
    if row.caption == NOTHING:
        typer.echo(f"{row.source}: nothing in it is recognised, and the card says so", err=True)


def _style(said: str | None) -> int | str | None:
    """A number of the gallery, or a file."""
    return int(said) if said is not None and said.isdecimal() else said

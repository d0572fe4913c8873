"""Make every picture in docs and every printed caption anew, after a model has changed.

    python -m demo.remake                 # all of it
    python -m demo.remake captions table  # or some, by name

Needs the photos of scikit-image and foolbox for the whole table of names, and an installed Chromium
for the pictures of the page. `docs/recognizer.png` is drawn by ``multimodal evaluate recognizer
--plot``, from data.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import multimodal
from multimodal.atomic import write_text
from multimodal.errors import UserError, offered
from multimodal.strokes import save_drawings
from pipelines.caption.inputs import sample_pictures

if TYPE_CHECKING:
    from multimodal.captioning.caption import Caption

DOCS, TABLE = Path("docs"), Path("docs/captioning.md")

NAMED = (
    *(("gradio", f"media_assets/images/{name}.jpg") for name in ("cheetah", "cheetah1", "lion")),
    ("skimage", "data/chelsea.png"),
    *(("foolbox", f"data/imagenet_{number}.jpg") for number in ("03_990", "04_949", "05_853")),
    *(("foolbox", f"data/imagenet_{number}.jpg") for number in ("10_541", "13_471", "18_317")),
    ("foolbox", "data/imagenet_19_305.jpg"),
)
"""Photos of other packages that a caption names something in: package and file."""

HEAD = ("| photo | sure of | without | with |", "|---|---|---|---|")

UNPICKED, SEED = 8, 1
WELL_DRAWN = 0.9  # the share of drawings that convince, from which a category is shown first
STYLE_LINE = "The quick brown fox jumps over the lazy dog."


def photo_of(package: str, file: str) -> Path | None:
    """A photo of an installed package; None where that is not installed."""
    spec = find_spec(package)
    path = Path(spec.origin).parent / file if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


def named_rows(photos: Sequence[tuple[str, str]] = NAMED) -> Iterator[str]:
    """A row of the table of names for every photo that is there and gets one."""
    # In bf16 the second decimal depends on the processor.
    captioner = multimodal.load_captioner(precision="fp32")
    for package, file in photos:
        path = photo_of(package, file)
        if path is None:
            continue
        plain, named = (captioner.caption(path, naming=naming) for naming in (False, True))
        if plain.text != named.text and any(_stem(o.name) in named.text for o in named.objects):
            yield named_row(f"{_TITLES.get(package, package)}, {path.name}", plain, named)


_TITLES = {"skimage": "scikit-image"}


def named_row(photo: str, plain: Caption, named: Caption) -> str:
    """One photo: what the classifier is sure of, and both sentences, the name in bold."""
    thing = next(thing for thing in named.objects if _stem(thing.name) in named.text)
    said = re.sub(rf"\b({re.escape(_stem(thing.name))}\w*)", r"**\1**", named.text, count=1)
    return f"| {photo} | {thing.name} {thing.probability:.2f} | {plain.text} | {said} |"


def _stem(name: str) -> str:
    """A name as far as one and several of it are written alike."""
    return re.sub("(y|f|fe)$", "", name)


def table_in(text: str) -> list[str]:
    """The rows of the table of names in a page."""
    return text.partition("\n".join(HEAD))[2].strip("\n").partition("\n\n")[0].splitlines()


def remake_table() -> None:
    """The table of names in the documentation; photos that are not there keep their rows."""
    text = TABLE.read_text(encoding="utf-8")
    old = table_in(text)
    new = list(named_rows())
    there = {f"{_TITLES.get(p, p)}, {Path(f).name}" for p, f in NAMED if photo_of(p, f)}
    kept = [row for row in old if row.split(" | ")[0].removeprefix("| ") not in there]
    write_text(TABLE, text.replace("\n".join(old), "\n".join([*new, *kept])))


def remake_captions() -> None:
    """The sample photos with their captions."""
    from pipelines.sheet import save_sheet

    captions = multimodal.load_captioner().caption([*map(str, sample_pictures())])
    save_sheet(captions, DOCS / "captions.png")


def remake_sketches() -> None:
    """Unpicked drawings: eight of what is offered and of the rest; one of what is drawn well."""
    sketcher = multimodal.load_sketcher()
    well = [name for name in sketcher.categories if name not in sketcher.low_quality]
    rough = [name for name in sketcher.categories if name in sketcher.low_quality]
    for title, names, columns, size in (("well", well, 16, 72), ("rough", rough, 32, 55)):
        sheets = sketcher.draw_many([(name, UNPICKED) for name in names], seed=SEED)
        drawings = [drawing for of_one in sheets for drawing in of_one]
        titles = [title for name in names for title in (name, *[""] * (UNPICKED - 1))]
        save_drawings(
            drawings, DOCS / f"sketches-{title}.png", titles=titles, columns=columns, size=size
        )
        if names is well:
            best = [name for name in well if sketcher.quality[name] >= WELL_DRAWN]
            first = [of_one[0] for name, of_one in zip(well, sheets, strict=True) if name in best]
            save_drawings(first, DOCS / "sketches.png", titles=best, columns=10, size=92)


def remake_handwriting() -> None:
    """A line in sixteen styles, each behind its number."""
    from pipelines.handwrite import open_handwriting_generator, save, style_sheet

    sheet = style_sheet(open_handwriting_generator(None, judged=True), STYLE_LINE, seed=SEED)
    list(save(sheet, DOCS / "handwriting.png"))


def remake_postcard() -> None:
    """A postcard of a photo of a cat."""
    from pipelines.postcard import CardMaker, CardOptions

    photo = photo_of("skimage", "data/chelsea.png")
    if photo is None:
        raise UserError("postcard: install scikit-image, whose photo of a cat is on it")
    CardMaker(CardOptions(style=5)).make(str(photo)).save(DOCS / "postcard.png")


def remake_page() -> None:
    """Every tab of the page."""
    from demo.screenshots import take_screenshots  # which imports gradio

    take_screenshots(DOCS)


PARTS: dict[str, Callable[[], None]] = {
    "table": remake_table,
    "captions": remake_captions,
    "sketches": remake_sketches,
    "handwriting": remake_handwriting,
    "postcard": remake_postcard,
    "page": remake_page,
}


def main(names: Sequence[str]) -> None:
    """Make the parts that are named, or all.

    Raises:
        UserError: there is no such part, or this is not the checkout.
    """
    unknown = set(names) - set(PARTS)
    if unknown:
        raise UserError(f"{min(unknown)}: no such part; {offered(min(unknown), PARTS)}")
    if not (TABLE.is_file()):
        raise UserError("run this in the checkout, where docs/ is")
    for name in names or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"remake: {error}")

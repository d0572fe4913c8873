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
from multimodal.strokes import Drawing, save_drawings
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

DRAWN = (
    *("apple", "airplane", "bicycle", "butterfly", "cactus", "camera", "candle", "cat", "crab"),
    *("dolphin", "dragon", "duck", "face", "guitar", "hedgehog", "ice cream", "key", "palm tree"),
    *("parrot", "pig", "pineapple", "rabbit", "sheep", "suitcase"),
)
"""What the sheet of sketches shows; of each the likeliest of a few, as postcards have them."""

CANDIDATES, UNPICKED, SEED = 8, 8, 1
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
    """What is drawn well, and eight unpicked drawings of everything, in three sheets."""
    sketcher, recognizer = multimodal.load_sketcher(), multimodal.load_recognizer()
    names = [name for name in DRAWN if name in sketcher.categories]
    drawn = sketcher.draw_many([(name, CANDIDATES) for name in names], seed=SEED)
    best: list[Drawing] = []
    for name, drawings in zip(names, drawn, strict=True):
        guesses = recognizer.predict(drawings, len(recognizer.categories))
        shares = [dict(guess.ranking).get(name, 0.0) for guess in guesses]
        best.append(drawings[shares.index(max(shares))])
    save_drawings(best, DOCS / "sketches.png", titles=names, columns=8, size=110)
    well = [name for name in sketcher.categories if name not in sketcher.low_quality]
    rough = [name for name in sketcher.categories if name in sketcher.low_quality]
    for title, some, columns, size in (("well", well, 16, 72), ("rough", rough, 32, 55)):
        sheets = sketcher.draw_many([(name, UNPICKED) for name in some], seed=SEED)
        drawings = [drawing for of_one in sheets for drawing in of_one]
        save_drawings(drawings, DOCS / f"sketches-{title}.png", columns=columns, size=size)


def remake_handwriting() -> None:
    """A line in sixteen styles, each behind its number."""
    from pipelines.handwrite import open_handwriting_generator, save, style_sheet

    sheet = style_sheet(open_handwriting_generator(None, judged=True), STYLE_LINE, seed=SEED)
    list(save(sheet, DOCS / "handwriting.png"))


def remake_postcard() -> None:
    """A postcard of the first sample photo."""
    from pipelines.postcard import CardMaker, CardOptions

    CardMaker(CardOptions(style=5)).make(str(sample_pictures()[0])).save(DOCS / "postcard.png")


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

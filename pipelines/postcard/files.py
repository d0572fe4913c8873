"""A card → the bytes of a file: a moving or a still SVG, PNG, GIF, or a plotter's program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageSequence

from multimodal.errors import UserError
from multimodal.strokes import Sheet
from multimodal.strokes.gcode import encode_gcode
from multimodal.strokes.plotter import plot_order
from multimodal.strokes.raster import encode_gif, encode_png
from multimodal.strokes.svg_writing import encode_svg, svg_image

if TYPE_CHECKING:
    from pipelines.postcard.drawing import Postcard
    from pipelines.postcard.layout import Box

SECONDS = 9.0  # until a moving card is finished
FINENESS = {".png": 12.0, ".gif": 5.0}  # pixels a millimetre
PHOTO_FINENESS = 10.0  # pixels a millimetre, of a photo in an SVG


def require_ending(path: Path) -> None:
    """See to it that a card can be written with the ending of a path.

    Raises:
        UserError: it is none of `ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: not the ending of a card; choose one of {', '.join(ENDINGS)}")


def encode_card(card: Postcard, ending: str) -> bytes:
    """Return the bytes of a file with one of `ENDINGS`; only .gcode leaves the photo out."""
    return _ENCODERS[ending](card)


def _svg(card: Postcard) -> bytes:
    """The photo, and one path a stroke over it; still strokes alone are in a plotter's order."""
    ink = card.ink.simplified(0.02)
    if card.photo is None and not card.animated:
        ink = plot_order(ink)
    sheet = Sheet(paper=card.paper(), animated=card.animated, seconds=SECONDS)
    svg = encode_svg([ink], sheet).decode()
    if card.photo is None or card.plan.photo is None:
        return svg.encode()
    head, _, rest = svg.partition("\n")
    return f"{head}\n{_embedded(card.photo, card.plan.photo)}\n{rest}".encode()


def _embedded(photo: Image.Image, box: Box) -> str:
    size = (round(box.width * PHOTO_FINENESS), round(box.height * PHOTO_FINENESS))
    file = BytesIO()
    small = photo.copy()
    small.thumbnail(size)  # never larger than it was
    small.save(file, "JPEG", quality=90)
    place = (
        f'x="{box.left:.3f}" y="{box.top:.3f}" width="{box.width:.3f}" height="{box.height:.3f}"'
    )
    return svg_image(f'{place} preserveAspectRatio="none"', "image/jpeg", file.getvalue())


def _png(card: Postcard) -> bytes:
    pixels_per_mm = FINENESS[".png"]
    ink = Image.open(BytesIO(encode_png([card.ink], Sheet(paper=card.paper(pixels_per_mm)))))
    file = BytesIO()
    _over_photo(ink, card, pixels_per_mm).save(file, "PNG", optimize=True)
    return file.getvalue()


def _gif(card: Postcard) -> bytes:
    pixels_per_mm = FINENESS[".gif"]
    sheet = Sheet(paper=card.paper(pixels_per_mm), seconds=SECONDS)
    data = encode_gif([card.ink], sheet)
    if card.photo is None:
        return data
    with Image.open(BytesIO(data)) as moving:
        shown = [(frame.convert("L"), frame.info["duration"]) for frame in _frames(moving)]
    frames = [_over_photo(ink, card, pixels_per_mm) for ink, _ in shown]
    palette = frames[-1].quantize(255)
    coloured = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    file = BytesIO()
    coloured[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=coloured[1:],
        duration=[duration for _, duration in shown],
        loop=0,
    )
    return file.getvalue()


def _frames(moving: Image.Image) -> Iterator[Image.Image]:
    return (frame.copy() for frame in ImageSequence.Iterator(moving))


def _over_photo(ink: Image.Image, card: Postcard, pixels_per_mm: float) -> Image.Image:
    """Ink (L) on a card with its photo, RGB."""
    if card.photo is None or card.plan.photo is None:
        return ink.convert("L")
    box = card.plan.photo
    paper = Image.new("RGB", ink.size, "white")
    corner = (round(box.left * pixels_per_mm), round(box.top * pixels_per_mm))
    size = (round(box.width * pixels_per_mm), round(box.height * pixels_per_mm))
    paper.paste(card.photo.resize(size, Image.Resampling.LANCZOS), corner)
    return ImageChops.multiply(paper, ink.convert("RGB"))


def _gcode(card: Postcard) -> bytes:
    return encode_gcode([card.ink.simplified(0.02)], Sheet(paper=card.paper()))


_ENCODERS: dict[str, Callable[[Postcard], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".gif": _gif,
    ".gcode": _gcode,
}

ENDINGS = tuple(_ENCODERS)

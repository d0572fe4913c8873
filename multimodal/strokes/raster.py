"""Drawings as pixels: antialiased black ink on white, by Pillow alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFont

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.sheet import Page, Sheet, arranged

FINENESS = 4
"""Ink is drawn so many times larger, then averaged."""

MOST_PIXELS, MOST_FRAMES, MOST_MOVING_PIXELS = 2**26, 40, 2**28
RULE = 200
"""How light the lines to write on are, of 255."""
HOLD = 1500
"""Milliseconds that a finished animation stays before it begins again."""


def render(drawing: Drawing, size: int, line_width: float) -> npt.NDArray[np.uint8]:
    """Draw one drawing as large as a square picture allows, for networks that see.

    Args:
        drawing: any unit; it is scaled alike both ways and centred.
        size: the side of the picture, in pixels.
        line_width: in pixels.

    Returns:
        (size, size), from 255, paper, to 0, ink.

    Raises:
        UserError: the line leaves no room, or the picture is too large.
    """
    image = _paper(size, size)
    add_ink(image, drawing.fitted(size, size, line_width / 2 + 1), line_width)
    return np.asarray(image).copy()


def encode_png(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    """A sheet of drawings as PNG.

    Raises:
        UserError: the sheet would be too large.
    """
    page, pen = _in_pixels(drawings, sheet)
    image = _titled_paper(page)
    for drawing in page.drawings:
        add_ink(image, drawing, pen)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def encode_gif(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    """A sheet of drawings as GIF: drawn before one's eyes, or one after the other (`flip`).

    Raises:
        UserError: the sheet would be too large.
    """
    frames = list(_flipped(drawings, sheet) if sheet.flip else _drawn(drawings, sheet))
    each = max(20, round(1000 * sheet.seconds / len(frames) / 10) * 10)  # GIF counts in hundredths
    file = BytesIO()
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[*[each] * (len(frames) - 1), each + HOLD],
        loop=0,
    )
    return file.getvalue()


def _flipped(drawings: Sequence[Drawing], sheet: Sheet) -> Iterator[Image.Image]:
    titles = sheet.titles
    for number, drawing in enumerate(drawings):
        own = titles and titles[number : number + 1]
        page, pen = _in_pixels([drawing], replace(sheet, columns=1, titles=own))
        image = _titled_paper(page, len(drawings))
        add_ink(image, page.drawings[0], pen)
        yield image


def _drawn(drawings: Sequence[Drawing], sheet: Sheet) -> Iterator[Image.Image]:
    page, pen = _in_pixels(drawings, sheet)
    image = _titled_paper(page)
    wanted = min(MOST_FRAMES, max(drawing.points for drawing in drawings))
    frames = max(1, min(wanted, MOST_MOVING_PIXELS // (image.width * image.height)))
    done = [0] * len(drawings)  # strokes that are finished
    for frame in range(1, frames + 1):
        image = image.copy()
        for number, drawing in enumerate(page.drawings):
            begun = drawing.first(-(-drawing.points * frame // frames))
            add_ink(image, Drawing(begun.strokes[done[number] :]), pen)
            done[number] = max(len(begun) - 1, 0)
        yield image


def _in_pixels(drawings: Sequence[Drawing], sheet: Sheet) -> tuple[Page, float]:
    """Where drawings stand in a picture, and how wide the pen is there."""
    page = arranged(drawings, sheet, sheet.size, titled=True)
    if sheet.paper is None:
        return page, sheet.pen
    return page.enlarged(
        sheet.paper.pixels_per_mm
    ), sheet.paper.pen_width * sheet.paper.pixels_per_mm


def _paper(width: float, height: float, frames: int = 1) -> Image.Image:
    size = max(1, round(width)), max(1, round(height))
    if size[0] * size[1] > MOST_PIXELS or size[0] * size[1] * frames > MOST_MOVING_PIXELS:
        raise UserError(
            f"a sheet of {size[0]} x {size[1]} pixels is too large: choose a smaller size"
        )
    return Image.new("L", size, 255)


def _titled_paper(page: Page, frames: int = 1) -> Image.Image:
    image = _paper(page.width, page.height, frames)
    font = ImageFont.load_default(max(page.font_size, 1))
    draw = ImageDraw.Draw(image)
    for left, right, y in page.rules:
        draw.line([(left, y), (right, y)], RULE)
    for x, y, title in page.titles:
        draw.text((x, y), _shortened(title, page.room, font), 0, font, anchor="ms")
    return image


def _shortened(title: str, room: float, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    shown = title[:200]
    while len(shown) > 1 and font.getlength(shown) > room:
        shown = f"{shown[:-2]}…"
    return shown


def add_ink(image: Image.Image, drawing: Drawing, line_width: float) -> None:
    """Draw into a grey picture, touching no more of it than the drawing covers.

    Args:
        image: of mode L, changed in place.
        drawing: in pixels of the picture, none of it outside.
        line_width: in pixels.
    """
    if not drawing:
        return
    left, top, right, bottom = drawing.bounds
    reach = line_width / 2 + 1
    box = (
        max(0, int(left - reach)),
        max(0, int(top - reach)),
        min(image.width, int(right + reach) + 1),
        min(image.height, int(bottom + reach) + 1),
    )
    large = Image.new("L", ((box[2] - box[0]) * FINENESS, (box[3] - box[1]) * FINENESS), 255)
    draw = ImageDraw.Draw(large)
    width = max(1, round(line_width * FINENESS))
    radius = (width - 1) / 2  # from the middle of the first pixel to the middle of the last
    for stroke in drawing:
        points = [(x, y) for x, y in ((stroke - box[:2]) * FINENESS - 0.5).tolist()]
        draw.line(points, 0, width)
        for x, y in points:  # round joints and ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), 0)
    image.paste(ImageChops.darker(image.crop(box), large.reduce(FINENESS)), box[:2])

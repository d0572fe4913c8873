"""What a plotter does with a page: how far and how long it goes, and a picture of its way."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.raster import add_ink

TRAVEL_COLOUR = (214, 32, 32)
LARGEST_SIDE, FINEST = 2400, 8.0
"""Of a preview: pixels, and pixels a millimetre."""


@dataclass(frozen=True)
class Route:
    """The way of a plotter that begins and ends at a corner of its page.

    Attributes:
        strokes: in millimetres, in the order in which they are drawn.
        home: where the lifted pen begins and ends.
    """

    strokes: Drawing
    home: tuple[float, float] = (0.0, 0.0)

    @property
    def drawn(self) -> float:
        """Millimetres with the pen down."""
        return sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in self.strokes)

    @property
    def travelled(self) -> float:
        """Millimetres with the pen lifted."""
        moves = self.moves
        return float(np.hypot(*(moves[:, 1] - moves[:, 0]).T).sum())

    @property
    def moves(self) -> Array:
        """From where to where the lifted pen goes (n, 2, 2), home at both ends."""
        home = np.array([self.home])
        starts = np.concatenate([*(stroke[:1] for stroke in self.strokes), home])
        stops = np.concatenate([home, *(stroke[-1:] for stroke in self.strokes)])
        return np.stack([stops, starts], axis=1)

    def seconds(self, feed: float, travel: float, lift: float) -> float:
        """About how long it takes, without what acceleration costs.

        Args:
            feed: speed of drawing, in millimetres a minute.
            travel: speed of the lifted pen, in millimetres a minute.
            lift: seconds that it takes to lift or to lower the pen.
        """
        moving = self.drawn / feed + self.travelled / travel
        return 60 * moving + 2 * lift * len(self.strokes)


def preview(route: Route, width: float, height: float, pen: float) -> bytes:
    """A page as it is plotted, as PNG: ink in black, the way of the lifted pen in red.

    Args:
        route: in millimetres from the upper left corner, y down.
        width: of the page, in millimetres.
        height: of the page.
        pen: how wide it draws.
    """
    pixels_per_mm = min(FINEST, LARGEST_SIDE / max(width, height))
    size = max(1, round(width * pixels_per_mm)), max(1, round(height * pixels_per_mm))
    if not pixels_per_mm > 0:
        raise UserError("a page without any room")
    image = Image.new("RGB", size, "white")
    ways = Drawing(list(route.moves)).scaled(pixels_per_mm)
    for drawing, colour, line in (
        (ways, TRAVEL_COLOUR, 1.0),
        (route.strokes.scaled(pixels_per_mm), (0, 0, 0), max(1.0, pen * pixels_per_mm)),
    ):
        mask = Image.new("L", size, 255)
        add_ink(mask, drawing, line)
        image.paste(colour, mask=ImageOps.invert(mask))
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()

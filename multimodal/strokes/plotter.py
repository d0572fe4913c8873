"""A drawing for a machine with a pen: strokes in millimetres, with little way between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.ordering import shortest_order

EDGE = 1e-6
"""Millimetres that ink may lie beyond an edge, for rounding."""


@dataclass(frozen=True)
class Plotter:
    """A pen plotter, and what it is told.

    Attributes:
        size: the side of one drawing's cell, in millimetres.
        origin: where the lower left corner of the page lies, in millimetres from the machine's
            zero; G-code stays to the right of it and above.
        feed: speed of drawing, in millimetres a minute.
        pen_up: the commands that lift the pen; several stand on lines of their own.
        pen_down: the commands that lower it.
    """

    size: float = 100.0
    origin: tuple[float, float] = (0.0, 0.0)
    feed: float = 1500.0
    pen_up: str = "G0 Z5"
    pen_down: str = "G1 Z0 F600"

    def __post_init__(self) -> None:
        for name in ("size", "feed"):
            if not 0 < getattr(self, name) <= 1e5:
                raise UserError(f"{name}={getattr(self, name)}: choose something above 0")
        if not (np.abs(self.origin) <= 1e5).all():
            raise UserError(f"origin={self.origin}: no place on a machine")


def upwards(drawing: Drawing, height: float) -> Drawing:
    """The strokes of a page as machines count: y from its lower edge."""
    return Drawing([stroke * (1, -1) + (0, height) for stroke in drawing])


def beyond_page(drawing: Drawing, width: float, height: float) -> dict[str, float]:
    """How far ink lies beyond the edges of a page, by edge; edges that hold it are left out.

    Args:
        drawing: in the page's unit.
        width: of the page.
        height: of the page.
    """
    left, top, right, bottom = drawing.bounds
    away = {"left": -left, "top": -top, "right": right - width, "bottom": bottom - height}
    return {edge: far for edge, far in away.items() if far > EDGE}


def require_on_page(drawing: Drawing, width: float, height: float) -> None:
    """See to it that a plotter stays on its page.

    Args:
        drawing: in the page's unit.
        width: of the page.
        height: of the page.

    Raises:
        UserError: it would not.
    """
    away = beyond_page(drawing, width, height)
    if away:
        edges = ", ".join(f"{far:.3g} mm beyond the {edge} edge" for edge, far in away.items())
        raise UserError(f"the ink leaves its page of {width:g} x {height:g} mm: {edges}")


def plot_order(drawing: Drawing) -> Drawing:
    """Reorder and turn strokes so that a lifted pen travels little, beginning at the origin.

    What is drawn stays the same; times and pressures are dropped, for they would be wrong.
    """
    if not drawing:
        return drawing
    ends = np.stack([stroke[[0, -1]] for stroke in drawing])  # (strokes, start and end, x and y)
    order, turned = shortest_order(ends)
    return Drawing(
        [
            drawing.strokes[which][::-1] if turn else drawing.strokes[which]
            for which, turn in zip(order, turned, strict=True)
        ]
    )


def pen_up_travel(drawing: Drawing) -> float:
    """How far the lifted pen travels, from the origin to the end of the last stroke."""
    starts = np.array([stroke[0] for stroke in drawing]).reshape(-1, 2)
    before = np.array([(0.0, 0.0), *(stroke[-1] for stroke in drawing)])[: len(starts)]
    return float(_distance(before, starts).sum())


def _distance(a: Array, b: Array) -> Array:
    away = a - b
    distance: Array = np.hypot(away[..., 0], away[..., 1])
    return distance

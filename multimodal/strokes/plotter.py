"""A drawing for a machine with a pen: strokes in millimetres, with little way between them.

The strokes are ordered greedily, each from whichever end is nearer, and then improved by 2-opt: a
run of strokes is drawn backwards wherever that shortens the way of the lifted pen (Croes, 1958).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing

ROUNDS, LONGEST_RUN = 10, 1000
"""Of 2-opt: how often it goes over all strokes, and how many it turns at once."""


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
    """How far ink lies beyond the edges of a page, by edge; edges that hold it are left out."""
    left, top, right, bottom = drawing.bounds
    away = {"left": -left, "top": -top, "right": right - width, "bottom": bottom - height}
    return {edge: far for edge, far in away.items() if far > EDGE}


def require_on_page(drawing: Drawing, width: float, height: float) -> None:
    """See to it that a plotter stays on its page.

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
    order, turned = _improved(ends, *_greedy(ends))
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


def _greedy(ends: Array) -> tuple[list[int], list[bool]]:
    """Go on with the stroke that begins or ends nearest."""
    left = ends.copy()
    place = np.zeros(2)
    order: list[int] = []
    turned: list[bool] = []
    for _ in ends:
        which, side = divmod(int(_distance(left, place).argmin()), 2)
        order.append(which)
        turned.append(side == 1)
        place = ends[which, 1 - side]
        left[which] = np.inf
    return order, turned


def _improved(ends: Array, order: list[int], turned: list[bool]) -> tuple[list[int], list[bool]]:
    """2-opt: draw a run of strokes backwards where that gains most, again and again."""
    path = ends[order]
    path[turned] = path[turned][:, ::-1]
    for _ in range(ROUNDS):
        gained = False
        for first in range(len(path)):
            before = path[first - 1, 1] if first else np.zeros(2)
            following = path[first + 1 : first + 1 + LONGEST_RUN, 0]
            gain = _gains(before, path[first : first + LONGEST_RUN], following)
            run = slice(first, first + int(gain.argmax()) + 1)
            if gain.max() > 1e-9:
                gained = True
                path[run] = path[run][::-1, ::-1].copy()
                order[run] = order[run][::-1]
                turned[run] = [not turn for turn in turned[run][::-1]]
        if not gained:
            break
    return order, turned


def _gains(before: Array, run: Array, following: Array) -> Array:
    """What is gained by turning the first one, two, … strokes of a run as one.

    Args:
        before: where the pen comes from, (2,).
        run: start and end of each stroke (n, 2, 2).
        following: where the stroke after each of them starts: (n, 2), or (n - 1, 2) at the end.
    """
    starts, stops = run[:, 0], run[:, 1]
    gains = _distance(before, starts[0]) - _distance(before, stops)
    gains[: len(following)] += _distance(stops[: len(following)], following)
    gains[: len(following)] -= _distance(starts[0], following)
    return gains


def _distance(a: Array, b: Array) -> Array:
    away = a - b
    distance: Array = np.hypot(away[..., 0], away[..., 1])
    return distance

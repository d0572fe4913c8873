"""Strokes that were written in pieces, made whole.

Programs that keep the pressure of a pen often write a stroke as many short ones, each of its own
width. What begins where the last one ended, next in the file and with the same pen, is one movement
of the pen. What was closed, such as a circle, is whole already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from multimodal.strokes.drawing import Array, Drawing


@dataclass(frozen=True, eq=False)
class Ink:
    """A stroke as it stands in a file.

    Attributes:
        points: (n, 2).
        pen: what drew it; None where no pen did, as with an area that is filled.
        closed: whether it was closed, and so is whole.
    """

    points: Array
    pen: str | None = None
    closed: bool = False


def joined(inks: Sequence[Ink], near: float) -> list[Array]:
    """Strokes (n, 2), the pieces of each as one.

    Args:
        inks: in the order of the file.
        near: how far apart the ends of two pieces may lie.
    """
    return _whole([ink.points for ink in inks], _begins(inks, near))


def joined_drawing(drawing: Drawing) -> Drawing:
    """A drawing whose strokes are whole: each that begins at the very end of the last goes on."""
    begins = _begins([Ink(stroke, "pen") for stroke in drawing], 0)
    if len(begins) > len(drawing):
        return drawing
    return Drawing(
        _whole(drawing.strokes, begins),
        None if drawing.times is None else _whole(drawing.times, begins),
        None if drawing.pressures is None else _whole(drawing.pressures, begins),
    )


def _begins(inks: Sequence[Ink], near: float) -> list[int]:
    """The numbers of the pieces that begin a stroke, and how many pieces there are."""
    begins: list[int] = []
    moving = False  # whether the stroke so far is more than a dot, from which nothing goes on
    for number, ink in enumerate(inks):
        if not (moving and _goes_on(inks[number - 1], ink, near)):
            begins.append(number)
            moving = False
        moving = moving or len(ink.points) > 1
    return [*begins, len(inks)]


def _goes_on(before: Ink, ink: Ink, near: float) -> bool:
    if before.pen is None or before.pen != ink.pen or before.closed or ink.closed:
        return False
    return bool(np.abs(ink.points[0] - before.points[-1]).max() <= near)


def _whole(columns: Sequence[Array], begins: Sequence[int]) -> list[Array]:
    """Columns (n, …) of pieces as columns of strokes: where two meet, their point is there once."""
    return [
        np.concatenate([columns[a], *(column[1:] for column in columns[a + 1 : b])])
        if b - a > 1
        else columns[a]
        for a, b in pairwise(begins)
    ]

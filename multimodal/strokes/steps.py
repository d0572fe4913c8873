"""Stroke-3 and stroke-5: a drawing as the steps of a pen, both ways without loss.

Ha and Eck, "A Neural Representation of Sketch Drawings" (2017), section 3.1. A row is where the pen
moves from where it was, and what it does AFTER it has come there:

    stroke-3    dx, dy, lifted
    stroke-5    dx, dy, and exactly one of: stays down, is lifted, the drawing has ended

The first row is the offset of the first point from the origin.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing

Steps = npt.NDArray[np.float32]


def to_stroke3(drawing: Drawing) -> Steps:
    """Turn a drawing into rows dx, dy, pen lifted after this point: float32 (N, 3).

    Whole coordinates below 2 ** 23 come back exactly; others to the precision of float32. Times and
    pressures have no place in the form.
    """
    steps = np.zeros((drawing.points, 3), dtype=np.float32)
    if drawing.strokes:
        points = np.concatenate(drawing.strokes)
        steps[:, :2] = np.diff(points, axis=0, prepend=[[0.0, 0.0]])
        steps[np.cumsum([len(stroke) for stroke in drawing]) - 1, 2] = 1
    return steps


def from_stroke3(steps: npt.ArrayLike) -> Drawing:
    """Turn rows dx, dy, pen lifted (N, 3) into a drawing; the last stroke needs no lifted pen.

    Raises:
        UserError: rows of another width, or values that are not finite.
    """
    rows = _rows(steps, 3)
    return _drawing(rows[:, :2], rows[:, 2] > 0.5)


def to_stroke5(drawing: Drawing, length: int | None = None) -> Steps:
    """Turn a drawing into float32 rows dx, dy, p1 (down), p2 (lifted), p3 (ended).

    Args:
        drawing: N points.
        length: how many rows to make, filled up with end rows (0, 0, 0, 0, 1); None makes N + 1.

    Raises:
        UserError: the drawing and its end row do not fit into the length.
    """
    steps = to_stroke3(drawing)
    length = len(steps) + 1 if length is None else length
    if len(steps) >= length:
        raise UserError(
            f"a drawing of {len(steps)} points and its end do not fit into {length} rows:"
            " simplify it, or allow more"
        )
    rows = np.zeros((length, 5), dtype=np.float32)
    rows[: len(steps), :2] = steps[:, :2]
    rows[: len(steps), 2] = 1 - steps[:, 2]
    rows[: len(steps), 3] = steps[:, 2]
    rows[len(steps) :, 4] = 1
    return rows


def from_stroke5(steps: npt.ArrayLike) -> Drawing:
    """Turn rows dx, dy, p1, p2, p3 (N, 5) into a drawing; the largest p is what the pen does.

    Rows from the first end on are left out; where there is none, all rows are drawn.

    Raises:
        UserError: rows of another width, or values that are not finite.
    """
    rows = _rows(steps, 5)
    pen = rows[:, 2:].argmax(1)
    ended = np.flatnonzero(pen == 2)
    used = int(ended[0]) if len(ended) else len(rows)
    return _drawing(rows[:used, :2], pen[:used] == 1)


def _rows(steps: npt.ArrayLike, width: int) -> Array:
    try:
        rows = np.asarray(steps, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"stroke-{width} is rows of {width} numbers") from None
    if rows.ndim != 2 or rows.shape[1] != width:
        raise UserError(f"stroke-{width} has the shape (N, {width}), not {rows.shape}")
    if not np.isfinite(rows).all():
        raise UserError(f"stroke-{width} holds a value that is not finite")
    return rows


def _drawing(offsets: Array, lifted: npt.NDArray[np.bool_]) -> Drawing:
    if not len(offsets):
        return Drawing(())
    ends = np.flatnonzero(lifted[:-1]) + 1
    return Drawing(np.split(offsets.cumsum(0), ends))

"""Polylines → smooth curves, as a pen would have drawn them."""

from __future__ import annotations

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing

CORNER = np.cos(np.radians(110))
"""A stroke that turns by more than this angle at a point has a corner there, which stays sharp."""

MOST_BETWEEN = 64  # points between two of a polyline's


def smoothed(drawing: Drawing, spacing: float) -> Drawing:
    """Lay curves through all points of every stroke: centripetal Catmull-Rom splines.

    Catmull and Rom (1974), in the form without cusps and loops of Yuksel, Schaefer and Keyser
    (2011). Every point stays where it is, and corners stay sharp. Times and pressures are dropped.

    Args:
        drawing: what to smooth.
        spacing: about how far the new points are from each other.

    Raises:
        UserError: the spacing is not positive.
    """
    if not spacing > 0:
        raise UserError(f"a spacing of {spacing} between points is impossible: choose more")
    return Drawing([_smooth(stroke, spacing) for stroke in drawing])


def _smooth(stroke: Array, spacing: float) -> Array:
    moved = np.concatenate([[True], np.abs(np.diff(stroke, axis=0)).max(1) > 0])
    points = stroke[moved]
    if len(points) < 3:
        return stroke
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    turns = (steps[:-1] * steps[1:]).sum(1) / (lengths[:-1] * lengths[1:])
    corners = [0, *(np.flatnonzero(turns < CORNER) + 1).tolist(), len(points) - 1]
    pieces = [
        _spline(points[begin : end + 1], spacing)
        for begin, end in zip(corners, corners[1:], strict=False)
    ]
    return np.concatenate([points[:1], *(piece[1:] for piece in pieces)])


def _spline(points: Array, spacing: float) -> Array:
    """The curve through points (n, 2), n ≥ 2, no two neighbours the same."""
    if len(points) == 2:
        return points
    # The end points are mirrored, so that a curve begins and ends as its first three points bend.
    ends = 2 * points[[0, -1]] - points[[1, -2]]
    control = np.concatenate([ends[:1], points, ends[1:]])
    knots = np.concatenate([[0], np.sqrt(np.hypot(*np.diff(control, axis=0).T)).cumsum()])
    curve = [points[:1]]
    for number in range(len(points) - 1):
        length = float(np.hypot(*(points[number + 1] - points[number])))
        count = min(max(1, round(length / spacing)), MOST_BETWEEN)
        part = np.linspace(0, 1, count + 1)[1:, None]
        four, at = control[number : number + 4], knots[number : number + 4]
        curve.append(_between(four, at, at[1] + part * (at[2] - at[1])))
    return np.concatenate(curve)


def _between(points: Array, knots: Array, at: Array) -> Array:
    """Barry and Goldman's pyramid: four points and their knots → the curve at places (n, 1)."""

    def mix(a: Array, b: Array, start: float, end: float) -> Array:
        blended: Array = ((end - at) * a + (at - start) * b) / (end - start)
        return blended

    level = [mix(points[i], points[i + 1], knots[i], knots[i + 1]) for i in range(3)]
    level = [mix(level[i], level[i + 1], knots[i], knots[i + 2]) for i in range(2)]
    return mix(level[0], level[1], knots[1], knots[2])

"""Polylines → smooth curves, as a pen would have drawn them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    strokes = list(drawing)
    moving = [_moving(stroke) for stroke in strokes]
    bent = [number for number, points in enumerate(moving) if len(points) > 2]
    if not bent:
        return Drawing(strokes)
    curves = _curves([moving[number] for number in bent], spacing)
    for number, curve in zip(bent, curves, strict=True):
        strokes[number] = curve
    return Drawing(strokes)


def _moving(stroke: Array) -> Array:
    """A stroke without the points that lie on the one before."""
    stays = (stroke[1:] == stroke[:-1]).all(1)
    return stroke[np.concatenate([[True], ~stays])] if stays.any() else stroke


def _curves(strokes: list[Array], spacing: float) -> list[Array]:
    """The curves of strokes (n, 2), n > 2, no two neighbours the same; all in one go."""
    points = np.concatenate(strokes)
    counts = np.array([len(stroke) for stroke in strokes])
    ends = counts.cumsum()
    sharp = np.zeros(len(points), dtype=bool)  # where one curve ends and another begins
    sharp[ends - 1] = sharp[ends - counts] = True
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    with np.errstate(invalid="ignore", divide="ignore"):  # from stroke to stroke
        turns = (steps[:-1] * steps[1:]).sum(1) / (lengths[:-1] * lengths[1:])
    sharp[1:-1] |= turns < CORNER
    begins = np.setdiff1d(np.arange(len(points) - 1), ends - 1)  # every step within a stroke
    bridged = _bridged(points, sharp, begins)
    straight = sharp[begins] & sharp[begins + 1]
    between = np.clip(np.round(lengths[begins] / spacing), 1, MOST_BETWEEN).astype(int)
    between[straight] = 1
    whose = np.repeat(np.arange(len(begins)), between)
    last = between.cumsum()
    part = (np.arange(len(whose)) - np.repeat(last - between, between) + 1) / between[whose]
    curve = _between(bridged[:, whose], part[:, None])
    curve[last - 1] = points[begins + 1]  # to the last digit
    ways = np.split(curve, last[(ends - np.arange(1, len(ends) + 1) - 1)[:-1]])
    return [np.concatenate([stroke[:1], way]) for stroke, way in zip(strokes, ways, strict=True)]


def _bridged(points: Array, sharp: npt.NDArray[np.bool_], begins: npt.NDArray[np.intp]) -> Array:
    """The four points (4, n, 2) that bend each step: its two, and the ones before and behind.

    At the end of a curve the point behind is the mirrored one before, so that a curve begins and
    ends as its first three points bend.
    """
    first, second = points[begins], points[begins + 1]
    before = np.where(sharp[begins, None], 2 * first - second, points[begins - 1])
    later = points[np.minimum(begins + 2, len(points) - 1)]
    behind = np.where(sharp[begins + 1, None], 2 * second - first, later)
    return np.stack([before, first, second, behind])


def _between(points: Array, part: Array) -> Array:
    """Barry and Goldman's pyramid: four points each (4, n, 2) → the curve at parts (n, 1)."""
    chords = np.sqrt(np.hypot(*np.moveaxis(np.diff(points, axis=0), -1, 0)))
    knots = np.concatenate([np.zeros((1, chords.shape[1])), chords.cumsum(0)])[..., None]
    at = knots[1] + part * (knots[2] - knots[1])

    def mix(a: Array, b: Array, start: int, end: int) -> Array:
        width = knots[end] - knots[start]
        blended: Array = ((knots[end] - at) * a + (at - knots[start]) * b) / width
        return blended

    level = [mix(points[i], points[i + 1], i, i + 1) for i in range(3)]
    level = [mix(level[i], level[i + 1], i, i + 2) for i in range(2)]
    return mix(level[0], level[1], 1, 2)

"""The way of a pen as the network sees it: in heights of small letters, at equal distances.

A drawing may have any unit and may climb or fall: it is measured by itself. The slope is that of
its ink; the unit is the height of its typical stroke up or down, which in most writing is that of
small letters; the zero of the height is the middle of the ink.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Track: TypeAlias = npt.NDArray[np.float32]

TRACK_FEATURES = 4
"""Of each point: the way from the last one (2), whether it was in the air, and the height."""

SPACING = 1 / 6
"""Between neighbours of a track, in heights of small letters."""

MAX_POINTS = 20_000
"""Points that the ink of a line makes at most, enough for 900 characters: scribbles have no end."""

STIFFNESS = 25.0
"""How wide ink must be, against its height, before its slope is believed (a ridge's weight)."""

WIDEST = 250.0
"""Heights of small letters that a line is wide at most: what is flatter holds no letters."""


def track_of(strokes: Iterable[npt.ArrayLike]) -> Track:
    """Turn strokes, each (n, 2) with y down, into a track.

    Returns:
        (T, TRACK_FEATURES): dx, dy, 1 for the first point of a stroke and 0 else, and the height
        (y, down) over the middle of the ink. T is 0 where there is no stroke.
    """
    points, first = _laid_out(strokes)
    if not len(points):
        return np.zeros((0, TRACK_FEATURES), np.float32)
    points = _level(points, first)
    unit = _letter_height(points, first)
    points = points / unit
    spacing = max(SPACING, float(_lengths(points, first).sum()) / MAX_POINTS)
    points, first = _resampled(points, first, spacing)
    steps = np.diff(points, axis=0, prepend=points[:1])
    height = points[:, 1] - np.median(points[:, 1])
    return np.column_stack([steps, first, height]).astype(np.float32)


def letter_height(strokes: Iterable[npt.ArrayLike]) -> float:
    """How high the small letters of some writing are, above 0; strokes (n, 2), at least one."""
    return _letter_height(*_laid_out(strokes))


def _laid_out(strokes: Iterable[npt.ArrayLike]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """All points (N, 2) one after the other, and which of them begin a stroke (N,)."""
    pieces = [np.asarray(stroke, np.float64) for stroke in strokes]
    points = np.concatenate([np.zeros((0, 2)), *pieces])
    first = np.zeros(len(points), np.bool_)
    first[np.cumsum([0, *map(len, pieces)])[:-1]] = True
    return points, first


def _level(points: Floats, first: npt.NDArray[np.bool_]) -> Floats:
    """Turn the ink's slope away by a shear, and move its middle to the origin."""
    weights = _lengths(points, first) + 1e-12
    centred = points - np.average(points, axis=0, weights=weights)
    (xx, xy), (_, yy) = np.cov(centred.T, aweights=weights, ddof=0)
    slope = xy / (xx + STIFFNESS * yy) if xx else 0.0
    return np.column_stack([centred[:, 0], centred[:, 1] - slope * centred[:, 0]])


def _letter_height(points: Floats, first: npt.NDArray[np.bool_]) -> float:
    """How high the typical stroke up or down is: the median over all ink that goes up or down."""
    width, height = np.ptp(points, axis=0)
    least = max(width / WIDEST, height / 20)
    if not least:
        return 1.0
    fine, begins = _resampled(points, first, max(height / 60, least / 8))
    rises = np.diff(fine[:, 1], prepend=fine[:1, 1])
    rises[begins] = 0
    turns = begins.copy()
    turns[1:] |= np.sign(rises[1:]) != np.sign(rises[:-1])
    heights = np.abs(np.add.reduceat(rises, np.flatnonzero(turns)))
    heights.sort()
    total = heights.cumsum()
    typical = heights[np.searchsorted(total, total[-1] / 2)]
    return float(max(typical, least))


def _resampled(
    points: Floats, first: npt.NDArray[np.bool_], spacing: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Points at equal distances along every stroke, whose ends stay, and which are the first."""
    lengths = _lengths(points, first)
    ways = (lengths + first).cumsum()  # a gap of 1 before every stroke keeps them apart
    begins = np.flatnonzero(first)
    ends = np.append(begins[1:], len(points)) - 1
    spans = ways[ends] - ways[begins]
    counts = np.rint(spans / spacing).astype(np.int64) + 1
    counts[(spans > 0) & (counts == 1)] = 2
    starts = np.cumsum(counts) - counts
    number = np.arange(counts.sum()) - np.repeat(starts, counts)
    stops = np.repeat(ways[begins], counts) + number * np.repeat(
        spans / np.maximum(counts - 1, 1), counts
    )
    placed = np.column_stack([np.interp(stops, ways, axis) for axis in points.T])
    begun = np.zeros(len(placed), np.bool_)
    begun[starts] = True
    return placed, begun


def _lengths(points: Floats, first: npt.NDArray[np.bool_]) -> Floats:
    """How far each point lies from the one before it in its stroke."""
    steps = np.diff(points, axis=0, prepend=points[:1])
    return np.where(first, 0.0, np.hypot(steps[:, 0], steps[:, 1]))

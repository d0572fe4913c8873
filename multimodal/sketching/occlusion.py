"""What stands in front hides what is behind: lines are cut where the front figure's outline is.

A line drawing is not opaque, so its convex hull stands for its outline. The hull is Andrew's
monotone chain (1979); segments are cut against it as by Cyrus and Beck (1978).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.strokes.drawing import Drawing

Array: TypeAlias = npt.NDArray[np.float64]


def hidden_behind(drawing: Drawing, front: Drawing) -> Drawing:
    """What remains to be seen of a drawing behind another one; perhaps nothing."""
    points = [*front.strokes]
    hull = convex_hull(np.concatenate(points)) if points else np.empty((0, 2))
    if len(hull) < 3:
        return drawing
    return Drawing([piece for stroke in drawing.strokes for piece in _outside(stroke, hull)])


def convex_hull(points: Array) -> Array:
    """The corners (n, 2) of the convex polygon around points (m, 2); fewer than 3 if it is flat."""
    ordered = np.unique(points, axis=0)
    return np.array(_chain(ordered)[:-1] + _chain(ordered[::-1])[:-1]).reshape(-1, 2)


def _chain(ordered: Array) -> list[Array]:
    """One side of the hull: from the first point to the last, always turning the same way."""
    side: list[Array] = []
    for point in ordered:
        while len(side) > 1 and _turn(side[-2], side[-1], point) <= 0:
            side.pop()
        side.append(point)
    return side


def _turn(start: Array, corner: Array, end: Array) -> float:
    first, second = corner - start, end - corner
    return float(first[0] * second[1] - first[1] * second[0])


def _outside(stroke: Array, hull: Array) -> Iterator[Array]:
    """The pieces of a stroke (n, 2) outside a hull."""
    if len(stroke) == 1 and _inside(stroke[0], stroke[0], hull) is None:
        yield stroke
    piece: list[Array] = []
    for start, end in pairwise(stroke):
        covered = _inside(start, end, hull)
        enters, leaves = covered or (1.0, 1.0)
        if enters > 0:
            piece = piece or [start]
            piece.append(start + enters * (end - start))
        if covered:
            if len(piece) > 1:
                yield np.array(piece)
            piece = [start + leaves * (end - start), end] if leaves < 1 else []
    if len(piece) > 1:
        yield np.array(piece)


def _inside(start: Array, end: Array, hull: Array) -> tuple[float, float] | None:
    """Between which two shares of its length a segment is within a hull; None if nowhere."""
    edges = np.roll(hull, -1, axis=0) - hull
    inward = np.column_stack([-edges[:, 1], edges[:, 0]])
    depth = ((start - hull) * inward).sum(1)  # of the segment's start, behind each edge
    gain = inward @ (end - start)  # of depth, on the way to its end
    if (depth[gain == 0] < 0).any():
        return None
    shares = -depth[gain != 0] / gain[gain != 0]
    rising = gain[gain != 0] > 0
    enters = max(0.0, shares[rising].max(initial=0.0))
    leaves = min(1.0, shares[~rising].min(initial=1.0))
    return (float(enters), float(leaves)) if enters < leaves else None

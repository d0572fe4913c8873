"""Curves as lines: the pen that fontTools' path parser draws with, and whose methods it names."""

from __future__ import annotations

import math

import numpy as np
from fontTools.misc.transform import Transform

from multimodal.errors import UserError
from multimodal.strokes.drawing import FARTHEST, Array
from multimodal.strokes.svg_shapes import Size

MOST_LINES = 2000
"""In place of one curve."""


class Flattener:
    """Takes the segments of a path as fontTools hands them out, and makes lines of them.

    Args:
        matrix: from the path's coordinates to the page's.
        tolerance: how far a line may stray from its curve, in the page's units.
    """

    def __init__(self, matrix: Transform, tolerance: float) -> None:
        self.matrix = matrix
        self.tolerance = tolerance
        self.subpaths: list[list[Size]] = []

    def outlines(self) -> list[Array]:
        """One array (n, 2) for every subpath that leaves ink; points are nowhere repeated."""
        drawn = [np.array(points) for points in self.subpaths if len(points) > 1]
        return [points[np.append(True, (np.diff(points, axis=0) != 0).any(1))] for points in drawn]

    def moveTo(self, point: Size) -> None:  # noqa: N802
        """Begin a subpath."""
        self.subpaths.append([self._placed(point)])

    def lineTo(self, point: Size) -> None:  # noqa: N802
        """A line from the current point."""
        self.subpaths[-1].append(self._placed(point))

    def curveTo(self, *controls: Size) -> None:  # noqa: N802
        """A Bézier curve of any degree from the current point."""
        points = np.array([self.subpaths[-1][-1], *map(self._placed, controls)])
        degree = len(controls)
        bend = float(np.hypot(*np.diff(points, 2, axis=0).T).max())
        # Wang (1984): so many lines stray by at most the tolerance.
        count = math.ceil(math.sqrt(degree * (degree - 1) / 8 * bend / self.tolerance))
        t = np.linspace(0, 1, min(max(count, 1), MOST_LINES) + 1)[1:, None]
        weights = [math.comb(degree, k) * t**k * (1 - t) ** (degree - k) for k in range(degree + 1)]
        curve = sum(weight * point for weight, point in zip(weights, points, strict=True))
        self.subpaths[-1] += map(tuple, np.asarray(curve).tolist())

    qCurveTo = curveTo  # noqa: N815

    def closePath(self) -> None:  # noqa: N802
        """A line to where the subpath began."""
        self.subpaths[-1].append(self.subpaths[-1][0])

    def endPath(self) -> None:  # noqa: N802
        """An open subpath stays as it is."""

    def _placed(self, point: Size) -> Size:
        x, y = self.matrix.transformPoint(point)
        if not max(abs(x), abs(y)) <= FARTHEST:
            raise UserError(f"a coordinate is not finite, or beyond {FARTHEST:g}")
        return x, y

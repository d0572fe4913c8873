"""Strokes of few points as a pen would have drawn them: bent between the points, sharp at corners.

Catmull and Rom (1974), with the centripetal knots of Yuksel, Schaefer and Keyser (2011), which make
no loops and overshoot little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing

PIECES = 6
CORNER = 75.0
"""Degrees: a stroke that turns by more stays sharp there."""

MOST_PIECES = 64  # between two points, where a spacing says how many


def smoothed(
    drawing: Drawing, pieces: int = PIECES, *, spacing: float | None = None, corner: float = CORNER
) -> Drawing:
    """Bend every stroke between its points, all of which stay where they are.

    Times and pressures are interpolated linearly.

    Args:
        drawing: of few points a stroke, such as a simplified one or a sketcher's.
        pieces: in how many straight pieces each way between two points is cut, at least 1.
        spacing: in place of `pieces`, about how far the new points are from each other; points that
            lie on the one before are left out.
        corner: in degrees; a stroke that turns by more stays sharp there.

    Raises:
        UserError: the spacing is not positive.
    """
    if spacing is not None and not spacing > 0:
        raise UserError(f"a spacing of {spacing} between points is impossible: choose more")
    bent = [_bent(stroke, pieces, spacing, corner) for stroke in drawing]

    def between(columns: tuple[Array, ...] | None) -> list[Array] | None:
        if columns is None:
            return None
        return [
            np.interp(stops, np.arange(len(column)), column)
            for (stops, _), column in zip(bent, columns, strict=True)
        ]

    strokes = [points for _, points in bent]
    return Drawing(strokes, between(drawing.times), between(drawing.pressures))


def _bent(stroke: Array, pieces: int, spacing: float | None, corner: float) -> tuple[Array, Array]:
    """A stroke (N, 2) as a curve (M, 2), and where its points lie among the stroke's, as in 1.5."""
    kept = np.arange(len(stroke)) if spacing is None else _moving(stroke)
    points = stroke[kept]
    steps = np.diff(points, axis=0)
    sharp = np.concatenate([[True], _turns(steps) > corner, [True]])[: len(points)]
    if spacing is None:
        counts = np.full(len(steps), pieces)
    else:
        counts = np.clip(np.round(np.hypot(*steps.T) / spacing), 1, MOST_PIECES).astype(int)
        counts[sharp[:-1] & sharp[1:]] = 1  # a straight line
    step = np.repeat(np.arange(len(steps)), counts)
    share = (np.arange(len(step)) - np.repeat(counts.cumsum() - counts, counts)) / counts[step]
    stops = kept[step] + share * (kept[step + 1] - kept[step])
    curve = _hermite(points, steps, sharp, step, share[:, None])
    return np.append(stops, len(stroke) - 1.0), np.concatenate([curve, points[-1:]])


def _hermite(
    points: Array,
    steps: Array,
    sharp: npt.NDArray[np.bool_],
    step: npt.NDArray[np.intp],
    share: Array,
) -> Array:
    """Points (M, 2) of the spline at shares (M, 1) of some of its steps (M,)."""
    knots = np.maximum(np.sqrt(np.hypot(*steps.T)), 1e-9)[:, None]  # centripetal: √ of the length
    speeds = steps / knots
    # At a point the mean of the speeds on its two sides, of which the shorter side counts more.
    before, after = knots[:-1], knots[1:]
    inner = (after * speeds[:-1] + before * speeds[1:]) / (before + after)
    corners = sharp[1:-1, None]
    leaving = np.concatenate([speeds[:1], np.where(corners, speeds[1:], inner)])
    arriving = np.concatenate([np.where(corners, speeds[:-1], inner), speeds[-1:]])
    curve: Array = (
        (1 + 2 * share) * (1 - share) ** 2 * points[step]
        + share**2 * (3 - 2 * share) * points[step + 1]
        + knots[step] * share * (1 - share) * ((1 - share) * leaving[step] - share * arriving[step])
    )  # cubic Hermite
    return curve


def _moving(stroke: Array) -> npt.NDArray[np.intp]:
    """The numbers of the points of a stroke that do not lie on the one before."""
    return np.flatnonzero(np.concatenate([[True], (stroke[1:] != stroke[:-1]).any(1)]))


def _turns(steps: Array) -> Array:
    """By how many degrees a stroke turns at each of its inner points, from its steps (N - 1, 2)."""
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    turns: Array = np.abs((np.diff(angles) + 180) % 360 - 180)
    return turns

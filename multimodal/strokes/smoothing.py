"""Strokes of few points as a pen would have drawn them: bent between the points, sharp at corners.

Catmull and Rom (1974), with the centripetal knots of Yuksel, Schaefer and Keyser (2011), which make
no loops and overshoot little.
"""

from __future__ import annotations

import numpy as np

from multimodal.strokes.drawing import Array, Drawing

PIECES = 6
CORNER = 75.0
"""Degrees: a stroke that turns by more stays sharp there."""


def smoothed(drawing: Drawing, pieces: int = PIECES) -> Drawing:
    """Bend every stroke between its points, all of which stay where they are.

    Times and pressures are interpolated linearly.

    Args:
        drawing: of few points a stroke, such as a simplified one or a sketcher's.
        pieces: in how many straight pieces each way between two points is cut, at least 1.
    """
    stops = [np.linspace(0, len(stroke) - 1, (len(stroke) - 1) * pieces + 1) for stroke in drawing]

    def between(columns: tuple[Array, ...] | None) -> list[Array] | None:
        if columns is None:
            return None
        return [
            np.interp(at, np.arange(len(column)), column)
            for at, column in zip(stops, columns, strict=True)
        ]

    strokes = [_bent(stroke, pieces) for stroke in drawing]
    return Drawing(strokes, between(drawing.times), between(drawing.pressures))


def _bent(stroke: Array, pieces: int) -> Array:
    """A stroke (n, 2) → ((n - 1) * pieces + 1, 2)."""
    if len(stroke) < 3:
        share = np.linspace(0, 1, (len(stroke) - 1) * pieces + 1)[:, None]
        return stroke[:1] + share * (stroke[-1:] - stroke[:1])
    steps = np.diff(stroke, axis=0)
    knots = np.maximum(np.sqrt(np.hypot(*steps.T)), 1e-9)[:, None]  # centripetal: √ of the length
    speeds = steps / knots
    # At a point the mean of the speeds on its two sides, of which the shorter side counts more.
    before, after = knots[:-1], knots[1:]
    inner = (after * speeds[:-1] + before * speeds[1:]) / (before + after)
    corners = _turns(steps)[:, None] > CORNER
    leaving = np.concatenate([speeds[:1], np.where(corners, speeds[1:], inner)])
    arriving = np.concatenate([np.where(corners, speeds[:-1], inner), speeds[-1:]])
    share = (np.arange(pieces) / pieces)[:, None, None]  # of the way from each point to the next
    bent = (
        (1 + 2 * share) * (1 - share) ** 2 * stroke[:-1]
        + share**2 * (3 - 2 * share) * stroke[1:]
        + knots * share * (1 - share) * ((1 - share) * leaving - share * arriving)
    )  # cubic Hermite: (pieces, n - 1, 2)
    return np.concatenate([bent.swapaxes(0, 1).reshape(-1, 2), stroke[-1:]])


def _turns(steps: Array) -> Array:
    """By how many degrees a stroke turns at each of its inner points, from its steps (n - 1, 2)."""
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    turns: Array = np.abs((np.diff(angles) + 180) % 360 - 180)
    return turns

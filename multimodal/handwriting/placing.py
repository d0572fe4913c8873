"""Where a written line stands: its baseline, its words, and how lines become a page.

The window says which character each point belongs to. From that follow the baseline, the slope and
the gaps between words of a line, without any reading of the strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from multimodal.handwriting.written import WrittenLine
from multimodal.strokes import Drawing, from_stroke3
from multimodal.strokes.drawing import Array

STANDING = frozenset("abcdehiklmnorstuvwxABCDEFGHIKLMNOPRSTUVWXYZ0123456789")
"""Characters whose lowest point is on the baseline."""

RAISED = frozenset("-=+~\"'^*`")
"""Characters that float above the baseline."""

X_HEIGHT = 42.0
"""Units from the baseline to the top of an "x", in writing of the usual size (a median)."""

USUAL_GAP = 50.0
"""Units between two words where a line does not tell."""

LEAST_GAP, MOST_GAP = 45.0, 90.0
MOST_MOVED = 45.0
"""A word that is nearer to the one before it than `LEAST_GAP` is moved away, by at most so much."""

LEAST_STANDING = 5  # characters that it takes to see a slope
STEEPEST = 0.15  # slopes beyond are the writer's own, or a slip of the window


@dataclass(frozen=True, eq=False)
class PlacedLine:
    """A line whose baseline is y = 0 and whose leftmost point is at x = 0.

    Attributes:
        drawing: in the units of the data.
        width: to its rightmost point.
        gap: between its words, None where it has but one.
    """

    drawing: Drawing
    width: float
    gap: float | None


def placed(line: WrittenLine, text: str, scale: float) -> PlacedLine:
    """Find out where a line stands, and lay it level.

    Args:
        line: as the network wrote it.
        text: what it says.
        scale: units of the data, of which the network's unit is so many.
    """
    points = line.rows[:, :2].cumsum(0, dtype=np.float64) * scale  # (N, 2)
    points -= (points[:, 0].min(), 0)
    bottoms = _bottoms(points, line, text)
    slope = _slope(bottoms)
    points[:, 1] -= slope * points[:, 0]
    bottoms[:, 1] -= slope * bottoms[:, 0]
    points[:, 1] -= _baseline(points, bottoms, text)
    _part_words(points, line, text)
    points[:, 0] -= points[:, 0].min()
    steps = np.diff(points, axis=0, prepend=[[0.0, 0.0]])
    drawing = from_stroke3(np.column_stack([steps, line.rows[:, 2]]))
    return PlacedLine(drawing, float(points[:, 0].max()), _gap(points, line, text))


def joined(lines: Sequence[PlacedLine], gap: float) -> Drawing:
    """Pieces of one line, side by side, with a gap between two."""
    strokes: list[Array] = []
    left = 0.0
    for line in lines:
        strokes += line.drawing.moved(left, 0).strokes
        left += line.width + gap
    return Drawing(strokes)


def usual_gap(lines: Sequence[PlacedLine]) -> float:
    """The gap between words that fits to lines of one writer."""
    gaps = [line.gap for line in lines if line.gap is not None]
    return float(np.clip(np.median(gaps), LEAST_GAP, MOST_GAP)) if gaps else USUAL_GAP


def _bottoms(points: Array, line: WrittenLine, text: str) -> Array:
    """The lowest point of each character that stands on the baseline: (characters, 2)."""
    found = []
    for cell, letter in enumerate(text):
        if letter in STANDING:
            own = points[line.looks == cell]
            if len(own) > 1:
                found.append(own[own[:, 1].argmax()])
    return np.array(found).reshape(-1, 2)


def _slope(bottoms: Array) -> float:
    """The slope of the baseline: the median over pairs of characters (Theil 1950, Sen 1968)."""
    if len(bottoms) < LEAST_STANDING:
        return 0.0
    first, second = np.triu_indices(len(bottoms), 1)
    away, up = (bottoms[second] - bottoms[first]).T
    far = away > X_HEIGHT
    if not far.any():
        return 0.0
    slope = float(np.median(up[far] / away[far]))
    return slope if abs(slope) <= STEEPEST else 0.0


def _baseline(points: Array, bottoms: Array, text: str) -> float:
    if len(bottoms):
        return float(np.median(bottoms[:, 1]))
    lowest = float(points[:, 1].max())
    floats = set(text) <= RAISED | {" "}
    return lowest + X_HEIGHT / 2 if floats else lowest


def _part_words(points: Array, line: WrittenLine, text: str) -> None:
    """Move words that nearly touch away from each other, in place."""
    starts = np.concatenate([[0], np.flatnonzero(line.rows[:-1, 2] > 0) + 1])  # of strokes
    for cell in (number for number, letter in enumerate(text) if letter == " "):
        later = np.flatnonzero(line.looks > cell)
        if not len(later) or line.looks[0] >= cell:
            continue
        first = int(later[0])
        start = int(starts[np.searchsorted(starts, first, side="right") - 1])
        if line.looks[start] < cell:
            continue  # the pen went from word to word without a lift
        behind = text.find(" ", cell + 1)
        word = points[start:][line.looks[start:] < (behind if behind > 0 else len(text))]
        former = points[:start][line.looks[:start] > text.rfind(" ", 0, cell)]
        if not len(word) or not len(former):
            continue
        # Dots and crosses that came late stand among the points of the next word: not its edge.
        gap = np.quantile(word[:, 0], 0.04) - np.quantile(former[:, 0], 0.98)
        points[start:, 0] += np.clip(LEAST_GAP - gap, 0.0, MOST_MOVED)


def _gap(points: Array, line: WrittenLine, text: str) -> float | None:
    """The median gap at the spaces of a line."""
    gaps = []
    for cell, letter in enumerate(text):
        before, after = line.looks < cell, line.looks > cell
        if letter == " " and before.any() and after.any():
            gap = points[after, 0].min() - points[before, 0].max()
            if gap > 0:
                gaps.append(gap)
    return float(np.median(gaps)) if gaps else None

"""A page → its lines: which strokes belong together, whatever the slope and the order.

A stroke belongs to the line that it lies closest to, up and down, where the line has its nearest
ink. So lines may climb, and a dot that is set late still finds its letter. Only what is as high as
a letter opens a new line; dots, dashes and commas follow the strokes that were drawn around them.
What turns out to run along another line rather than under it, such as what a tall letter opened, is
joined to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.recognition.handwriting.tracks import letter_height
from multimodal.strokes import Drawing

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

APART = 1.5
"""Heights of small letters between a line's middle and a stroke that opens another."""

SMALL = 0.6
"""Heights of small letters below which a stroke opens no line."""

REACH = 1.5
"""Heights of small letters after which a neighbour's say in where the line is falls to a third."""

ALONG = 6.0
"""The same of two lines: after how far their strokes say less about whether they are one."""

_LEFT, _RIGHT, _MIDDLE = range(3)


def cut_lines(strokes: Sequence[Floats]) -> list[list[int]]:
    """Find the lines of a page.

    Args:
        strokes: (n, 2) each, y down, any unit.

    Returns:
        The numbers of each line's strokes in the order in which they were drawn, the uppermost line
        first. A page without strokes has no line.
    """
    if not strokes:
        return []
    unit = letter_height(strokes)
    boxes = np.array([_box(stroke) for stroke in strokes]) / unit
    heights = np.array([np.ptp(stroke[:, 1]) for stroke in strokes]) / unit
    large = heights >= SMALL
    if not large.any():
        large[:] = True
    opened = np.flatnonzero(large)
    lines = np.full(len(strokes), -1)
    lines[opened] = _joined(boxes[opened], _opened(boxes[opened]))
    _place_small(boxes, lines, opened)
    middles = [float(boxes[opened][lines[opened] == line, _MIDDLE].mean()) for line in _each(lines)]
    ranking = np.argsort(middles, kind="stable")
    return [np.flatnonzero(lines == line).tolist() for line in ranking]


def lines_of(drawing: Drawing, one_line: bool) -> list[list[int]]:
    """The numbers of the strokes of each line."""
    if not one_line:
        return cut_lines(drawing.strokes)
    return [list(range(len(drawing)))] if len(drawing) else []


def _box(stroke: Floats) -> tuple[float, float, float]:
    """Left, right and middle of a stroke, the middle of its ink rather than of its ends."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    middles = (stroke[1:, 1] + stroke[:-1, 1]) / 2
    total = float(steps.sum())
    middle = float(middles @ steps) / total if total else float(stroke[:, 1].mean())
    return float(stroke[:, 0].min()), float(stroke[:, 0].max()), middle


def _each(lines: Ints) -> range:
    """The numbers of all lines, which follow each other from 0."""
    return range(int(lines.max(initial=-1)) + 1)


def _offsets(boxes: Floats, lines: Ints, box: Floats) -> tuple[Floats, Floats]:
    """How far a stroke lies below each line (L,), where that comes nearest, and how near that is.

    Both in heights of small letters; the second is 0 where one lies over the other.
    """
    gaps = np.maximum(0, np.maximum(boxes[:, _LEFT] - box[_RIGHT], box[_LEFT] - boxes[:, _RIGHT]))
    nearest = np.full(len(_each(lines)), np.inf)
    np.minimum.at(nearest, lines, gaps)
    say = np.exp((nearest[lines] - gaps) / REACH)
    middles = np.bincount(lines, say * boxes[:, _MIDDLE]) / np.bincount(lines, say)
    return box[_MIDDLE] - middles, nearest


def _opened(boxes: Floats) -> Ints:
    """The line of each large stroke (n,), one after the other: the nearest, or a new one."""
    lines = np.zeros(len(boxes), np.int64)
    for number in range(1, len(boxes)):
        offsets, _ = _offsets(boxes[:number], lines[:number], boxes[number])
        nearest = int(np.abs(offsets).argmin())
        lines[number] = nearest if abs(offsets[nearest]) <= APART else len(offsets)
    return lines


def _joined(boxes: Floats, lines: Ints) -> Ints:
    """Lines (n,) of which none runs along another; the nearest are joined first."""
    while (count := len(_each(lines))) > 1:
        apart = _apart(boxes, lines)
        one, other = sorted(divmod(int(apart.argmin()), count))
        if apart[one, other] > APART and apart[other, one] > APART:
            break
        lines = np.where(lines == other, one, lines - (lines > other))
    return lines


def _apart(boxes: Floats, lines: Ints) -> Floats:
    """How far each line runs above or below each other one (L, L), where they come nearest."""
    order = np.argsort(lines, kind="stable")
    begins = np.searchsorted(lines[order], _each(lines))
    found = [_offsets(boxes, lines, boxes[number]) for number in order]
    offsets, gaps = (np.array(each) for each in zip(*found, strict=True))  # (n, L)
    nearest = np.minimum.reduceat(gaps, begins)[lines[order]]
    widths = (boxes[order, _RIGHT] - boxes[order, _LEFT] + SMALL)[:, None]
    say = widths * np.exp((nearest - gaps) / ALONG)
    apart = np.abs(np.add.reduceat(say * offsets, begins) / np.add.reduceat(say, begins))
    np.fill_diagonal(apart, np.inf)
    return apart


def _place_small(boxes: Floats, lines: Ints, opened: Ints) -> None:
    """Give small strokes to the line of the strokes drawn before or after, or to the nearest."""
    of_opened, placed = lines[opened], boxes[opened]
    for number in np.flatnonzero(lines < 0):
        distances = np.abs(_offsets(placed, of_opened, boxes[number])[0])
        after = int(np.searchsorted(opened, number))
        around = of_opened[max(0, after - 1) : after + 1]
        nearest = int(around[distances[around].argmin()])
        far = distances[nearest] > 1.5 * APART
        lines[number] = int(distances.argmin()) if far else nearest

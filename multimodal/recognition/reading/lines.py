"""A page → its lines: which strokes belong together, whatever the slope and the order.

A stroke belongs to the line that it lies closest to, up and down, where the line has its nearest
ink. So lines may climb, and a dot that is set late still finds its letter. Only what is as high as
a letter opens a new line; dots, dashes and commas follow the strokes that were drawn around them.
What turns out to run along another line rather than under it, such as what a tall letter opened, is
joined to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import numpy.typing as npt

from multimodal.recognition.reading.tracks import letter_height

Floats = npt.NDArray[np.float64]

APART = 1.5
"""Heights of small letters between a line's middle and a stroke that opens another."""

SMALL = 0.6
"""Heights of small letters below which a stroke opens no line."""

REACH = 1.5
"""Heights of small letters after which a neighbour's say in where the line is falls to a third."""

ALONG = 6.0
"""The same of two lines: after how far their strokes say less about whether they are one."""


@dataclass
class _Line:
    """The strokes of a line so far: their numbers, and left, right and middle of each."""

    numbers: list[int] = field(default_factory=list)
    boxes: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, number: int, box: tuple[float, float, float]) -> None:
        self.numbers.append(number)
        self.boxes.append(box)

    def distance(self, box: tuple[float, float, float]) -> float:
        """How far a stroke lies above or below the line, where the line comes nearest to it."""
        return abs(self.offset(box)[0])

    def offset(self, box: tuple[float, float, float]) -> tuple[float, float]:
        """How far a stroke lies below the line, where the line comes nearest, and how near that is.

        Both in heights of small letters; the second is 0 where one lies over the other.
        """
        left, right, middle = box
        boxes = np.array(self.boxes)
        gaps = np.maximum(0, np.maximum(boxes[:, 0] - right, left - boxes[:, 1]))
        nearest = float(gaps.min())
        say = np.exp((nearest - gaps) / REACH)
        return middle - float(np.average(boxes[:, 2], weights=say)), nearest

    def apart(self, other: _Line) -> float:
        """How far another line runs above or below this one, where they come nearest."""
        offsets, gaps = np.array([self.offset(box) for box in other.boxes]).T
        widths = np.array([right - left + SMALL for left, right, _ in other.boxes])
        say = widths * np.exp((gaps.min() - gaps) / ALONG)
        return abs(float(np.average(offsets, weights=say)))


def cut_lines(strokes: Sequence[npt.NDArray[np.float64]]) -> list[list[int]]:
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
    boxes = [_box(stroke, unit) for stroke in strokes]
    heights = [float(np.ptp(stroke[:, 1])) / unit for stroke in strokes]
    large = [number for number, height in enumerate(heights) if height >= SMALL]
    lines: list[_Line] = []
    line_of: dict[int, _Line] = {}
    for number in large or range(len(strokes)):
        line = min(lines, key=lambda line: line.distance(boxes[number]), default=None)
        if line is None or line.distance(boxes[number]) > APART:
            line = _Line()
            lines.append(line)
        line.add(number, boxes[number])
        line_of[number] = line
    lines = _joined(lines)
    line_of = {number: line for line in lines for number in line.numbers}
    placed = np.array(sorted(line_of))
    for number in sorted(set(range(len(strokes))) - set(line_of)):
        line = _around(number, placed, line_of, boxes[number]) or min(
            lines, key=lambda line: line.distance(boxes[number])
        )
        line.numbers.append(number)
    lines.sort(key=lambda line: float(np.mean([middle for _, _, middle in line.boxes])))
    return [sorted(line.numbers) for line in lines]


def _joined(lines: list[_Line]) -> list[_Line]:
    """Lines of which none runs along another; each is joined to the one that it is nearest to."""
    while len(lines) > 1:
        pairs = [(one.apart(other), one, other) for one, other in permutations(lines, 2)]
        apart, one, other = min(pairs, key=lambda pair: pair[0])
        if apart > APART:
            break
        one.numbers += other.numbers
        one.boxes += other.boxes
        lines = [line for line in lines if line is not other]
    return lines


def _around(
    number: int,
    placed: npt.NDArray[np.int64],
    line_of: dict[int, _Line],
    box: tuple[float, float, float],
) -> _Line | None:
    """The line of the strokes before and after a small one, unless it is far from both."""
    after = int(np.searchsorted(placed, number))
    around = [line_of[int(n)] for n in placed[max(0, after - 1) : after + 1]]
    nearest = min(around, key=lambda line: line.distance(box))
    return nearest if nearest.distance(box) <= 1.5 * APART else None


def _box(stroke: npt.NDArray[np.float64], unit: float) -> tuple[float, float, float]:
    """Left, right and middle of a stroke, the middle of its ink rather than of its ends."""
    left, right = stroke[:, 0].min(), stroke[:, 0].max()
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    middles = (stroke[1:, 1] + stroke[:-1, 1]) / 2
    total = float(steps.sum())
    middle = float(middles @ steps) / total if total else float(stroke[:, 1].mean())
    return float(left) / unit, float(right) / unit, middle / unit

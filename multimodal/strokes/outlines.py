"""Ink that programs save as its outline: the line that the pen followed.

Whiteboards with pens of varying width (perfect-freehand, in tldraw and Excalidraw) write a stroke
as a filled area: along its left side, around its end, and back along its right side. Here both
sides are closed like a zip, from the tip at which the outline folds best; what lies in the middle
between them is the stroke.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from multimodal.strokes.drawing import Array
from multimodal.strokes.svg_path import Outline

Rungs = npt.NDArray[np.intp]

LONGER = 5.0
"""How much longer than wide an outline is at least, before it is taken for a stroke."""

CURVES, LINES, LONGEST_SEGMENT = 24, 60, 1 / 6
"""Pens leave so many curves, or lines alone, and none longer than this part of the outline."""

SHORT = 3.0
"""The same of ticks beside longer strokes; a round dot has 2.1."""

UNEVEN = 2.5
"""How much wider than usual a stroke may be over a tenth of its length."""

MOST_RUNGS, MOST_TIPS, REACH = 4000, 12, 13
"""Steps of a zip, tips from which it is tried, and points around one that tell it."""

ROUND = 3
"""Steps around a tip on either side: a half circle at three steps a width."""

CAP = 0.9
"""The part of its usual width that an outline has where its caps begin."""

DOT = 3.0
"""What is not larger than so many widths of the pen, beside strokes of it, is a dot or a tick."""


def is_freehand(outline: Outline) -> bool:
    """Whether the segments of an outline are as many and as short as those of a pen."""
    if len(outline.subpaths) != 1 or len(outline.subpaths[0].curves) < CURVES:
        return False
    curves = outline.subpaths[0].curves
    bent = sum(not straight for *_, straight in curves)
    if bent < max(CURVES, 0.9 * len(curves)) and (bent or len(curves) < LINES):
        return False
    steps = np.hypot(*np.diff(outline.ends, axis=0).T)
    return bool(steps.max() <= LONGEST_SEGMENT * steps.sum())


def centre_lines(outlines: Sequence[Array]) -> list[Array | None]:
    """The strokes within outlines, one by one; None where an outline is no stroke.

    Small outlines beside strokes are dots and ticks of the same pen; alone they are shapes.

    Args:
        outlines: closed lines (n, 2), each of one area.
    """
    lines = [_centre_line(outline, LONGER) for outline in outlines]
    widths = [
        _width(outline) for outline, line in zip(outlines, lines, strict=True) if line is not None
    ]
    if not widths:
        return lines
    pen = float(np.median(widths))
    return [
        line if line is not None else _small(outline, pen)
        for outline, line in zip(outlines, lines, strict=True)
    ]


def _small(outline: Array, pen: float) -> Array | None:
    """A dot as its one point, a tick as its line."""
    extent = float(np.ptp(outline, axis=0).max())
    line = _centre_line(outline, SHORT)
    if line is not None or extent > DOT * pen:
        return line
    dot: Array = outline.mean(0, keepdims=True)
    return dot


def _width(outline: Array) -> float:
    """How wide a long strip is: twice its area over its outline."""
    x, y = outline.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    around = float(_steps(outline).sum())
    return 2 * area / around if around else 0.0


def _centre_line(outline: Array, longer: float) -> Array | None:
    width, around = _width(outline), float(_steps(outline).sum())
    if width <= 0 or around / 2 < (longer + 1) * width:
        return None
    ring = _even(outline, min(MOST_RUNGS, max(16, round(around / (width / 3)))))
    tips = _tips(ring)
    apart, rungs = min(
        ((_apart(ring, zipped), zipped) for zipped in (_zip(ring, tip) for tip in tips)),
        key=lambda pair: pair[0],
    )
    rungs = _from_both_tips(ring, rungs, tips)
    middle = ring[rungs].mean(1)
    length = float(np.hypot(*np.diff(middle, axis=0).T).sum())
    if apart > UNEVEN * width or not 0.3 < length / around < 0.6:
        return None
    line = _without_caps(middle, ring[rungs], width)
    begin, end = np.hypot(*(line[[0, -1]] - outline[0]).T)
    if begin > end:  # outlines begin where the pen did
        line = line[::-1]
    return line


def _apart(ring: Array, rungs: Rungs) -> float:
    """How far apart the sides are nearly everywhere."""
    return float(np.quantile(np.hypot(*(ring[rungs[:, 0]] - ring[rungs[:, 1]]).T), 0.9))


def _without_caps(middle: Array, sides: Array, width: float) -> Array:
    """A line without its ends, where the outline turns around the tips of the pen."""
    wide = np.flatnonzero(np.hypot(*(sides[:, 0] - sides[:, 1]).T) >= CAP * width)
    line: Array = middle[wide[0] : wide[-1] + 1] if len(wide) > 1 else middle
    return line


def _steps(ring: Array) -> Array:
    steps = np.roll(ring, -1, axis=0) - ring
    lengths: Array = np.hypot(steps[:, 0], steps[:, 1])
    return lengths


def _even(ring: Array, count: int) -> Array:
    """So many points at equal distances around a ring."""
    way = np.concatenate([[0.0], _steps(ring).cumsum()])
    stops = np.linspace(0, way[-1], count, endpoint=False)
    closed = np.concatenate([ring, ring[:1]])
    return np.column_stack([np.interp(stops, way, axis) for axis in closed.T])


def _tips(ring: Array) -> list[int]:
    """Where a ring (n, 2) may have a tip: where it folds closely on itself, best first."""
    count = len(ring)
    away = np.arange(1, min(REACH, count // 2))
    at = np.arange(count)[:, None]
    gaps = ring[(at + away) % count] - ring[(at - away) % count]
    folds = np.hypot(gaps[..., 0], gaps[..., 1]).mean(1)
    lowest = (folds <= np.roll(folds, 1)) & (folds <= np.roll(folds, -1))
    tips = np.flatnonzero(lowest)
    found: list[int] = tips[np.argsort(folds[tips], kind="stable")][:MOST_TIPS].tolist()
    return found


def _from_both_tips(ring: Array, rungs: Rungs, tips: Sequence[int]) -> Rungs:
    """The same zip, its second half closed from the other tip: a zip runs askew at its end."""
    count, end = len(ring), int(rungs[-1, 0])
    away = [min((tip - end) % count, (end - tip) % count) for tip in tips]
    if min(away) > REACH:
        return rungs
    other = _zip(ring, tips[int(np.argmin(away))])[:, ::-1]
    half = len(rungs) // 2
    (meets,) = np.nonzero(other[:, 0] == rungs[half, 0])
    return np.concatenate([rungs[:half], other[: meets[0]][::-1]]) if len(meets) else rungs


def _zip(ring: Array, tip: int) -> Rungs:
    """Close a ring from its tip: pairs of points (n, 2), each as near as the next step allows."""
    count = len(ring)
    points = [complex(x, y) for x, y in ring.tolist()]
    left = right = ROUND  # steps from the tip, forwards and backwards
    rungs = [((tip + step) % count, (tip - step) % count) for step in range(ROUND + 1)]
    while left + right < count - 2:
        ahead = points[(tip + left + 1) % count], points[(tip + left) % count]
        behind = points[(tip - right - 1) % count], points[(tip - right) % count]
        both = abs(ahead[0] - behind[0])
        one, other = abs(ahead[0] - behind[1]), abs(ahead[1] - behind[0])
        if both <= min(one, other):
            left, right = left + 1, right + 1
        elif one <= other:
            left += 1
        else:
            right += 1
        rungs.append(((tip + left) % count, (tip - right) % count))
    return np.array(rungs)

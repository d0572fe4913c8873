r"""Online handwriting as data: what was written, by whom, and how the pen went.

Labels and samples of data sets are cleaned by the rules of `clean_text` and `believable`:

- labels: UNIPEN escapes a backslash as ``\\`` and marks joins between letters as ``\@``; both are
  undone, runs of white space become one space, and a sample whose label is empty or holds anything
  but printable ASCII is left out;
- at least `LEAST_POINTS` points a character, and ink of at least `LEAST_INK` and at most `MOST_INK`
  line spreads a character: else the label says more or less than was written;
- no wider than `MOST_WIDTH` line spreads a character and no higher than `MOST_HEIGHT` in all: else
  the scale is wrong, or several lines are taken for one;
- no line that wraps: after a leap of the lifted pen to the left by `LEAP` line spreads or more,
  what follows must not lie lower, on average, by more than `LOWER` of the whole height.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.splits import Split
from multimodal.strokes.drawing import Drawing

Offsets: TypeAlias = npt.NDArray[np.int16]

SPREAD = 20
"""Units of a writer's line spread: the standard deviation of the heights of a line's points."""

LEAST_POINTS = 3
LEAST_INK, MOST_INK = 0.75, 17.5
MOST_WIDTH, MOST_HEIGHT = 6.0, 12.0
LEAP, LOWER = 8.0, 0.4


@dataclass(frozen=True, eq=False)
class Handwritten:
    """A piece of somebody's handwriting.

    Attributes:
        text: what was written, in printable ASCII.
        writer: a number that stands for the writer.
        offsets: (N, 3) dx to the right, dy down, and whether the pen is lifted after this point;
            `SPREAD` units are the spread of the writer's lines. The first offset is (0, 0).
    """

    text: str
    writer: int
    offsets: Offsets

    @property
    def strokes(self) -> list[npt.NDArray[np.int64]]:
        """The points (n, 2) of each stroke."""
        points = self.offsets[:, :2].cumsum(0, dtype=np.int64)
        return np.split(points, np.flatnonzero(self.offsets[:-1, 2]) + 1)

    @property
    def drawing(self) -> Drawing:
        """The same as a drawing."""
        return Drawing(self.strokes)


def writer_split(writer: int) -> Split:
    """Say which part a writer belongs to: one in ten is test, one dev."""
    return "test" if writer % 10 == 0 else "dev" if writer % 10 == 1 else "train"


def clean_text(label: str) -> str:
    r"""Undo UNIPEN's escapes in a label: ``\\`` is a backslash, ``\@`` a join that is no letter.

    Returns:
        The text with single spaces; "" where it holds anything but printable ASCII.
    """
    plain = re.sub(r"\\(\\|@)", lambda escape: "" if escape[1] == "@" else "\\", label)
    text = " ".join(plain.split())
    return text if text.isascii() and text.isprintable() else ""


def believable(
    texts: Sequence[str], offsets: Offsets, ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which samples keep the rules of this module.

    Args:
        texts: of N samples, cleaned.
        offsets: (P, 3) of all of them.
        ends: (N + 1,) where each begins in it, and the end of the last.
    """
    counts = np.diff(ends)
    characters = np.array([len(text) for text in texts])
    kept = (characters > 0) & (counts >= LEAST_POINTS * characters)
    if not kept.any():
        return kept
    steps = offsets[:, :2].astype(np.float64) / SPREAD
    lifted = np.concatenate([[True], offsets[:-1, 2] != 0])  # the pen moved here in the air
    filled = counts > 0
    begins = ends[:-1][filled]
    lifted[begins] = True
    ink, width, height = (np.zeros(len(texts)) for _ in range(3))
    ink[filled] = np.add.reduceat(np.where(lifted, 0, np.hypot(*steps.T)), begins)
    for size, axis in ((width, 0), (height, 1)):
        place = steps[:, axis].cumsum()
        size[filled] = np.maximum.reduceat(place, begins) - np.minimum.reduceat(place, begins)
    kept &= (ink >= LEAST_INK * characters) & (ink <= MOST_INK * characters)
    kept &= (width <= MOST_WIDTH * characters) & (height <= MOST_HEIGHT)
    leaps = np.flatnonzero(lifted & (steps[:, 0] <= -LEAP))
    for number in np.unique(np.searchsorted(ends, leaps, side="right") - 1):
        if kept[number]:
            part = slice(ends[number], ends[number + 1])
            kept[number] = not _wraps(steps[part], lifted[part], height[number])
    return kept


def _wraps(steps: npt.NDArray[np.float64], lifted: npt.NDArray[np.bool_], height: float) -> bool:
    """Whether a sample goes on in a lower line after a leap to the left."""
    ink = np.where(lifted, 0, np.hypot(*steps.T))
    heights = steps[:, 1].cumsum() * ink
    for leap in np.flatnonzero(lifted & (steps[:, 0] <= -LEAP)):
        before, after = ink[:leap].sum(), ink[leap:].sum()
        if before and after:
            lower = heights[leap:].sum() / after - heights[:leap].sum() / before
            if lower > LOWER * height:
                return True
    return False

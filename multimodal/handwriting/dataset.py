"""Handwriting as the network reads it: rows of offsets, texts as numbers, and who wrote it.

What is learnt from is cleaned further than `multimodal.strokes.handwritten` does:

- a sample of more than `limit` points, or of a text that is longer than `MOST_CHARACTERS`, is left
  out;
- so is one where the pen leaps further than `LEAP` units to a side: labels are often wrong there,
  or somebody went back to the beginning of a line to dot every i at the end;
- lines of at least `LEVELLED` characters are laid level: the slope of the straight line through all
  points is taken out where it is below `STEEPEST`;
- UNIPEN's single characters were scaled by their own spread, which makes them smaller than the same
  characters in words: they are enlarged by `CHARACTER_SIZE` (the median over writers of the height
  of an "x" in words, over that of an "x" alone).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.handwriting.alphabet import encode
from multimodal.strokes.handwritten import Handwritten, Kind

Rows: TypeAlias = npt.NDArray[np.float32]
"""(N, 3): dx, dy, pen lifted after. The first row is the first point itself, at (0, 0)."""

LEAP = 400
MOST_CHARACTERS = 90
LEVELLED, STEEPEST = 8, 0.3
CHARACTER_SIZE = 1.15


@dataclass(frozen=True, eq=False)
class HandwritingDataset:
    """Pieces of handwriting to learn from or to measure on.

    Attributes:
        rows: of every piece (N, 3).
        texts: of every piece, its numbers with the END cell.
        writers: (pieces,) who wrote each.
        kinds: (pieces,) "lines", "words" or "characters".
    """

    rows: list[Rows]
    texts: list[list[int]]
    writers: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(pieces,) the points of each."""
        return np.array([len(rows) for rows in self.rows], dtype=np.int64)

    def subsample(self, most: int) -> HandwritingDataset:
        """At most so many pieces, taken evenly from all."""
        return self.subset(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))

    def subset(self, which: Sequence[int] | npt.NDArray[np.int64]) -> HandwritingDataset:
        """Those pieces alone."""
        numbers = np.asarray(which, dtype=np.int64)
        return HandwritingDataset(
            [self.rows[number] for number in numbers],
            [self.texts[number] for number in numbers],
            self.writers[numbers],
            self.kinds[numbers],
        )


def handwriting_dataset(
    samples: Iterable[tuple[Kind, Handwritten]], limit: int
) -> HandwritingDataset:
    """Make pieces of samples, by the rules of this module; what breaks them is left out."""
    rows, texts, writers, kinds = [], [], [], []
    for kind, sample in samples:
        piece = sample.offsets.astype(np.float32)
        if not usable(piece, sample.text, limit):
            continue
        if kind == "characters":
            piece[:, :2] *= CHARACTER_SIZE
        if kind == "lines" and len(sample.text) >= LEVELLED:
            piece = levelled(piece)
        rows.append(piece)
        texts.append(encode(sample.text))
        writers.append(sample.writer)
        kinds.append(kind)
    return HandwritingDataset(
        rows, texts, np.array(writers, dtype=np.int64), np.array(kinds, dtype=str)
    )


def usable(rows: Rows, text: str, limit: int) -> bool:
    """Whether a piece keeps the rules of this module.

    Args:
        rows: (N, 3).
        text: what they say.
        limit: the most points.
    """
    fits = 2 <= len(rows) <= limit and len(text) <= MOST_CHARACTERS
    return fits and float(np.abs(rows[:, 0]).max()) <= LEAP


def levelled(rows: Rows) -> Rows:
    """Rows (N, 3) without the slope of the straight line through all points."""
    x, y = rows[:, :2].cumsum(0, dtype=np.float64).T
    x = x - x.mean()
    spread = float(x @ x)
    slope = float(x @ (y - y.mean())) / spread if spread else 0.0
    if abs(slope) >= STEEPEST:
        return rows
    level = rows.copy()
    level[:, 1] -= slope * rows[:, 0]
    return level


def scale_of(script: HandwritingDataset) -> float:
    """The standard deviation of all dx and dy together: what the network divides by.

    Raises:
        UserError: nothing moves.
    """
    offsets = np.concatenate([rows[:, :2] for rows in script.rows]) if len(script) else np.zeros(1)
    scale = float(offsets.std(dtype=np.float64))
    if not scale > 0:
        raise UserError("there is no handwriting to learn from")
    return scale

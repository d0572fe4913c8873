"""Many drawings as flat arrays, so that numpy handles a whole batch of unequal strokes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.recognition.arrays import Floats, Ints
from multimodal.strokes import Drawing


@dataclass(frozen=True)
class StrokeBatch:
    """The strokes of B drawings, K in all, one after the other.

    Attributes:
        points: (P, 2) of all strokes; x to the right, y down, in each drawing's own unit.
        sizes: (K,) how many points each stroke has, at least one.
        counts: (B,) how many strokes each drawing has.
    """

    points: Floats
    sizes: Ints
    counts: Ints

    @classmethod
    def of(cls, drawings: Sequence[Drawing]) -> StrokeBatch:
        """Lay drawings out."""
        strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
        return cls(
            np.concatenate([np.zeros((0, 2)), *strokes]),
            np.array([len(stroke) for stroke in strokes], dtype=np.int64),
            np.array([len(drawing.strokes) for drawing in drawings], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def drawing_of_stroke(self) -> Ints:
        """(K,) the drawing to which each stroke belongs."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def stroke_of_point(self) -> Ints:
        """(P,) the stroke to which each point belongs."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def boxes(self) -> tuple[Floats, Floats]:
        """The left top and the right bottom of each stroke, (K, 2) both."""
        starts = starts_of(self.sizes)
        if not len(starts):
            return np.zeros((0, 2)), np.zeros((0, 2))
        return np.minimum.reduceat(self.points, starts), np.maximum.reduceat(self.points, starts)

    def subset(self, drawings: npt.ArrayLike) -> StrokeBatch:
        """Some of the drawings, in the order asked for."""
        which = np.asarray(drawings, dtype=np.int64)
        return self.rearranged(
            ranges(starts_of(self.counts)[which], self.counts[which]), self.counts[which]
        )

    def rearranged(self, strokes: Ints, counts: Ints) -> StrokeBatch:
        """Drawings made of the strokes (numbers) that are named, `counts` of them for each."""
        sizes = self.sizes[strokes]
        return StrokeBatch(
            self.points[ranges(starts_of(self.sizes)[strokes], sizes)], sizes, counts
        )


def starts_of(sizes: Ints) -> Ints:
    """Where each of some groups that lie one after the other begins."""
    return np.cumsum(sizes) - sizes


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """The numbers start, start + 1, … of every group, one group after the other."""
    return np.arange(sizes.sum()) + np.repeat(starts - starts_of(sizes), sizes)

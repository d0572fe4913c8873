"""Drawings as the sequences that the network reads and draws.

The network's rows are stroke-3, (dx, dy, pen lifted after). The pen is on the paper at a drawing's
first point before the first row, as in the public sketch-rnn data: a drawing of N + 1 points has N
rows, and where on the paper it begins is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.sketching.pen_states import DOWN, END, LIFTED
from multimodal.strokes import Drawing, from_stroke3, to_stroke3

Rows: TypeAlias = npt.NDArray[np.float32]
"""(N, 3): dx, dy, pen lifted after."""

FARTHEST = 1000.0
"""No offset of a data set is longer along either axis: what is, is a slip, and is cut off there."""


def rows_of(drawing: Drawing) -> Rows:
    """The rows (N, 3) of a drawing, N ≥ 1.

    Raises:
        UserError: it has no point at all.
    """
    rows = to_stroke3(drawing)
    if not len(rows):
        raise UserError("a drawing without a point cannot be read")
    if len(rows) > 1 and not rows[0, 2]:
        return rows[1:]
    return np.concatenate([[[0.0, 0.0, rows[0, 2]]], rows[1:]], dtype=np.float32)  # begins by a dot


def drawing_of(rows: Rows, origin: Sequence[float] = (0.0, 0.0)) -> Drawing:
    """The drawing that begins at `origin` and goes on by rows (N, 3)."""
    return from_stroke3(np.concatenate([[[*origin, 0.0]], rows]))


def continued(drawing: Drawing, rows: Rows) -> Drawing:
    """The drawing with further strokes behind its own, which begin where its last one ended."""
    moved = rows.astype(np.float64)
    moved[:1, :2] += drawing.strokes[-1][-1]
    return Drawing([*drawing.strokes, *from_stroke3(moved).strokes])


def scale_of(sequences: Sequence[Rows]) -> float:
    """The standard deviation of all dx and dy together: what the network divides by.

    Raises:
        UserError: nothing moves.
    """
    offsets = np.concatenate([rows[:, :2] for rows in sequences])
    scale = float(offsets.std(dtype=np.float64))
    if not scale > 0:
        raise UserError("the drawings to learn from are dots alone: there is nothing to learn")
    return scale


def padded(
    sequences: Sequence[Rows], scale: float, steps: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Scaled offsets (B, T, 2) and pen states (B, T) of T = `steps`; END behind each last row.

    Args:
        sequences: rows (N, 3) of each drawing.
        scale: the network's unit.
        steps: T.
    """
    offsets = np.zeros((len(sequences), steps, 2))
    pens = np.full((len(sequences), steps), END)
    for row, sequence in enumerate(sequences):
        count = len(sequence)
        offsets[row, :count] = sequence[:, :2]
        pens[row, :count] = np.where(sequence[:, 2] > 0, LIFTED, DOWN)
    return offsets / scale, pens


class LabelledSequences:
    """Drawings of many categories as rows, with their categories' numbers.

    Attributes:
        categories: how many there are.
        rows: of every drawing (N, 3).
        labels: (drawings,) the category of each.
        is_extra: (drawings,) whether each is an extra one.
        left_out: how many were too long.

    Args:
        drawings: category → its drawings.
        categories: in the order of their numbers; others' drawings are not looked at.
        longest: drawings of more rows are left out.
        extra: further drawings that are no person's, as `drawings`.
    """

    def __init__(
        self,
        drawings: Mapping[str, Sequence[Drawing]],
        categories: Sequence[str],
        longest: int,
        extra: Mapping[str, Sequence[Drawing]] | None = None,
    ) -> None:
        found = [
            (rows_of(drawing).clip(-FARTHEST, FARTHEST), number, is_extra)
            for is_extra, given in ((False, drawings), (True, extra or {}))
            for number, category in enumerate(categories)
            for drawing in given.get(category, ())
        ]
        kept = [parts for parts in found if len(parts[0]) <= longest]
        self.categories = len(categories)
        self.rows = [rows for rows, _, _ in kept]
        self.labels = np.array([number for _, number, _ in kept], dtype=np.int64)
        self.is_extra = np.array([is_extra for _, _, is_extra in kept], dtype=bool)
        self.left_out = len(found) - len(kept)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(drawings,) the rows of each."""
        return np.array([len(rows) for rows in self.rows], dtype=np.int64)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(categories,) how many drawings each has."""
        return np.bincount(self.labels, minlength=self.categories)

    def subsample(self, most: int) -> LabelledSequences:
        """At most so many drawings, taken evenly from all."""
        chosen = np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int)
        picked = copy(self)
        picked.rows = [self.rows[index] for index in chosen]
        picked.labels, picked.is_extra = self.labels[chosen], self.is_extra[chosen]
        return picked

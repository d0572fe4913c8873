"""A line as it was written, and how long one may get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.handwriting.dataset import Rows

POINTS_PER_CHARACTER, MORE_POINTS = 24, 60
"""A line may have so many points for each of its characters, and so many more in all."""

LINGERING = 40
"""So many points may follow once the window has come to the end: dots and crosses of a word."""


@dataclass(frozen=True, eq=False)
class WrittenLine:
    """A line as it was written.

    Attributes:
        rows: (N, 3) in the network's units; the first row is the first point, at (0, 0).
        looks: (N,) which cell of the text the window looked at when each point was drawn.
        ended: whether the line came to its end by itself.
        nats: (N,) the surprise of each point, without any bias; of the first, which is given, 0.
    """

    rows: Rows
    looks: npt.NDArray[np.int64]
    ended: bool
    nats: npt.NDArray[np.float32]


def most_points(characters: int) -> int:
    """How many points a line of so many characters may have."""
    return MORE_POINTS + POINTS_PER_CHARACTER * characters

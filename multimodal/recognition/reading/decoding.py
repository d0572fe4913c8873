"""Frames of characters and blanks → a text (Graves et al. 2006)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLANK = 0


def best_path(scores: npt.NDArray[np.floating], alphabet: str) -> str:
    """Read the most probable symbol of every frame: repeats are one, blanks are none.

    Args:
        scores: (T, 1 + V) of the blank and of the alphabet's V characters; logits will do.
        alphabet: the characters.
    """
    path = scores.argmax(-1)
    new = np.diff(path, prepend=BLANK) != 0
    return "".join(alphabet[symbol - 1] for symbol in path[new & (path != BLANK)])

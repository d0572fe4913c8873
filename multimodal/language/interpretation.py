"""Cells that can be read: which of them follows quotes, lines or brackets.

After Karpathy, Johnson and Fei-Fei 2015, "Visualizing and understanding recurrent networks"; there
they were found by eye, here by correlation with what is known of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.language.language_model import ActivationTrace

Floats: TypeAlias = npt.NDArray[np.float64]

_OPEN = dict.fromkeys("([{", 1) | dict.fromkeys(")]}", -1)


@dataclass(frozen=True)
class FoundCell:
    """A cell that follows a feature of the text.

    Attributes:
        feature: a name out of `FEATURES`.
        layer: counted from 0.
        unit: counted from 0.
        correlation: Pearson's, over all characters; negative where the cell falls as the feature
            rises.
    """

    feature: str
    layer: int
    unit: int
    correlation: float


def find_cells(trace: ActivationTrace) -> list[FoundCell]:
    """The cell that follows each of `FEATURES` best, as far as the text has that feature."""
    text = "".join(trace.pieces)
    last = np.cumsum([len(piece) for piece in trace.pieces]) - 1  # of every piece
    activations = trace.activations.astype(np.float64)
    units = activations.shape[2]
    cells = _standardised(activations.reshape(len(activations), -1))  # (N, layers · H)
    found = []
    for name, feature in FEATURES.items():
        values = feature(text)[last]
        if values.std():
            correlations = _standardised(values) @ cells / len(cells)
            best = int(np.abs(correlations).argmax())
            layer, unit = divmod(best, units)
            found.append(FoundCell(name, layer, unit, float(correlations[best])))
    return found


def _standardised(values: Floats) -> Floats:
    """Mean 0 and deviation 1 over the first axis; what never changes becomes 0."""
    deviation = values.std(0)
    centred: Floats = values - values.mean(0)
    np.divide(centred, deviation, out=centred, where=deviation > 0)
    return centred


def place_in_line(text: str) -> Floats:
    """How many characters of its line come before each."""
    counted: list[Floats] = [np.arange(len(line) + 1.0) for line in text.split("\n")]
    return np.concatenate(counted)[: len(text)]


def depth_in_brackets(text: str) -> Floats:
    """How many brackets are open at each character, against the least open ones."""
    depth: Floats = np.cumsum([_OPEN.get(character, 0) for character in text], dtype=np.float64)
    return np.asarray(depth - depth.min(initial=0))


def inside(pattern: str) -> Callable[[str], Floats]:
    """A feature: 1 at the characters that a regular expression matches, else 0."""
    compiled = re.compile(pattern, re.DOTALL)

    def feature(text: str) -> Floats:
        marks = np.zeros(len(text))
        for match in compiled.finditer(text):
            marks[match.start() : match.end() - 1] = 1
        return marks

    return feature


FEATURES: dict[str, Callable[[str], Floats]] = {
    "inside quotes": inside(r'"[^"]*"|“[^”]*”'),
    "place in line": place_in_line,
    "depth in brackets": depth_in_brackets,
    "inside a comment": inside(r"/\*.*?\*/"),
    "inside mathematics": inside(r"(?<!\\)\$[^$\n]+\$"),
}
"""By name, what is known of every character of a text: (N,)."""

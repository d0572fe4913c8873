"""The text of an InkML trace by its grammar (W3C 2011, 3.2.1).

    1125 18432, '23'43, "7"-8, 3-5, * *

Values stand beside each other, points between commas. "!" begins plain values, "'" velocities (what
is added to the last value) and '"' accelerations (what is added to the last velocity); each holds
until another comes. "*" repeats the value, the velocity or the acceleration, "?" is a value that is
not known, and T and F are true and false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array

_TOKEN = re.compile(
    r"\s*(?:(?P<order>[!'\"])"
    r"|(?P<number>[-+]?\s*(?:\#[0-9A-Fa-f]+|(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][-+]?\d++)?+))"
    r"|(?P<sign>[*?TF])"
    r"|(?P<comma>,)"
    r"|(?P<end>$))"
)
_ORDERS = {"!": 0, "'": 1, '"': 2}
_TRUTHS = {"T": 1.0, "F": 0.0}


def parse_trace(text: str, channels: int, further: int = 0) -> Array:
    """The values of a trace.

    Args:
        text: of the trace.
        channels: how many values every point has.
        further: how many more it may have, of intermittent channels; these are passed over.

    Returns:
        (n, channels); NaN where a value is not known.

    Raises:
        UserError: it is no trace, or a point has more or fewer values.
    """
    columns = [_Channel() for _ in range(channels + further)]
    rows: list[list[float]] = []
    for number, point in enumerate(_points(text), 1):
        if not channels <= len(point) <= channels + further:
            word = "lacks a value" if len(point) < channels else "has a value too many"
            raise UserError(
                f"a point of this trace {word}: point {number} has {len(point)} of {channels}"
            )
        rows.append(
            [
                column.take(order, value)
                for column, (order, value) in zip(columns, point, strict=False)
            ][:channels]
        )
    return np.array(rows, dtype=np.float64).reshape(-1, channels)


class _Channel:
    """One value of every point, as it goes on from point to point."""

    def __init__(self) -> None:
        self.order = 0
        self.value = math.nan
        self.speed = self.gain = 0.0

    def take(self, order: int | None, written: str) -> float:
        """The value that is written so."""
        self.order = self.order if order is None else order
        if written == "?":
            return math.nan
        if written != "*":
            self._set(_number(written))
        elif math.isnan(self.value):
            raise UserError("a trace begins with *, which repeats what came before")
        if self.order == 2:
            self.speed += self.gain
        if self.order:
            self.value = (0.0 if math.isnan(self.value) else self.value) + self.speed
        return self.value

    def _set(self, number: float) -> None:
        if self.order == 0:
            self.value, self.speed = number, 0.0
        elif self.order == 1:
            self.speed = number
        else:
            self.gain = number


def _points(text: str) -> Iterator[list[tuple[int | None, str]]]:
    """The values of each point, with the sign before each; an empty point is none."""
    point: list[tuple[int | None, str]] = []
    order: int | None = None
    end = 0
    while match := _TOKEN.match(text, end):
        if match.lastgroup in ("comma", "end"):
            if order is not None:
                raise UserError("a sign of difference without its value")
            if point:
                yield point
            point = []
            if match.lastgroup == "end":
                return
        elif match.lastgroup == "order":
            order = _ORDERS[match["order"]]
        else:
            point.append((order, match[match.lastgroup or 0]))
            order = None
        end = match.end()
    raise UserError(f"a trace holds {text[end:].strip()[:20]!r}, which is no value")


def _number(written: str) -> float:
    if written in _TRUTHS:
        return _TRUTHS[written]
    plain = "".join(written.split())
    if "#" not in plain:
        return float(plain)
    sign, _, digits = plain.partition("#")
    return float(int(digits, 16)) * (-1 if sign == "-" else 1)

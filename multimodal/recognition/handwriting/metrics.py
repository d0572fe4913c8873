"""How far what was read is from what was written."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorRates:
    """Errors over a whole set, longer texts counting for more.

    Attributes:
        cer: substitutions, insertions and deletions of characters, over the characters written.
        wer: the same of words, which are what white space parts.
        texts: how many were read.
        exact: the share that was read without an error.
    """

    cer: float
    wer: float
    texts: int
    exact: float


def edit_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The fewest substitutions, insertions and deletions between two (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for number, item in enumerate(one, 1):
        corner, row[0] = row[0], number
        for place, candidate in enumerate(other, 1):
            best = min(row[place] + 1, row[place - 1] + 1, corner + (item != candidate))
            corner, row[place] = row[place], best
    return row[-1]


def error_rates(written: Sequence[str], read: Sequence[str]) -> ErrorRates:
    """Compare what was read with what was written; runs of white space count as one space.

    Rates may exceed 1. They are 0 for no errors in nothing written, and infinite for some.
    """
    pairs = [(one.split(), other.split()) for one, other in zip(written, read, strict=True)]
    lines = [(" ".join(one), " ".join(other)) for one, other in pairs]
    return ErrorRates(
        cer=_rate(sum(edit_distance(*pair) for pair in lines), sum(len(one) for one, _ in lines)),
        wer=_rate(sum(edit_distance(*pair) for pair in pairs), sum(len(one) for one, _ in pairs)),
        texts=len(lines),
        exact=sum(one == other for one, other in lines) / max(len(lines), 1),
    )


def _rate(errors: int, of: int) -> float:
    return errors / of if of else float("inf") if errors else 0.0

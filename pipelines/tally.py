"""What came of the rows of a run: counts, and the worst errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol

from multimodal.images import ImageError
from multimodal.terminal import counted

WORST = 5  # kinds of errors that a summary tells
KINDS = 1000  # kinds of errors that are told apart at all
UNSURE = "not sure enough: "
"""What the error of a row begins with whose answer is withheld, as was asked for."""


def describe_passed_over(passed_over: Mapping[str, int]) -> str:
    """One line about the files that got no row; empty where there are none.

    Args:
        passed_over: how many, by their endings.
    """
    total = sum(passed_over.values())
    if not total:
        return ""
    kinds = sorted(passed_over.items(), key=lambda kind: (-kind[1], kind[0]))
    more = [f"{len(kinds) - WORST} other kinds"] if len(kinds) > WORST else []
    listed = ", ".join([*(f"{count} {ending}" for ending, count in kinds[:WORST]), *more])
    return f"{counted(total, 'file')} passed over: {listed}"


class ResultRow(Protocol):
    """A row of any job: what it is of, and why there is nothing to say of it."""

    @property
    def source(self) -> str:
        """The input."""

    @property
    def error(self) -> str | None:
        """None where all went well."""


class Tally:
    """Counts rows as they pass, and what went wrong with them.

    Args:
        done: what was done with those that did not fail.

    Attributes:
        done, failed: how many rows passed, and how many of them failed.
        withheld: how many have an answer of which the model is less sure than was asked for.
        took: the time and the speed of the whole, where a bar told of them; else empty.
    """

    def __init__(self, done: str = "captioned") -> None:
        self._word = done
        self.done = 0
        self.failed = 0
        self.withheld = 0
        self.took = ""
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, row: ResultRow) -> None:
        """Count a row."""
        self.done += 1
        if row.error is None:
            return
        if row.error.startswith(UNSURE):
            self.withheld += 1
            return
        self.failed += 1
        known = row.error in self._reasons or len(self._reasons) < KINDS
        reason = row.error if known else "other reasons"
        self._reasons[reason] += 1
        self._examples.setdefault(reason, row.source)

    def __str__(self) -> str:
        """One line."""
        went_well = self.done - self.failed - self.withheld
        withheld = f", {self.withheld} withheld" if self.withheld else ""
        return f"{went_well} {self._word}{withheld}, {self.failed} failed{self.took}"

    def worst(self) -> Iterator[str]:
        """A line for each of the most frequent errors, with a picture that has it."""
        for reason, count in self._reasons.most_common(WORST):
            others = f" (and {counted(count - 1, 'other')})" if count > 1 else ""
            yield f"{ImageError(self._examples[reason], reason)}{others}"
        if len(self._reasons) > WORST:
            yield f"and {len(self._reasons) - WORST} other kinds of errors"

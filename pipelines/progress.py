"""How a run goes, while it runs and at its end."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Protocol, TypeVar

from tqdm import tqdm

from multimodal.errors import UserError
from multimodal.images import ImageError
from pipelines.caption.inputs import count_inputs
from pipelines.output import ERASED

WORST = 5  # kinds of errors that a summary tells
KINDS = 1000  # kinds of errors that are told apart at all
PATIENCE = 0.5  # seconds that a run may take before a bar is shown at all
EVERY = 0.1  # seconds between two looks at the bar

_USUAL = 80  # columns of a terminal that does not know
_COUNTED = "{n_fmt}{unit}, {rate_noinv_fmt}, {elapsed}{postfix}"
_BAR = "{bar} {n_fmt}/{total_fmt}, {rate_noinv_fmt}, {remaining} left{postfix}"


def told(passed_over: Mapping[str, int]) -> str:
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
    return f"{total} {'file' if total == 1 else 'files'} passed over: {listed}"


class Counted(Protocol):
    """A row of any job: what it is of, and why there is nothing to say of it."""

    @property
    def source(self) -> str:
        """The input."""

    @property
    def error(self) -> str | None:
        """None where all went well."""


Row = TypeVar("Row", bound=Counted)


class Tally:
    """Counts rows as they pass, and what went wrong with them.

    Args:
        done: what was done with those that did not fail.

    Attributes:
        done, failed: how many rows passed, and how many of them failed.
        took: the time and the speed of the whole, where a bar told of them; else empty.
    """

    def __init__(self, done: str = "captioned") -> None:
        self._word = done
        self.done = 0
        self.failed = 0
        self.took = ""
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, row: Counted) -> None:
        """Count a row."""
        self.done += 1
        if row.error is None:
            return
        self.failed += 1
        known = row.error in self._reasons or len(self._reasons) < KINDS
        reason = row.error if known else "other reasons"
        self._reasons[reason] += 1
        self._examples.setdefault(reason, row.source)

    def __str__(self) -> str:
        """One line."""
        return f"{self.done - self.failed} {self._word}, {self.failed} failed{self.took}"

    def worst(self) -> Iterator[str]:
        """A line for each of the most frequent errors, with a picture that has it."""
        for reason, count in self._reasons.most_common(WORST):
            others = f" (and {count - 1} others)" if count > 1 else ""
            yield f"{ImageError(self._examples[reason], reason)}{others}"
        if len(self._reasons) > WORST:
            yield f"and {len(self._reasons) - WORST} other kinds of errors"


def shows_progress() -> bool:
    """Whether somebody watches: the standard error is a terminal, of a person who wants a bar.

    `NO_COLOR` (no-color.org), `CI` and `TERM=dumb` ask for plain lines alone.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI")
    return sys.stderr.isatty() and not plain and os.environ.get("TERM") != "dumb"


def watched(
    rows: Iterable[Row],
    inputs: Sequence[str | Path],
    tally: Tally,
    *,
    count: Callable[[Sequence[str | Path]], int | None] = count_inputs,
    unit: str = "pictures",
    printed: bool = True,
) -> Iterator[Row]:
    """Pass rows on, over a bar where somebody watches; see `shows_progress`.

    It shows rows per second since the beginning, the time left and the errors so far; how many rows
    there will be is counted meanwhile, where that can be told.

    Args:
        rows: what is done.
        inputs: what it is made of.
        tally: counts the rows.
        count: how many rows some inputs give, None where that cannot be told.
        unit: what a row is, in the plural.
        printed: whether the caller prints rows: the bar is gone while it has one.
    """
    if not shows_progress():
        for row in rows:
            tally.add(row)
            yield row
        return
    began = time.monotonic()
    bar = _Bar(unit)
    Thread(target=bar.expect, args=(count, inputs), daemon=True).start()
    try:
        for row in rows:
            tally.add(row)
            if printed:
                bar.erase()
            yield row
            bar.show(tally)
    finally:
        bar.erase()
        tally.took = _told(time.monotonic() - began, tally.done, unit)


class _Bar:
    """A line at the foot of the terminal: drawn and erased by the one thread that prints rows."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._began = time.monotonic()
        self._shown = self._began + PATIENCE - EVERY
        self._total: int | None = None

    def expect(
        self, count: Callable[[Sequence[str | Path]], int | None], inputs: Sequence[str | Path]
    ) -> None:
        """Count what there will be."""
        with suppress(OSError, UserError):  # whoever reads it says what is wrong with it
            self._total = count(inputs)

    def erase(self) -> None:
        """Leave an empty line."""
        _write(ERASED)

    def show(self, tally: Tally) -> None:
        """Draw the line, unless that was done just now."""
        now = time.monotonic()
        if now < self._shown + EVERY:
            return
        self._shown = now
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL
        _write(ERASED + self.line(tally.done, tally.failed, now - self._began, columns))

    def line(self, done: int, failed: int, elapsed: float, columns: int) -> str:
        """What it says after so many rows and seconds, in less than a line."""
        known = self._total is not None and self._total >= done
        said: str = tqdm.format_meter(
            done,
            self._total if known else None,
            elapsed,
            ncols=columns - 1,
            unit=f" {self._unit}",
            ascii=not (sys.stderr.encoding or "").lower().startswith("utf"),
            bar_format=_BAR if known else _COUNTED,
            postfix=f"{failed} failed" if failed else "",
        )
        return " ".join(said.split()) if not known else said


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _told(seconds: float, done: int, unit: str) -> str:
    """The time and the speed of a whole run: " in 1:05, 2.3 pictures/s"."""
    if seconds < PATIENCE:
        return ""
    return f" in {tqdm.format_interval(seconds)}, {done / seconds:.3g} {unit}/s"

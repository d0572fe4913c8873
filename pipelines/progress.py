"""How a run goes, while it runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TypeVar

from multimodal.errors import UserError
from multimodal.terminal import shows_progress
from pipelines.caption.inputs import count_inputs
from pipelines.output import ERASED
from pipelines.tally import ResultRow, Tally

PATIENCE = 0.5  # seconds that a run may take before a bar is shown at all
EVERY = 0.1  # seconds between two looks at the bar

_USUAL = 80  # columns of a terminal that does not know
_COUNTED = "{n_fmt}{unit}, {rate_noinv_fmt}, {elapsed}{postfix}"
_BAR = "{bar} {n_fmt}/{total_fmt}, {rate_noinv_fmt}, {remaining} left{postfix}"


Row = TypeVar("Row", bound=ResultRow)


def with_progress(
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
        from tqdm import tqdm

        known = self._total is not None and self._total >= done
        said: str = tqdm.format_meter(
            done,
            self._total if known else None,
            elapsed,
            ncols=columns - len("^C") - 1,  # which a terminal echoes behind it
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
    from tqdm import tqdm

    return f" in {tqdm.format_interval(seconds)}, {done / seconds:.3g} {unit}/s"

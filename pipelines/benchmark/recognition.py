"""What the benchmarks of both recognizers of strokes measure: live strokes, and batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from multimodal.strokes import Drawing
from pipelines.benchmark.products import Products
from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from torch import nn


class Stream(Protocol):
    """Whatever recognizes strokes as they come."""

    def add(self, stroke: npt.NDArray[np.float64]) -> object:
        """Take in one stroke."""


def live_seconds(stream: Callable[[], Stream], drawings: Sequence[Drawing]) -> list[float]:
    """Time every stroke of drawings, each drawing in a stream of its own.

    Args:
        stream: begins one.
        drawings: whose strokes.
    """
    times = []
    for drawing in drawings:
        going = stream()
        for stroke in drawing:
            begin = time.perf_counter()
            going.add(stroke)
            times.append(time.perf_counter() - begin)
    return times


def live_line(name: str, times: Sequence[float], digits: int) -> str:
    """What a stroke takes, as a line of a report.

    Args:
        name: of what comes of a stroke.
        times: in seconds.
        digits: behind the point.
    """
    median, most = 1e3 * statistics.median(times), 1e3 * float(np.quantile(times, 0.95))
    return (
        f"a live {name}: {median:.{digits}f} ms a stroke (median), "
        f"{most:.{digits}f} ms (95 % are faster)"
    )


def batch_lines(
    unit: str,
    shown: Sequence[Drawing],
    sizes: Sequence[int],
    network: nn.Module,
    recognize: Callable[[Sequence[Drawing]], object],
) -> Iterator[str]:
    """Time batches of several sizes, beside the matrix products alone; gives lines of a report.

    Args:
        unit: what a drawing is called.
        shown: the drawings.
        sizes: of the batches.
        network: does the products.
        recognize: a batch.
    """
    yield f"batch   {unit}s/s   against matrix products alone"
    seconds = []
    for size in sizes:
        batches = [shown[n : n + size] for n in range(0, len(shown), size)]

        def job(batches: Sequence[Sequence[Drawing]] = batches) -> None:
            for batch in batches:
                recognize(batch)

        seconds.append(seconds_of(job))
        alone = seconds_of(Products(network, job).multiply)
        rate = f"{len(shown) / seconds[-1]:.1f}".rjust(len(unit) + 5)
        yield f"{size:5d} {rate} {seconds[-1] / alone:31.2f}"
    ratio = seconds[0] / seconds[-1]
    yield f"one {unit} at a time takes {ratio:.1f} times as long as {sizes[-1]} at once"

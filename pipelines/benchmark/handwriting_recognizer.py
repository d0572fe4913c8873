"""How fast reading is: the job behind ``multimodal benchmark handwriting-recognizer``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multimodal.strokes import Drawing
from pipelines.benchmark.products import Products
from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer

STROKES, POINTS = 20, 12  # of a scribble, about those of a line of 20 characters
BATCH_SIZES = (1, 32, 256)
WATCHED = 8  # lines


def benchmark_handwriting_recognizer(
    model: str | Path | None, lines: int, data: str | Path | None = None
) -> Iterator[str]:
    """Time a handwriting recognizer; gives the lines of a report as they are measured.

    Live readings are timed one by one; all else is the median of three runs. The matrix products
    alone are the matrix products and convolutions of one batch alone, with the shapes that they
    have in it.

    Args:
        model: a folder, a Hub id, or None for the shipped handwriting recognizer.
        lines: how many to time.
        data: handwriting, whose dev lines are taken in turn; random scribbles without it.
    """
    import torch

    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer

    recognizer = HandwritingRecognizer.from_pretrained(model)
    shown = _drawings(data, lines)
    yield f"{lines} lines, {sum(map(len, shown))} strokes, {torch.get_num_threads()} threads"
    live = _live_seconds(recognizer, shown[:WATCHED])
    yield (
        f"a live reading: {1e3 * statistics.median(live):.1f} ms a stroke (median), "
        f"{1e3 * float(np.quantile(live, 0.95)):.1f} ms (95 % are faster)"
    )
    yield "batch   lines/s   against matrix products alone"
    seconds: dict[int, float] = {}
    for size in BATCH_SIZES:
        batches = [shown[n : n + size] for n in range(0, len(shown), size)]
        read = partial(_read_all, recognizer, batches)
        seconds[size] = seconds_of(read)
        products_alone = seconds_of(Products(recognizer.network, read).multiply)
        yield f"{size:5d} {lines / seconds[size]:9.1f} {seconds[size] / products_alone:31.2f}"
    ratio = seconds[BATCH_SIZES[0]] / seconds[BATCH_SIZES[-1]]
    yield f"one line at a time takes {ratio:.1f} times as long as {BATCH_SIZES[-1]} at once"


def _drawings(data: str | Path | None, count: int) -> list[Drawing]:
    """Lines to show, taken in turn; random scribbles without data."""
    from multimodal.strokes.handwritten import read_handwriting

    if data is not None:
        found = [line.drawing for line in read_handwriting(data, ["lines"], "dev")]
        return list(islice(cycle(found), count))
    random = np.random.default_rng(0)
    starts = np.arange(STROKES)[:, None, None] * [30.0, 0.0]
    scribbles = starts + random.normal(0, 8, (count, STROKES, POINTS, 2)).cumsum(2)
    return [Drawing(strokes) for strokes in scribbles]


def _live_seconds(recognizer: HandwritingRecognizer, drawings: Sequence[Drawing]) -> list[float]:
    """How long each stroke of every drawing took."""
    times = []
    for drawing in drawings:
        watcher = recognizer.watch()
        for stroke in drawing:
            begin = time.perf_counter()
            watcher.add(stroke)
            times.append(time.perf_counter() - begin)
    return times


def _read_all(recognizer: HandwritingRecognizer, batches: Sequence[Sequence[Drawing]]) -> None:
    for drawings in batches:
        recognizer.read(drawings, one_line=True)

"""How fast reading is: the job behind ``multimodal benchmark handwriting-recognizer``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from multimodal.strokes import Drawing
from pipelines.benchmark.recognition import batch_lines, live_line, live_seconds

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
    yield live_line("reading", live_seconds(recognizer.stream, shown[:WATCHED]), 1)
    read = partial(recognizer.read, one_line=True)
    yield from batch_lines("line", shown, BATCH_SIZES, recognizer.network, read)


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

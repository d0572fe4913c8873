"""How fast recognition is: the job behind ``multimodal benchmark recognizer``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multimodal.strokes import Drawing
from pipelines.benchmark.recognition import batch_lines, live_line, live_seconds
from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from multimodal.recognition.drawings.recognizer import Recognizer

STROKES, POINTS = 5, 8  # of a drawing; Quick, Draw!'s have 4.8 and 40 points in all
BATCH_SIZES = (1, 16, 256)


def benchmark_recognizer(
    model: str | Path | None, drawings: int, paths: Sequence[Path] = ()
) -> Iterator[str]:
    """Time a recognizer; gives the lines of a report as they are measured.

    Live predictions are timed one by one; all else is the median of three runs. The matrix products
    alone are the matrix products and convolutions of one batch alone, with the shapes that they
    have in it.

    Args:
        model: a folder, a Hub id, or None for the shipped recognizer.
        drawings: how many to time.
        paths: files of drawings to time, taken in turn; random scribbles where there are none.
    """
    import torch

    from multimodal.recognition.drawings.recognizer import Recognizer

    recognizer = Recognizer.from_pretrained(model)
    shown = _drawings(paths, drawings)
    sides = "each with its mirror image" if recognizer.mirror else "without mirror images"
    yield f"{drawings} drawings, {sum(map(len, shown))} strokes, {sides}"
    yield f"{torch.get_num_threads()} threads of torch"
    live = live_seconds(recognizer.stream, shown)
    yield live_line("prediction", live, 2)
    again = seconds_of(partial(_read_anew, recognizer, shown))
    yield f"reading every drawing anew at each stroke takes {again / sum(live):.1f} times as long"
    yield from batch_lines("drawing", shown, BATCH_SIZES, recognizer.network, recognizer.predict)


def _drawings(paths: Sequence[Path], count: int) -> list[Drawing]:
    """Drawings to show, taken in turn; random scribbles where there are no files."""
    from multimodal.strokes.reading import read_drawings

    if paths:
        found = [record.drawing for path in paths for record in read_drawings(path)]
        return list(islice(cycle(found), count))
    random = np.random.default_rng(0)
    starts = random.uniform(0, 255, (count, STROKES, 1, 2))
    scribbles = starts + random.normal(0, 20, (count, STROKES, POINTS, 2)).cumsum(2)
    return [Drawing(strokes) for strokes in scribbles]


def _read_anew(recognizer: Recognizer, drawings: Sequence[Drawing]) -> None:
    """Predict after every stroke at all that stands there."""
    for drawing in drawings:
        for count in range(1, len(drawing) + 1):
            recognizer.predict(Drawing(drawing.strokes[:count]))

"""How fast drawing and learning to draw are: the job behind ``multimodal benchmark sketcher``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.strokes import Drawing

COUNTS = (1, 16, 100, 1000)
SEED, TEMPERATURE = 7, 0.4
ONE_BY_ONE = 20  # drawings that stand for many where they are drawn one after the other
LIVE = 20


def benchmark_sketcher(model: str | Path | None, category: str | None) -> Iterator[str]:
    """Time a sketcher; gives the lines of a table as they are measured.

    The plain loop is how public implementations draw: fp32, one drawing after the other, single
    steps through `torch.nn.LSTM`, a point drawn by NumPy. matrix products alone are
    alone that drawing needs, with as many rows at every step as drawings were unfinished. Both are
    of drawings whose points are taken as they come (1 draft); the last columns compare them with
    drawings of the default candidates.

    Args:
        model: a folder, a Hub id, one of magenta's `.gen.json` files, or None for the shipped one.
        category: what is drawn; None for the first that is not rough.
    """
    import torch

    from multimodal.sketching.sketcher import Sketcher
    from pipelines.benchmark.sketcher_baselines import ProductsAlone, draw_plainly

    sketcher = Sketcher.from_pretrained(model)
    fine = [name for name in sketcher.categories if name not in sketcher.low_quality]
    category = category or (fine or sketcher.categories)[0]
    config = sketcher.network.config
    yield f"{category}, {config.cell} of {config.decoder_size} units, {_type(sketcher)}"
    yield f"{torch.get_num_threads()} threads of torch"
    draw = partial(sketcher.draw, category, seed=SEED, temperature=TEMPERATURE, num_candidates=1)
    guided = partial(sketcher.draw, category, seed=SEED)
    baseline = partial(draw_plainly, sketcher, category, ONE_BY_ONE, TEMPERATURE)
    alone = ONE_BY_ONE / seconds_of(lambda: [draw(seed=number) for number in range(ONE_BY_ONE)])
    plain = ONE_BY_ONE / seconds_of(baseline)
    yield (
        "at once   drawings/s   steps/s   / one by one   / plain loop   products alone / time"
        f"   with {sketcher.options.num_candidates} candidates: drawings/s   time / of 1"
    )
    for count in COUNTS:
        seconds = seconds_of(partial(draw, count))
        drawings = draw(count)
        steps = sum(drawing.points for drawing in drawings)  # of each its rows, and the end
        many = seconds_of(partial(guided, count))
        products_alone = seconds_of(ProductsAlone(sketcher, drawings).multiply)
        rate = count / seconds
        yield (
            f"{count:7d} {rate:12.1f} {steps / seconds:9.0f} {rate / alone:14.1f}"
            f" {rate / plain:14.1f} {products_alone / seconds:23.2f}"
            f" {count / many:28.1f} {many / seconds:13.1f}"
        )
    yield f"one by one {alone:.1f} drawings/s; plain loop {plain:.1f} drawings/s"
    first = 1000 * _first_stroke(sketcher, category)
    plainly = 1000 * _first_stroke(sketcher, category, num_candidates=1)
    yield f"first stroke of a live drawing after {first:.1f} ms; with 1 draft {plainly:.1f} ms"
    if config.cell == "lstm":
        yield _training(sketcher, draw(COUNTS[-1]))


def _type(sketcher: Sketcher) -> str:
    from multimodal.processor import torch_dtype

    return str(torch_dtype(sketcher.precision)).removeprefix("torch.")


def _first_stroke(sketcher: Sketcher, category: str, **options: int) -> float:
    """Seconds until the first stroke of a drawing is there: the median of several drawings."""
    times = []
    for seed in range(LIVE):
        begin = time.perf_counter()
        next(sketcher.stream(category, seed=seed, temperature=TEMPERATURE, **options))
        times.append(time.perf_counter() - begin)
    return median(times)


def _training(sketcher: Sketcher, drawings: list[Drawing]) -> str:
    from pipelines.benchmark.sketcher_baselines import TrainingRun

    run = TrainingRun(sketcher.network.config, drawings)
    ours, products_alone = seconds_of(run.train), seconds_of(run.train_fused_lstm)
    return (
        f"training {run.drawings / ours:.0f} drawings/s,"
        f" {products_alone / ours:.2f} of fused LSTMs alone, forward and backward"
    )

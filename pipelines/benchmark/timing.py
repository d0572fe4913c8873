"""Stopwatch of all benchmarks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

REPEATS = 3


def seconds(job: Callable[[], object]) -> float:
    """The median of three runs of a job, without gradients."""
    import torch

    times = []
    with torch.inference_mode():
        for _ in range(REPEATS):
            begin = time.perf_counter()
            job()
            times.append(time.perf_counter() - begin)
    return statistics.median(times)

"""What is decided by counting alone: seeds, the order of data, the learning rate, the average."""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from multimodal.seeds import derived_seed
from multimodal.training.recipe import TrainingOptions


def set_global_seed(seed: int, device: torch.device) -> None:
    """Seed what draws without a generator of its own: Python's, numpy's and torch's.

    It is called at every step. On a CPU it spares the GPU's seed, which torch would put off until a
    GPU is used, together with a trace of the call: half a millisecond.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - this is the very state that other code may draw from
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def batches_per_epoch(count: int, batch_size: int) -> int:
    """Count the batches that `shuffled_batches` makes of `count` items."""
    return math.ceil(count / batch_size)


def shuffled_batches(
    count: int, batch_size: int, seed: int, epoch: int, start: int, rank: int, world: int
) -> Iterator[list[int]]:
    """Draw items 0 … count - 1 without replacement: this process's part of every batch.

    The batches differ by at most one item, so that none is dropped and none is tiny; `batch_size`
    is the largest. All processes draw the same order; each takes every `world`-th item of a batch.

    Args:
        count: number of items.
        batch_size: items in a batch, over all processes.
        seed: of the run; every epoch has its own order.
        epoch: number of the epoch.
        start: batches to leave out, for going on in mid-epoch.
        rank: this process.
        world: number of processes.
    """
    generator = torch.Generator().manual_seed(derived_seed(seed, "order", epoch))
    order = torch.randperm(count, generator=generator)
    for batch in order.tensor_split(batches_per_epoch(count, batch_size))[start:]:
        yield batch[rank::world].tolist()


def learning_rate(options: TrainingOptions, step: int, total: int) -> float:
    """Return the rate of update `step` (from 0) of `total`: a linear warm-up, then a cosine.

    The first update of the warm-up already moves; the cosine starts from the peak on the update
    after it and would reach `min_lr_ratio` on the update after the last (Loshchilov & Hutter, 2017,
    equation 5, without restarts).

    Args:
        options: of the stage.
        step: number of the update, from 0.
        total: updates of the stage.
    """
    if step < options.warmup_steps:
        return options.learning_rate * (step + 1) / options.warmup_steps
    progress = (step - options.warmup_steps) / (total - options.warmup_steps)
    share = (
        options.min_lr_ratio + (1 - options.min_lr_ratio) * (1 + math.cos(math.pi * progress)) / 2
    )
    return options.learning_rate * share


class ExponentialMovingAverage:
    """An exponential moving average of the weights that learn (Polyak & Juditsky, 1992), in fp32.

    After update t (from 0) it keeps min(decay, (1 + t) / (10 + t)) of itself, so that it spans a
    tenth of the updates at first and does not drag the initial weights along, as in TensorFlow's
    `ExponentialMovingAverage`. Buffers, such as batch norm's statistics, are left as they are.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {
            name: w for name, w in model.named_parameters() if w.requires_grad and decay
        }
        self.means = {name: w.detach().float().clone() for name, w in self.weights.items()}

    def update(self, updates: int) -> None:
        """Take in the weights after an update that `updates` others came before."""
        keep = min(self.decay, (1 + updates) / (10 + updates))
        for name, weight in self.weights.items():
            self.means[name].lerp_(weight.detach().float(), 1 - keep)

    def load(self, means: dict[str, Tensor]) -> None:
        """Take back saved means."""
        for name, mean in self.means.items():
            mean.copy_(means[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages in the place of the weights for a while."""
        live = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self._put(self.means)
        try:
            yield
        finally:
            self._put(live)

    def _put(self, values: dict[str, Tensor]) -> None:
        for name, weight in self.weights.items():
            weight.data.copy_(values[name])

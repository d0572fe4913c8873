"""How likely a piece of handwriting is under the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.handwriting.batches import HandwritingBatch, batch_of
from multimodal.handwriting.dataset import HandwritingDataset
from multimodal.handwriting.model import END_OF_LINE, HandwritingNetwork
from multimodal.recurrent.mixture import MixtureOutput

BATCH_SIZE = 32  # pieces that are read together


class PointNLL(NamedTuple):
    """Negative log-likelihood in nats: of offsets, and of pen states, the end being one of them."""

    offsets: Tensor
    pens: Tensor

    @property
    def total(self) -> Tensor:
        """Of both."""
        return self.offsets + self.pens


@dataclass(frozen=True)
class Likelihood:
    """How well a network predicts pieces of handwriting.

    Attributes:
        nats_per_point: mean over all points, in the network's units, the end being one of them.
        nats_per_line: mean over pieces.
        lines: how many there were.
    """

    nats_per_point: float
    nats_per_line: float
    lines: int


def step_nll(output: MixtureOutput, vectors: Tensor, batch: HandwritingBatch) -> PointNLL:
    """Negative log-likelihood of what follows every point (B, T); 0 behind the end.

    Args:
        output: how vectors are read.
        vectors: (B, T, 3 + 6 K).
        batch: what follows every point.
    """
    counted = batch.counted
    moved = counted & (batch.pens != END_OF_LINE)
    offsets = -output.offset_log_likelihood(vectors[moved], batch.offsets[moved])
    pens = -output.pen_log_likelihood(vectors[counted], batch.pens[counted])
    zeros = offsets.new_zeros(counted.shape)
    return PointNLL(zeros.masked_scatter(moved, offsets), zeros.masked_scatter(counted, pens))


def batch_nll(output: MixtureOutput, vectors: Tensor, batch: HandwritingBatch) -> PointNLL:
    """Negative log-likelihood of pieces, each (B,); see `step_nll`.

    Args:
        output: how vectors are read.
        vectors: (B, T, 3 + 6 K).
        batch: what follows every point.
    """
    offsets, pens = step_nll(output, vectors, batch)
    return PointNLL(offsets.sum(1), pens.sum(1))


@torch.no_grad()
def dataset_nll(
    network: HandwritingNetwork, script: HandwritingDataset, embeddings: Tensor, scale: float
) -> Tensor:
    """Negative log-likelihood of pieces (pieces,), each with its own writer's embedding.

    Args:
        network: what was learnt.
        script: the pieces.
        embeddings: (pieces, S), of their writers.
        scale: the network's unit.
    """
    nats = torch.zeros(len(script))
    order = script.lengths.argsort(kind="stable")
    for begin in range(0, len(order), BATCH_SIZE):
        which = order[begin : begin + BATCH_SIZE]
        part = script.subset(which)
        batch = batch_of(part.rows, part.texts, [0] * len(part), scale)
        memory = network.memory(batch.texts)
        vectors, *_ = network.unroll(batch.points, memory, embeddings[torch.from_numpy(which)])
        nats[which] = batch_nll(network.output, vectors, batch).total.float()
    return nats


def evaluate_likelihood(
    network: HandwritingNetwork, script: HandwritingDataset, embeddings: Tensor, scale: float
) -> Likelihood:
    """How well a network predicts pieces, see `dataset_nll`.

    Args:
        network: what was learnt.
        script: the pieces.
        embeddings: (pieces, S), of their writers.
        scale: the network's unit.
    """
    nats = float(dataset_nll(network, script, embeddings, scale).double().sum())
    count = int(script.lengths.sum())
    return Likelihood(nats / count, nats / len(script), len(script))

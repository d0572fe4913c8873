"""How likely a piece of handwriting is under the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.handwriting.batches import ScriptBatch, batch_of
from multimodal.handwriting.lines import Script
from multimodal.handwriting.model import END_OF_LINE, HandwritingNetwork
from multimodal.recurrent.mixture import MixtureOutput

BATCH_SIZE = 32  # pieces that are read together


class Nats(NamedTuple):
    """Surprise in nats: of offsets, and of pen states, the end being one of them."""

    offsets: Tensor
    pens: Tensor

    @property
    def total(self) -> Tensor:
        """Of both."""
        return self.offsets + self.pens


@dataclass(frozen=True)
class Surprise:
    """How well a network predicts pieces of handwriting.

    Attributes:
        nats_per_point: mean over all points, in the network's units, the end being one of them.
        nats_per_line: mean over pieces.
        lines: how many there were.
    """

    nats_per_point: float
    nats_per_line: float
    lines: int


def step_nats(output: MixtureOutput, vectors: Tensor, batch: ScriptBatch) -> Nats:
    """Surprise of what follows every point (B, T), by vectors (B, T, 3 + 6 K); 0 behind the end.

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
    return Nats(zeros.masked_scatter(moved, offsets), zeros.masked_scatter(counted, pens))


def batch_nats(output: MixtureOutput, vectors: Tensor, batch: ScriptBatch) -> Nats:
    """Surprise of pieces, each (B,); see `step_nats`.

    Args:
        output: how vectors are read.
        vectors: (B, T, 3 + 6 K).
        batch: what follows every point.
    """
    offsets, pens = step_nats(output, vectors, batch)
    return Nats(offsets.sum(1), pens.sum(1))


@torch.no_grad()
def script_nats(
    network: HandwritingNetwork, script: Script, embeddings: Tensor, scale: float
) -> Tensor:
    """Surprise of pieces (pieces,), each with the embedding of its own writer: (pieces, S).

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
        part = script.picked(which)
        batch = batch_of(part.rows, part.texts, [0] * len(part), scale)
        memory = network.memory(batch.texts)
        vectors, *_ = network.unroll(batch.points, memory, embeddings[torch.from_numpy(which)])
        nats[which] = batch_nats(network.output, vectors, batch).total.float()
    return nats


def surprise(
    network: HandwritingNetwork, script: Script, embeddings: Tensor, scale: float
) -> Surprise:
    """How well a network predicts pieces, see `script_nats`.

    Args:
        network: what was learnt.
        script: the pieces.
        embeddings: (pieces, S), of their writers.
        scale: the network's unit.
    """
    nats = float(script_nats(network, script, embeddings, scale).double().sum())
    count = int(script.lengths.sum())
    return Surprise(nats / count, nats / len(script), len(script))

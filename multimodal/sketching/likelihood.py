"""What a network makes of drawings that are there: its conditions, and their likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from multimodal.sketching.model import SketchNetwork, decoder_inputs, stroke5
from multimodal.sketching.sequences import Rows, padded


@dataclass(frozen=True)
class Score:
    """How well a network predicts a drawing: its negative log-likelihood in nats.

    Densities of offsets are taken in the network's units (see `Sketcher.scale`), so that nats of
    two networks can be compared only where those are the same.

    Attributes:
        nats: of the whole drawing, its end included.
        nats_per_point: the same over the number of its rows.
        offset_nats: the part of the offsets.
        pen_nats: the part of the pen's states, the end among them.
    """

    nats: float
    nats_per_point: float
    offset_nats: float
    pen_nats: float


def points_of(network: SketchNetwork, sequences: Sequence[Rows], scale: float) -> Tensor:
    """Rows of drawings as stroke-5 (B, T, 5), scaled, in the type of the network.

    Args:
        network: whose type counts.
        sequences: rows (N, 3) of each drawing.
        scale: the network's unit.
    """
    offsets, pens = map(torch.from_numpy, padded(sequences, scale, max(map(len, sequences))))
    return stroke5(offsets.to(network.readout.weight), pens)


def condition_of(
    network: SketchNetwork, points: Tensor, lengths: Sequence[int], labels: Sequence[int]
) -> Tensor:
    """The conditions of drawings (B, T, 5) that are there: z, where the network needs one.

    Args:
        network: what was learnt.
        points: (B, T, 5).
        lengths: (B,), of the drawings.
        labels: (B,), their categories.
    """
    config, latent = network.config, None
    if config.latent_size and not config.latent_optional:
        latent = network.encode(points, torch.tensor(lengths))[0]
    return network.condition(torch.tensor(labels), latent)


def row_nats(
    network: SketchNetwork, sequences: Sequence[Rows], scale: float, labels: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Nats (B, T + 1) of the offsets and pen states of drawings; 0 behind the end of each.

    Args:
        network: what was learnt.
        sequences: rows (N, 3) of each drawing.
        scale: the network's unit.
        labels: their categories.
    """
    lengths = [len(rows) for rows in sequences]
    offsets, pens = map(torch.from_numpy, padded(sequences, scale, max(lengths) + 1))
    points = stroke5(offsets.to(network.readout.weight), pens)
    condition = condition_of(network, points, lengths, labels)
    vectors = network.unroll(condition, decoder_inputs(points))
    behind = torch.arange(pens.shape[1]) - torch.tensor(lengths)[:, None]  # 0 at the end
    offset_nats = -network.output.offset_log_likelihood(vectors, offsets.to(vectors))
    pen_nats = -network.output.pen_log_likelihood(vectors, pens)
    return offset_nats.masked_fill(behind >= 0, 0.0), pen_nats.masked_fill(behind > 0, 0.0)

"""How well a network predicts drawings: the figures of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.sketching.losses import drawing_nll, kl_divergence
from multimodal.sketching.model import SketchNetwork, decoder_inputs, stroke5
from multimodal.sketching.sequences import LabelledSequences, padded

BATCH_SIZE = 100


@dataclass(frozen=True)
class DrawingMetrics:
    """Figures of every drawing.

    Attributes:
        nats: (drawings, 5): of the offsets, the pen states, the end and its repetitions up to the
            limit (see `DrawingNLL`), and each drawing's KL term.
        lengths: (drawings,) rows of each.
        limit: N_max.
    """

    nats: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    limit: int

    @property
    def means(self) -> dict[str, float]:
        """Means over drawings; but nats per point over all points of all drawings."""
        offsets, pens, end, padding, kl = self.nats.mean(0).tolist()
        return {
            "reconstruction_loss": (offsets + pens + end + padding) / self.limit,
            "reconstruction_loss_masked": (offsets + pens) / self.limit,
            "kl": kl,
            "nats_per_point": float(self.nats[:, :3].sum() / self.lengths.sum()),
            "drawings": len(self.lengths),
        }


def joined(parts: Sequence[DrawingMetrics]) -> DrawingMetrics:
    """The figures of several sets of drawings as one; at least one set, all of one limit."""
    nats = np.concatenate([part.nats for part in parts])
    return DrawingMetrics(nats, np.concatenate([part.lengths for part in parts]), parts[0].limit)


@torch.inference_mode()
def measure(
    network: SketchNetwork,
    sequences: LabelledSequences,
    scale: float,
    limit: int,
    *,
    latent: bool,
    whole: bool = False,
) -> DrawingMetrics:
    """Measure drawings, in batches of similar length; each knows its category.

    Args:
        network: in evaluation mode.
        sequences: the drawings, none longer than the limit.
        scale: the offsets' unit.
        limit: N_max.
        latent: tell the decoder the mean of each drawing's z.
        whole: unroll every drawing up to the limit, for the exact loss of pen states unmasked; else
            what lacks of the limit counts as equal to the last row (see `drawing_nll`).
    """
    lengths, device = sequences.lengths, network.readout.weight.device
    nats = np.zeros((len(sequences), 5))
    order = np.argsort(lengths, kind="stable")
    for indices in np.array_split(order, -(-len(order) // BATCH_SIZE)):
        steps = limit if whole else min(int(lengths[indices].max()) + 2, limit)
        rows = [sequences.rows[index] for index in indices]
        offsets, pens = map(torch.from_numpy, padded(rows, scale, steps))
        offsets, pens = offsets.float().to(device), pens.to(device)
        labels = torch.from_numpy(sequences.labels[indices]).to(device)
        points = stroke5(offsets, pens)
        counts = torch.from_numpy(lengths[indices]).to(device)
        z, kl = _encoded(network, points, counts) if latent else (None, None)
        vectors = network.unroll(network.condition(labels, z), decoder_inputs(points))
        found = drawing_nll(network.output, vectors, offsets, pens, limit)
        nats[indices, :4] = torch.stack(found, 1).cpu().numpy()
        if kl is not None:
            nats[indices, 4] = kl.cpu().numpy()
    return DrawingMetrics(nats, lengths, limit)


def _encoded(network: SketchNetwork, points: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of z (B, Z), and each drawing's KL term (B,)."""
    mean, log_variance = network.encode(points, lengths)
    pairs = zip(mean, log_variance, strict=True)
    return mean, torch.stack([kl_divergence(*pair) for pair in pairs])

"""The loss of sketch-rnn (Ha and Eck 2017, equations 9 to 11 and 13), and how it is reported."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.recurrent.mixture import MixtureOutput
from multimodal.sketching.pen_states import END


class DrawingNLL(NamedTuple):
    """Negative log-likelihoods of drawings in nats, each (B,).

    Attributes:
        offsets: of the offsets, over the points.
        pens: of the pen states, over the points.
        end: of the end, right after the last point; 0 where the limit leaves no row for it.
        padding: of the end said again in every row behind it, up to the limit.
    """

    offsets: Tensor
    pens: Tensor
    end: Tensor
    padding: Tensor

    def reconstruction_loss(self, limit: int) -> Tensor:
        """The paper's L_R as it is trained: pen states unmasked, all over N_max = `limit`."""
        return (self.offsets + self.pens + self.end + self.padding) / limit

    def reconstruction_loss_masked(self, limit: int) -> Tensor:
        """L_R with the pen's loss over the points alone, as the paper's authors evaluate it."""
        return (self.offsets + self.pens) / limit


def drawing_nll(
    output: MixtureOutput, vectors: Tensor, offsets: Tensor, pens: Tensor, limit: int
) -> DrawingNLL:
    """How well the vectors predict drawings.

    Rows may be shorter than the limit, where all end before their last row: what is lacking is then
    counted as equal to the last row, in which the network has seen the end and knows of nothing
    else. So short drawings need not be unrolled over hundreds of rows of nothing.

    Args:
        output: what a vector is.
        vectors: (B, T, 3 + 6 K).
        offsets: (B, T, 2), scaled.
        pens: (B, T), END from behind the last point on.
        limit: N_max, at least T.
    """
    ended = pens == END  # (B, T)
    first_end = ended & (ended.cumsum(1) == 1)
    offset_nats = -output.offset_log_likelihood(vectors, offsets)  # (B, T)
    pen_nats = -output.pen_log_likelihood(vectors, pens)
    end = pen_nats.masked_fill(~first_end, 0.0).sum(1)
    repeated = torch.ones_like(pen_nats)
    repeated[:, -1] += limit - pens.shape[1]
    return DrawingNLL(
        offsets=offset_nats.masked_fill(ended, 0.0).sum(1),
        pens=pen_nats.masked_fill(ended, 0.0).sum(1),
        end=end,
        padding=(pen_nats * repeated).masked_fill(~ended, 0.0).sum(1) - end,
    )


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """L_KL: from N(μ, σ²) to N(0, 1), the mean over batch and latent; (B, Z) each → ()."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()

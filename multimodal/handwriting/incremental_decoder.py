"""The network as writing uses it: one point at a time, for all lines at once, and fast."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.handwriting.model import POINT, HandwritingNetwork, PenState
from multimodal.recurrent.attention import GaussianWindow


class DecoderWeights:
    """The weights, laid out for single steps.

    What a step reads stands side by side, point, context, lower h, upper h, so that each layer is
    one product; what the embedding adds is computed once for a whole line. tanh(x) is taken as 2
    σ(2 x)
    - 1, with the doubling of the candidate's part in the weights: σ is several times as fast. The
    products run in `dtype`, all else in fp32.

    Args:
        network: what was learnt, in fp32.
        dtype: of the products.
    """

    def __init__(self, network: HandwritingNetwork, dtype: torch.dtype) -> None:
        config = network.config
        lower, upper = network.lower, cast(nn.LSTM, network.upper.layers[0])
        self.dtype = dtype
        self.network = network
        self.context = POINT + config.character_embedding_size
        self.low = self.context + config.window_size
        self.width = self.low + config.hidden_size
        with torch.no_grad():
            double = _doubled(config.window_size)
            self.lower = (lower.weight * double).to(dtype)
            self.lower_embedding = lower.constant.weight * double
            self.lower_bias = lower.constant.bias * double[:, 0]
            double = _doubled(config.hidden_size)
            inputs, recurrent = cast(Tensor, upper.weight_ih_l0), cast(Tensor, upper.weight_hh_l0)
            read = torch.cat([inputs[:, : self.low], recurrent], 1)
            self.upper = (read * double).to(dtype)
            self.upper_embedding = inputs[:, self.low :] * double
            bias = cast(Tensor, upper.bias_ih_l0) + cast(Tensor, upper.bias_hh_l0)
            self.upper_bias = bias * double[:, 0]
            # The readout passes over point and context, so that it reads the row as it stands.
            self.readout = F.pad(network.readout.weight, (self.context, 0)).to(dtype)
            self.readout_bias = network.readout.bias.to(dtype)
            self.window = lower.window.projection.weight.T.contiguous()
            self.window_bias = lower.window.projection.bias.clone()


class IncrementalDecoder:
    """B lines in the making.

    Args:
        weights: laid out for single steps.
        memory: (B, U, D), the cells of the texts.
        embeddings: (B, S), the embeddings.
        state: where the lines stand.
    """

    def __init__(
        self, weights: DecoderWeights, memory: Tensor, embeddings: Tensor, state: PenState
    ) -> None:
        self._weights = weights
        self._memory = memory
        self._cells = torch.arange(memory.shape[1], dtype=memory.dtype)
        self._lower_added = F.linear(embeddings, weights.lower_embedding, weights.lower_bias)
        self._upper_added = F.linear(embeddings, weights.upper_embedding, weights.upper_bias)
        window, (upper, upper_cell) = state
        parts = [upper.new_zeros(len(embeddings), POINT), window.seen, window.h, upper]
        self._read = torch.cat(parts, 1).to(weights.dtype)
        self._lower_cell = window.c.clone()
        self._upper_cell = upper_cell.clone()
        self._places = window.places.clone()

    def move(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Take in the last points (B, 4) → vectors (B, 3 + 6 K) for the next, and φ (B, U)."""
        weights, read = self._weights, self._read
        read[:, :POINT] = points
        sums = self._lower_added + F.linear(read[:, : weights.low], weights.lower)
        hidden = _advance(sums, self._lower_cell)
        read[:, weights.context : weights.low] = hidden
        seen, looks = self._look(hidden)
        read[:, POINT : weights.context] = seen
        sums = self._upper_added + F.linear(read, weights.upper)
        read[:, weights.low :] = _advance(sums, self._upper_cell)
        return F.linear(read, weights.readout, weights.readout_bias), looks

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the lines: rows (B',)."""
        for name in (
            "_memory",
            "_lower_added",
            "_upper_added",
            "_read",
            "_lower_cell",
            "_upper_cell",
            "_places",
        ):
            setattr(self, name, getattr(self, name)[rows])

    def _look(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        limit = GaussianWindow.LARGEST_EXPONENT
        exponents = torch.addmm(self._weights.window_bias, hidden, self._weights.window)
        alpha, beta, pace = exponents.clamp_(-limit, limit).exp_().chunk(3, 1)
        self._places.add_(pace)
        bells = (self._places[:, :, None] - self._cells).square_().mul_(-beta[:, :, None]).exp_()
        looks = torch.bmm(alpha[:, None], bells)
        return torch.bmm(looks, self._memory)[:, 0], looks[:, 0]


def _advance(sums: Tensor, cell: Tensor) -> Tensor:
    """An LSTM's step from the sums of its gates (B, 4 H) and its cell (B, H), changed in place."""
    i, f, g, o = sums.float().sigmoid_().chunk(4, 1)
    cell.mul_(f).add_(i * g.mul_(2).sub_(1))
    return (2 * cell).sigmoid_().mul_(2).sub_(1).mul_(o)


def _doubled(size: int) -> Tensor:
    factors = torch.ones(4 * size, 1)
    factors[2 * size : 3 * size] = 2  # input, forget, candidate, output
    return factors

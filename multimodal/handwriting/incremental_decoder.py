"""The network as writing uses it: one point at a time, for all lines at once, and fast."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.handwriting.model import POINT, HandwritingNetwork, PenState
from multimodal.recurrent.attention import GaussianWindow
from multimodal.recurrent.incremental import RowReadout, StepWeights, advance


class DecoderWeights:
    """The weights, laid out for single steps.

    What a step reads stands side by side, point, context, lower h, upper h, so that each layer is
    one product.

    Args:
        network: what was learnt, in fp32.
        dtype: of the products; all else is in fp32.
    """

    def __init__(self, network: HandwritingNetwork, dtype: torch.dtype) -> None:
        config, lower = network.config, network.lower
        upper = cast(nn.LSTM, network.upper.layers[0])
        self.dtype = dtype
        self.network = network
        self.context = POINT + config.character_embedding_size
        self.low = self.context + config.window_size
        self.width = self.low + config.hidden_size
        with torch.no_grad():
            constant = lower.constant
            self.lower = StepWeights.laid_out(lower.weight, constant.weight, constant.bias, dtype)
            self.upper = StepWeights.of_lstm(upper, self.low, dtype)
            # The readout passes over point and context, so that it reads the row as it stands.
            self.readout = RowReadout.of_linear(network.readout, self.context, dtype)
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
        self._lower_added = weights.lower.constant_sums(embeddings)
        self._upper_added = weights.upper.constant_sums(embeddings)
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
        sums = self._lower_added + F.linear(read[:, : weights.low], weights.lower.step)
        hidden = advance(sums, self._lower_cell)
        read[:, weights.context : weights.low] = hidden
        seen, looks = self._look(hidden)
        read[:, POINT : weights.context] = seen
        sums = self._upper_added + F.linear(read, weights.upper.step)
        read[:, weights.low :] = advance(sums, self._upper_cell)
        return weights.readout(read), looks

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

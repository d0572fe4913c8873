"""The network as writing uses it: one point at a time, for all lines at once, and fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.handwriting.model import POINT, HandwritingNetwork, PenState
from multimodal.recurrent.attention import GaussianWindow
from multimodal.recurrent.incremental import IncrementalDecoder, RowReadout, StepWeights, advance


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


@dataclass
class HandwritingDecoder(IncrementalDecoder):
    """B lines in the making.

    Attributes:
        weights: laid out for single steps.
        memory: (B, U, D), the cells of the texts.
        lower_added, upper_added: (B, 4 H) what the writers add to the sums of each layer's gates.
        read: (B, W) what a step reads; see `DecoderWeights`.
        lower_cell, upper_cell: (B, H) of each layer, fp32.
        places: (B, windows) where each Gaussian of the window stands.
        looks: (B, U) φ, how much the window showed of each cell at the last step.
    """

    weights: DecoderWeights
    memory: Tensor
    lower_added: Tensor
    upper_added: Tensor
    read: Tensor
    lower_cell: Tensor
    upper_cell: Tensor
    places: Tensor
    looks: Tensor

    @classmethod
    def start(
        cls, weights: DecoderWeights, memory: Tensor, embeddings: Tensor, state: PenState
    ) -> HandwritingDecoder:
        """Take up texts, writers and where their lines stand.

        Args:
            weights: laid out for single steps.
            memory: (B, U, D), the cells of the texts.
            embeddings: (B, S), the embeddings.
            state: where the lines stand.
        """
        window, (upper, upper_cell) = state
        parts = [upper.new_zeros(len(embeddings), POINT), window.seen, window.h, upper]
        return cls(
            weights,
            memory,
            weights.lower.constant_sums(embeddings),
            weights.upper.constant_sums(embeddings),
            torch.cat(parts, 1).to(weights.dtype),
            window.c.clone(),
            upper_cell.clone(),
            window.places.clone(),
            memory.new_zeros(memory.shape[:2]),
        )

    def move(self, points: Tensor) -> Tensor:
        """See `IncrementalDecoder`: points (B, 4) → vectors (B, 3 + 6 K)."""
        weights, read = self.weights, self.read
        read[:, :POINT] = points
        sums = self.lower_added + F.linear(read[:, : weights.low], weights.lower.step)
        hidden = advance(sums, self.lower_cell)
        read[:, weights.context : weights.low] = hidden
        read[:, POINT : weights.context] = self._look(hidden)
        sums = self.upper_added + F.linear(read, weights.upper.step)
        read[:, weights.low :] = advance(sums, self.upper_cell)
        return weights.readout(read)

    def _look(self, hidden: Tensor) -> Tensor:
        """Slide the windows on → what they show (B, D)."""
        limit = GaussianWindow.LARGEST_EXPONENT
        exponents = torch.addmm(self.weights.window_bias, hidden, self.weights.window)
        alpha, beta, pace = exponents.clamp_(-limit, limit).exp_().chunk(3, 1)
        self.places.add_(pace)
        cells = torch.arange(self.memory.shape[1], dtype=self.memory.dtype)
        bells = (self.places[:, :, None] - cells).square_().mul_(-beta[:, :, None]).exp_()
        looks = torch.bmm(alpha[:, None], bells)
        self.looks = looks[:, 0]
        return torch.bmm(looks, self.memory)[:, 0]

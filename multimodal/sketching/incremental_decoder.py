"""The decoder as drawing uses it: one step at a time, for all drawings at once, and fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.cells import RecurrentNetwork, State
from multimodal.recurrent.incremental import IncrementalDecoder, RowReadout, StepWeights, advance
from multimodal.sketching import position
from multimodal.sketching.model import STROKE_5, SketchNetwork

CACHED_ROWS = 128  # a step's sums of so many rows stay in the second cache


@dataclass
class CellDecoder(IncrementalDecoder):
    """Any cell, by its own single steps.

    Attributes:
        network: what was learnt.
        condition: (B, C) what is drawn.
        state: the decoder's.
    """

    network: SketchNetwork
    condition: Tensor
    state: State

    def move(self, points: Tensor) -> Tensor:
        """See `IncrementalDecoder`."""
        vectors, self.state = self.network.step(self.condition, points, self.state)
        return vectors


class LSTMWeights:
    """The weights of an LSTM decoder, laid out for single steps.

    Args:
        network: with the cell "lstm".
        dtype: of the products; all else is in fp32.
    """

    def __init__(self, network: SketchNetwork, dtype: torch.dtype) -> None:
        lstm = cast(nn.LSTM, cast(RecurrentNetwork, network.decoder).layers[0])
        self.dtype = dtype
        self.inputs = network.config.point_size
        # A readout that is not told the point passes over it, and reads both as they stand.
        passed_over = 0 if network.config.position else self.inputs
        with torch.no_grad():
            self.layer = StepWeights.of_lstm(lstm, self.inputs, dtype)
            self.readout = RowReadout.of_linear(network.readout, passed_over, dtype)


@dataclass
class LSTMDecoder(IncrementalDecoder):
    """An LSTM, with few and large operations.

    Attributes:
        weights: laid out for single steps.
        shown: (B, 4 H) what the condition adds to the sums of the gates.
        read: (B, P + H) what is told of a point, which may be old, and the hidden state; in the
            weights' type.
        cell: (B, H), fp32.
        track: (B, 9) of the pen's position, where the network is told it.
    """

    weights: LSTMWeights
    shown: Tensor
    read: Tensor
    cell: Tensor
    track: Tensor | None = None

    @classmethod
    def start(cls, weights: LSTMWeights, condition: Tensor, state: State) -> LSTMDecoder:
        """Take up conditions (B, C) and the decoder's state.

        Args:
            weights: laid out for single steps.
            condition: (B, C).
            state: the decoder's.
        """
        (h, c), *rest = state
        shown = weights.layer.constant_sums(condition)
        read = F.pad(h, (weights.inputs, 0)).to(weights.dtype)
        return cls(weights, shown, read, c.clone(), rest[0][0] if rest else None)

    def move(self, points: Tensor) -> Tensor:
        """See `IncrementalDecoder`."""
        weights = self.weights
        self.read[:, :STROKE_5] = points
        if self.track is not None:
            self.track = position.moved(self.track, points)
            self.read[:, STROKE_5 : weights.inputs] = position.features(self.track)
        products = F.linear(self.read, weights.layer.step)  # (B, 4 H)
        for begin in range(0, len(points), CACHED_ROWS):
            self._gate(slice(begin, begin + CACHED_ROWS), products)
        return weights.readout(self.read)

    def _gate(self, rows: slice, products: Tensor) -> None:
        """What is left of a step once the products are there, for so many rows as a cache holds."""
        sums = self.shown[rows] + products[rows]  # fp32
        self.read[rows, self.weights.inputs :] = advance(sums, self.cell[rows])

"""The decoder as drawing uses it: one step at a time, for all drawings at once, and fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.cells import RecurrentNetwork, State
from multimodal.recurrent.incremental import RowReadout, StepWeights, advance
from multimodal.sketching import position
from multimodal.sketching.model import STROKE_5, SketchNetwork

CACHED_ROWS = 128  # a step's sums of so many rows stay in the second cache


class IncrementalDecoder(Protocol):
    """B drawings in the making."""

    def move(self, points: Tensor) -> Tensor:
        """Take in the last points (B, 5), fp32 → vectors (B, 3 + 6 K) for the next ones."""

    def keep(self, rows: Tensor) -> IncrementalDecoder:
        """The same for some of the drawings, or for several copies of them: rows (B',)."""

    def put(self, rows: Tensor, other: Any) -> None:
        """Let the drawings of some rows (B',) stand where they do in another of equal size."""

    def __len__(self) -> int:
        """B."""


@dataclass
class CellDecoder:
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

    def keep(self, rows: Tensor) -> CellDecoder:
        """See `IncrementalDecoder`."""
        state = tuple(tuple(part[rows] for part in layer) for layer in self.state)
        return CellDecoder(self.network, self.condition[rows], state)

    def put(self, rows: Tensor, other: CellDecoder) -> None:
        """See `IncrementalDecoder`."""
        for layer, others in zip(self.state, other.state, strict=True):
            for part, wanted in zip(layer, others, strict=True):
                part[rows] = wanted[rows]

    def __len__(self) -> int:
        return len(self.condition)


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


class LSTMDecoder:
    """An LSTM, with few and large operations.

    Args:
        weights: laid out for single steps.
        shown: (B, 4 H) what the condition adds to the sums of the gates.
        read: (B, P + H) what is told of a point, which may be old, and the hidden state; in the
            weights' type.
        cell: (B, H), fp32.
        track: (B, 9) of the pen's position, where the network is told it.
    """

    def __init__(
        self,
        weights: LSTMWeights,
        shown: Tensor,
        read: Tensor,
        cell: Tensor,
        track: Tensor | None = None,
    ) -> None:
        self._weights = weights
        self._shown = shown
        self._read = read
        self._cell = cell
        self._track = track

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
        weights = self._weights
        self._read[:, :STROKE_5] = points
        if self._track is not None:
            self._track = position.moved(self._track, points)
            self._read[:, STROKE_5 : weights.inputs] = position.features(self._track)
        products = F.linear(self._read, weights.layer.step)  # (B, 4 H)
        for begin in range(0, len(points), CACHED_ROWS):
            self._gate(slice(begin, begin + CACHED_ROWS), products)
        return weights.readout(self._read)

    def _gate(self, rows: slice, products: Tensor) -> None:
        """What is left of a step once the products are there, for so many rows as a cache holds."""
        sums = self._shown[rows] + products[rows]  # fp32
        self._read[rows, self._weights.inputs :] = advance(sums, self._cell[rows])

    def keep(self, rows: Tensor) -> LSTMDecoder:
        """See `IncrementalDecoder`."""
        track = None if self._track is None else self._track[rows]
        return LSTMDecoder(
            self._weights, self._shown[rows], self._read[rows], self._cell[rows], track
        )

    def put(self, rows: Tensor, other: LSTMDecoder) -> None:
        """See `IncrementalDecoder`."""
        self._read[rows] = other._read[rows]
        self._cell[rows] = other._cell[rows]
        if self._track is not None and other._track is not None:
            self._track[rows] = other._track[rows]

    def __len__(self) -> int:
        return len(self._cell)

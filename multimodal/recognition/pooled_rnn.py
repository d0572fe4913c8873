"""A recurrent network that is read at every step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from multimodal.recurrent.cells import Cell, RecurrentNetwork, State

FEW_STEPS = 5
"""Up to so many, single steps are faster than torch's fused kernels."""


class PooledState(NamedTuple):
    """What is remembered of B sequences so far: the core's state and its peaks (B, H)."""

    state: State
    peaks: Tensor


class PooledRNN(nn.Module):
    """Remembers a sequence: after every step, the hidden state and the peaks of all so far.

    A maximum over time beside the last state (Conneau et al. 2017) keeps what was seen long ago in
    plain view of the readout. Both only look back, so that what is said after a step never depends
    on what follows.

    Args:
        cell: of the recurrent core.
        input_size: D, the features of a step.
        hidden_size: H, the units of every layer.
        layers: how many.
        dropout: the share of features dropped between layers, locked through time.
        weight_dropout: the share of recurrent weights dropped in training.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        layers: int,
        dropout: float,
        *,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.core = RecurrentNetwork(
            cell, input_size, hidden_size, layers, dropout, weight_dropout=weight_dropout
        )

    @property
    def output_size(self) -> int:
        """The features of what `forward` gives for every step, 2 H."""
        return 2 * self.core.hidden_size

    def initial_state(self, batch: int) -> PooledState:
        """What is remembered of B sequences before their first step."""
        state = self.core.initial_state(batch)
        return PooledState(state, torch.full_like(state[0][0], -torch.inf))

    def forward(
        self, inputs: Tensor, memory: PooledState | None = None
    ) -> tuple[Tensor, PooledState]:
        """Read steps (B, T, D).

        Returns:
            (B, T, 2 H), of which each step depends on the steps up to it, and the memory after T.
        """
        memory = memory or self.initial_state(inputs.shape[0])
        few = inputs.shape[1] <= FEW_STEPS and not self.training
        hidden, state = (self._step if few else self.core.unroll)(inputs, memory.state)
        peaks = torch.maximum(hidden.cummax(1).values, memory.peaks[:, None])
        return torch.cat([hidden, peaks], -1), PooledState(state, peaks[:, -1])

    def _step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Unroll by single steps."""
        hidden = []
        for now in inputs.unbind(1):
            output, state = self.core.step(now, state)
            hidden.append(output)
        return torch.stack(hidden, 1), state

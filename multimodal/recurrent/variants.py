"""Variants of the LSTM for hard sequences, behind the interface of `RecurrentNetwork`.

- `LayerNormLSTM`: normalises every gate and the cell (Ba, Kiros and Hinton 2016).
- `HyperLSTM`: a small LSTM scales the weights of a large one at every step (Ha, Dai and Le 2016).

Both drop candidate values in training (recurrent dropout without memory loss, Semeniuta, Severyn
and Barth 2016) and take one step after another, in training as well, which costs several times as
much as the fused kernels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.cells import LayerState, State

FORGET_BIAS = 1.0  # of a gate that would else forget half of the cell at every step


class _SteppedNetwork(nn.Module, ABC):
    """A recurrent layer that is unrolled by its own single steps.

    Args:
        input_size: D, the features of one input.
        hidden_size: H, the units.
        dropout: the share of candidate values that is dropped in training.
    """

    def __init__(self, input_size: int, hidden_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.candidate_dropout = dropout
        self.input_weights = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.recurrent_weights = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        nn.init.xavier_uniform_(self.input_weights)
        for gate in self.recurrent_weights.detach().chunk(4):
            nn.init.orthogonal_(gate)

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """Zeros for a batch of B sequences, on the device and in the type of the parameters."""

    @abstractmethod
    def _advance(self, inputs: Tensor, projected: Tensor, state: State) -> State:
        """One step: inputs (B, D), their product with the input weights (B, 4 H), the state."""

    def unroll(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Read whole sequences; see `RecurrentNetwork.unroll`."""
        state = state or self.initial_state(inputs.shape[0])
        projected = F.linear(inputs, self.input_weights)  # (B, T, 4 H), for all steps at once
        outputs = []
        for number in range(inputs.shape[1]):
            new = self._advance(inputs[:, number], projected[:, number], state)
            goes_on = None if lengths is None else (number < lengths)[:, None]  # (B, 1)
            state = new if goes_on is None else _where(goes_on, new, state)
            output = new[0][0]
            outputs.append(output if goes_on is None else output * goes_on)
        return torch.stack(outputs, 1), state

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by one step: inputs (B, D) and a state → h (B, H), new state."""
        state = self._advance(inputs, F.linear(inputs, self.input_weights), state)
        return state[0][0], state

    def _zeros(self, batch: int, size: int) -> Tensor:
        return self.input_weights.new_zeros(batch, size)


class LayerNormLSTM(_SteppedNetwork):
    """An LSTM whose gates and cell are normalised over their units (Ba, Kiros and Hinton 2016).

    See `_SteppedNetwork` for the arguments.
    """

    def __init__(self, input_size: int, hidden_size: int, dropout: float = 0.0) -> None:
        super().__init__(input_size, hidden_size, dropout)
        self.gates = _NormalisedGates(hidden_size)

    def initial_state(self, batch: int) -> State:
        """((h, c),), both (B, H) and zero."""
        return ((self._zeros(batch, self.hidden_size),) * 2,)

    def _advance(self, inputs: Tensor, projected: Tensor, state: State) -> State:
        del inputs
        ((h, c),) = state
        sums = projected + F.linear(h, self.recurrent_weights)
        return (self.gates(sums, c, self.candidate_dropout),)


class HyperLSTM(_SteppedNetwork):
    """An LSTM whose weights' rows are scaled, at every step, by a smaller LSTM that watches it.

    The smaller one reads the input and the larger one's h. What it says is squeezed through
    embeddings, which scale the sums that come from the input and from h and add a bias, for every
    gate (Ha, Dai and Le 2016, appendix A.2.3), before these are normalised.

    Args:
        input_size: D, the features of one input.
        hidden_size: H, the units.
        dropout: the share of candidate values that is dropped in training.
        hyper_size: the units of the smaller LSTM.
        embedding_size: of every embedding.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        dropout: float = 0.0,
        hyper_size: int = 128,
        embedding_size: int = 16,
    ) -> None:
        super().__init__(input_size, hidden_size, dropout)
        self.gates = _NormalisedGates(hidden_size)
        self.hyper = LayerNormLSTM(input_size + hidden_size, hyper_size, dropout)
        # Three embeddings (scale of the input's sums, scale of h's sums, bias) for four gates.
        self.embedding = nn.Linear(hyper_size, 3 * 4 * embedding_size)
        self.projection = nn.Parameter(torch.zeros(3 * 4, embedding_size, hidden_size))
        self._begin_neutral()

    def initial_state(self, batch: int) -> State:
        """((h, c), (h, c) of the smaller LSTM), all zero."""
        return ((self._zeros(batch, self.hidden_size),) * 2, *self.hyper.initial_state(batch))

    def _begin_neutral(self) -> None:
        """At first every scale is 0.1, the same for all inputs, and every bias 0.

        The scale's smallness is undone by the normalisation and lets it learn faster (Cooijmans et
        al. 2016).
        """
        scales, embedding_size = 2 * 4, self.projection.shape[1]
        nn.init.zeros_(self.embedding.weight[: scales * embedding_size])
        nn.init.ones_(self.embedding.bias[: scales * embedding_size])
        nn.init.normal_(self.embedding.weight[scales * embedding_size :], std=0.01)
        nn.init.zeros_(self.embedding.bias[scales * embedding_size :])
        nn.init.constant_(self.projection.detach()[:scales], 0.1 / embedding_size)

    def _advance(self, inputs: Tensor, projected: Tensor, state: State) -> State:
        (h, c), watching = state
        hyper_output, (watching,) = self.hyper.step(torch.cat([inputs, h], -1), (watching,))
        embedded = self.embedding(hyper_output).unflatten(-1, (3 * 4, -1))  # (B, 12, E)
        changes = torch.einsum("bge,geh->bgh", embedded, self.projection)
        input_scale, recurrent_scale, bias = changes.flatten(1).chunk(3, -1)  # (B, 4 H) each
        recurrent = F.linear(h, self.recurrent_weights)
        sums = input_scale * projected + recurrent_scale * recurrent + bias
        return self.gates(sums, c, self.candidate_dropout), watching


class _NormalisedGates(nn.Module):
    """From the sums of four gates and the former cell to h and c, normalised on the way."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.gain = nn.Parameter(torch.ones(4, hidden_size))
        self.bias = nn.Parameter(torch.zeros(4, hidden_size))
        self.cell_norm = nn.LayerNorm(hidden_size)

    def forward(self, sums: Tensor, c: Tensor, dropout: float) -> LayerState:
        """(B, 4 H) in the order input, forget, candidate, output; c (B, H) → h and c (B, H)."""
        gates = F.layer_norm(sums.unflatten(-1, (4, -1)), (self.hidden_size,))
        i, f, g, o = (gates * self.gain + self.bias).unbind(-2)
        candidate = F.dropout(g.tanh(), dropout, self.training)
        c = torch.sigmoid(f + FORGET_BIAS) * c + torch.sigmoid(i) * candidate
        return torch.sigmoid(o) * self.cell_norm(c).tanh(), c


def _where(goes_on: Tensor, new: State, old: State) -> State:
    """The new state of the sequences that go on (B, 1), the old one of the others."""
    return tuple(
        tuple(torch.where(goes_on, *pair) for pair in zip(*layers, strict=True))
        for layers in zip(new, old, strict=True)
    )

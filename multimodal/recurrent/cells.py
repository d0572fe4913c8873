"""Recurrent cells: the same function with the same parameters at every step.

Vanilla RNN (Elman 1990)::

    h_t = tanh(W_hh h_{t-1} + W_xh x_t + b)                 y_t = W_hy h_t

GRU (Cho et al. 2014, in the form of torch.nn.GRU) and LSTM (Hochreiter and Schmidhuber 1997, with
the forget gate of Gers et al. 2000) stand behind the same interface. The readout y_t belongs to
whoever owns the network, since what is emitted differs from task to task.

Training unrolls a whole sequence through torch's fused kernels; generation takes single steps,
which are several times faster one at a time. Both read the same parameters. What is always read as
a whole can be read from both ends (`BidirectionalNetwork`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Cell: TypeAlias = Literal["rnn", "gru", "lstm"]

LayerState: TypeAlias = tuple[Tensor, ...]
"""(h,) for a vanilla RNN and a GRU, (h, c) for an LSTM; each (B, H)."""

State: TypeAlias = tuple[LayerState, ...]
"""One entry for each layer, the first layer first."""

FUSED: dict[Cell, type[nn.RNN] | type[nn.GRU] | type[nn.LSTM]] = {
    "rnn": nn.RNN,
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
STATE_TENSORS: dict[Cell, int] = {"rnn": 1, "gru": 1, "lstm": 2}


class LockedDropout(nn.Module):
    """Dropout with one mask for all time steps of a sequence (Gal and Ghahramani 2016).

    Takes and returns (B, T, D). Drawing one number for each sequence and feature, rather than for
    each step, regularises recurrent networks better and costs next to nothing.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, inputs: Tensor) -> Tensor:
        """Zero whole features of a sequence, and scale what remains."""
        if not self.training or self.probability == 0.0:
            return inputs
        mask = inputs.new_empty(inputs.shape[0], 1, inputs.shape[2])
        keep = 1.0 - self.probability
        return inputs * mask.bernoulli_(keep).div_(keep)


class RecurrentNetwork(nn.Module):
    """Stacked recurrent layers that unroll through time or advance by one step.

        network = RecurrentNetwork("lstm", input_size=8, hidden_size=16, layers=2, dropout=0.3)
        outputs, state = network.unroll(torch.randn(4, 10, 8))      # (4, 10, 16)
        output, state = network.step(torch.randn(4, 8), state)      # (4, 16)

    Args:
        cell: "rnn", "gru" or "lstm".
        input_size: D, the features of one input.
        hidden_size: H, the units of every layer.
        layers: how many layers are stacked.
        dropout: the share of features dropped between layers in training, locked through time.
        weight_dropout: the share of recurrent weights W_hh that `unroll` drops in training, the
            same at all steps and in the whole batch (Merity, Keskar and Socher 2018).
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        layers: int = 1,
        dropout: float = 0.0,
        *,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        sizes = [input_size] + [hidden_size] * layers
        self.layers = nn.ModuleList(
            FUSED[cell](size_in, size_out, batch_first=True)
            for size_in, size_out in pairwise(sizes)
        )
        self.dropout = LockedDropout(dropout)
        self.weight_dropout = weight_dropout

    def initial_state(self, batch: int) -> State:
        """Zeros for a batch of B sequences, on the device and in the type of the parameters."""
        weight = cast(Tensor, next(self.parameters()))
        zeros = weight.new_zeros(batch, self.hidden_size)
        return ((zeros,) * STATE_TENSORS[self.cell],) * len(self.layers)

    def unroll(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Read whole sequences.

        Args:
            inputs: (B, T, D).
            state: the state before the first step; zeros when None.
            lengths: (B,) how many steps of every sequence count, at least one; all T when None.

        Returns:
            The last layer's hidden states (B, T, H), zero beyond a sequence's length, and the state
            of every layer after each sequence's own last step.
        """
        before = state or self.initial_state(inputs.shape[0])
        after: list[LayerState] = []
        outputs = inputs
        for number, (layer, layer_state) in enumerate(zip(self.layers, before, strict=True)):
            if number:
                outputs = self.dropout(outputs)
            recurrent = cast(Tensor, layer.weight_hh_l0)
            kept = F.dropout(recurrent, self.weight_dropout, self.training)
            outputs, layer_state = _unroll_layer(layer, kept, outputs, layer_state, lengths)
            after.append(layer_state)
        return outputs, tuple(after)

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by one step: inputs (B, D) and a state → the last layer's h (B, H), new state."""
        output = inputs
        after: list[LayerState] = []
        for layer, layer_state in zip(self.layers, state, strict=True):
            layer_state = _step_layer(self.cell, cast(nn.RNNBase, layer), output, layer_state)
            output = layer_state[0]
            after.append(layer_state)
        return output, tuple(after)

    def step_from(self, sums: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance a network of one layer whose input is multiplied already.

        Args:
            sums: (B, G H) what the input adds to the gates, W_ih x + b_ih, in torch's order.
            state: as in `step`.
        """
        ((layer,), (before,)) = self.layers, state
        hidden = before[0]
        weight, bias = cast(Tensor, layer.weight_hh_l0), cast(Tensor, layer.bias_hh_l0)
        recurrent = F.linear(hidden, weight, bias)
        if self.cell == "lstm":
            i, f, g, o = (sums + recurrent).chunk(4, 1)
            cell = before[1] * f.sigmoid() + i.sigmoid() * g.tanh()
            after: LayerState = (o.sigmoid() * cell.tanh(), cell)
        elif self.cell == "gru":
            reset, update, new = sums.chunk(3, 1)
            h_reset, h_update, h_new = recurrent.chunk(3, 1)
            candidate = (new + (reset + h_reset).sigmoid() * h_new).tanh()
            after = (candidate + (update + h_update).sigmoid() * (hidden - candidate),)
        else:
            after = ((sums + recurrent).tanh(),)
        return after[0], (after,)


class BidirectionalNetwork(nn.Module):
    """Stacked layers that read a whole sequence from both ends (Schuster and Paliwal 1997).

        network = BidirectionalNetwork("lstm", input_size=8, hidden_size=16, layers=2)
        outputs = network.unroll(torch.randn(4, 10, 8), lengths=torch.tensor([10, 7, 3, 1]))

    Every layer hears both directions of the one below::

        f_t = cell(f_{t-1}, x_t)        b_t = cell'(b_{t+1}, x_t)        y_t = [f_t; b_t]

    The way back turns every sequence about within its own length, so that padding never comes
    before it and torch's fused kernels can be used: they know no lengths.

    Args:
        cell: "rnn", "gru" or "lstm".
        input_size: D, the features of one input.
        hidden_size: H, the units of every layer in each direction.
        layers: how many layers are stacked.
        dropout: the share of features dropped between layers in training, locked through time.
    """

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        sizes = [input_size] + [2 * hidden_size] * (layers - 1)
        self.forwards, self.backwards = (
            nn.ModuleList(FUSED[cell](size, hidden_size, batch_first=True) for size in sizes)
            for _ in range(2)
        )
        self.dropout = LockedDropout(dropout)

    def unroll(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Read whole sequences.

        Args:
            inputs: (B, T, D).
            lengths: (B,) how many steps of every sequence count, at least one.

        Returns:
            The last layer's hidden states (B, T, 2 H), the way there and the way back; zero beyond
            a sequence's length.
        """
        time = torch.arange(inputs.shape[1], device=inputs.device)
        ends = lengths.to(inputs.device)[:, None]
        counts = time < ends  # (B, T)
        turned = torch.where(counts, ends - 1 - time, time)
        outputs = inputs
        layers = zip(self.forwards, self.backwards, strict=True)
        for number, (there, back) in enumerate(layers):
            if number:
                outputs = self.dropout(outputs)
            ahead, _ = there(outputs)
            behind, _ = back(_reordered(outputs, turned))
            outputs = torch.cat([ahead, _reordered(behind, turned)], -1)
        return outputs * counts[..., None]


def _reordered(steps: Tensor, order: Tensor) -> Tensor:
    """Steps (B, T, D) in another order (B, T) within each sequence."""
    return steps.gather(1, order[..., None].expand(-1, -1, steps.shape[2]))


def _unroll_layer(
    layer: nn.Module,
    recurrent_weights: Tensor,
    inputs: Tensor,
    state: LayerState,
    lengths: Tensor | None,
) -> tuple[Tensor, LayerState]:
    """One layer over all steps: (B, T, D) → (B, T, H) and its state after each sequence's end."""
    weights = {"weight_hh_l0": recurrent_weights}
    stacked = tuple(tensor[None] for tensor in state)  # (1, B, H), as the fused kernels want it
    before = stacked if len(stacked) == 2 else stacked[0]
    if lengths is None:
        outputs, after = functional_call(layer, weights, (inputs, before))
    else:
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_outputs, after = functional_call(layer, weights, (packed, before))
        outputs, _ = pad_packed_sequence(
            packed_outputs, batch_first=True, total_length=inputs.shape[1]
        )
    return outputs, tuple(tensor[0] for tensor in (after if len(stacked) == 2 else (after,)))


def _step_layer(cell: Cell, layer: nn.RNNBase, inputs: Tensor, state: LayerState) -> LayerState:
    w_ih, w_hh = cast(Tensor, layer.weight_ih_l0), cast(Tensor, layer.weight_hh_l0)
    b_ih, b_hh = cast(Tensor, layer.bias_ih_l0), cast(Tensor, layer.bias_hh_l0)
    if cell == "lstm":
        return tuple(torch.lstm_cell(inputs, state, w_ih, w_hh, b_ih, b_hh))
    if cell == "gru":
        return (torch.gru_cell(inputs, state[0], w_ih, w_hh, b_ih, b_hh),)
    return (torch.rnn_tanh_cell(inputs, state[0], w_ih, w_hh, b_ih, b_hh),)

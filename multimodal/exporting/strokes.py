"""What drawings and handwriting share inside a graph: the step of an LSTM, a point of a mixture."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


class LSTMStep(nn.Module):
    """One step of an LSTM of whose inputs some are constant.

    Args:
        layer: whose weights are taken.
        inputs: how many of its first inputs change at every step; the others are constant.
    """

    def __init__(self, layer: nn.RNNBase, inputs: int) -> None:
        super().__init__()
        weight_ih = cast(Tensor, layer.weight_ih_l0).detach()
        weight_hh = cast(Tensor, layer.weight_hh_l0).detach()
        bias = cast(Tensor, layer.bias_ih_l0) + cast(Tensor, layer.bias_hh_l0)
        self.seen = nn.Linear(inputs, 4 * layer.hidden_size, bias=False)
        self.step = nn.Linear(layer.hidden_size, 4 * layer.hidden_size, bias=False)
        self.constant = nn.Linear(weight_ih.shape[1] - inputs, 4 * layer.hidden_size)
        with torch.no_grad():
            self.seen.weight.copy_(weight_ih[:, :inputs])
            self.step.weight.copy_(weight_hh)
            self.constant.weight.copy_(weight_ih[:, inputs:])
            self.constant.bias.copy_(bias)

    def added(self, constant: Tensor) -> Tensor:
        """What constant inputs (B, C) add to the sums of the gates: (B, 4 H)."""
        sums: Tensor = self.constant(constant)
        return sums

    def forward(self, inputs: Tensor, h: Tensor, c: Tensor, added: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (B, D), h and c (B, H), and what is `added` → the new h and c.

        Args:
            inputs: (B, D).
            h: (B, H), the hidden state.
            c: (B, H), the cell state.
            added: (B, 4 H), what a constant input adds to the gates.
        """
        return advance(added + self.seen(inputs) + self.step(h), c)


def advance(sums: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The sums of an LSTM's gates (B, 4 H), in torch's order, and its cell → the new h and c."""
    i, f, g, o = sums.chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def chosen(rows: Tensor, at: Tensor) -> Tensor:
    """Of rows (B, T, …) each one's own (B, …) at places (B,), the nearest where there is none."""
    place = at.clamp(min=0).clamp(max=rows.shape[1] - 1)
    index = place.view(-1, *[1] * (rows.dim() - 1))
    return rows.gather(1, index.expand(-1, 1, *rows.shape[2:]))[:, 0]


def put(rows: Tensor, at: Tensor, where: Tensor, row: Tensor) -> Tensor:
    """Rows (B, T, …) with `row` (B, …) at places (B,) or (), for those that are marked (B,).

    Args:
        rows: (B, T, …).
        at: (B,) or (), the places.
        where: (B,), whether a row is written.
        row: (B, …), what is written.
    """
    here = torch.arange(rows.shape[1])[None] == at.view(-1, 1)
    place = (here & where[:, None]).view(len(where), -1, *[1] * (rows.dim() - 2))
    return torch.where(place, row[:, None], rows)

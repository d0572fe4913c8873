"""Decoders as generation uses them: one step at a time, with few and large operations.

What changes at every step and h stand side by side in one row, so that one product serves both;
what a constant input (a category, a writer) adds to the gates is computed once for a sequence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.generation.trees import Tree, leaves, map_leaves


@dataclass
class IncrementalDecoder(ABC):
    """B sequences in the making.

    Every tensor among the fields, in tuples too, has a row for each sequence.
    """

    @abstractmethod
    def move(self, points: Tensor) -> Tensor:
        """Take in the last points (B, P), fp32 → vectors (B, V) for the next ones."""

    def keep(self, rows: Tensor) -> Self:
        """The same for some of the sequences, or for several copies of them: rows (B',)."""
        return replace(
            self,
            **{name: map_leaves(lambda leaf: leaf[rows], tree) for name, tree in self._trees()},
        )

    def put(self, rows: Tensor, other: Self) -> None:
        """Let the sequences of some rows (B',) stand where they do in another of equal size."""
        for name, tree in self._trees():
            for own, wanted in zip(leaves(tree), leaves(getattr(other, name)), strict=True):
                own[rows] = wanted[rows]

    def __len__(self) -> int:
        """B."""
        _, tree = next(self._trees())
        return len(next(leaves(tree)))

    def _trees(self) -> Iterator[tuple[str, Tree]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in values if isinstance(value, Tensor | tuple))


class StepWeights(NamedTuple):
    """The weights of one LSTM layer, laid out for single steps.

    tanh(x) is taken as 2 σ(2 x) - 1, with the doubling of the candidate's part in the weights: σ is
    several times as fast.

    Attributes:
        step: (4 H, P + H), for the row of the inputs and h; in the type of the products.
        constant: (4 H, C), for the constant inputs, in fp32.
        bias: (4 H), in fp32.
    """

    step: Tensor
    constant: Tensor
    bias: Tensor

    @classmethod
    def laid_out(
        cls, step: Tensor, constant: Tensor, bias: Tensor, dtype: torch.dtype
    ) -> StepWeights:
        """Lay out weights as `nn.LSTM` has them: input, forget, candidate and output gate."""
        size = len(bias) // 4
        doubled = torch.ones_like(bias)
        doubled[2 * size : 3 * size] = 2
        rows = doubled[:, None]
        return cls((step * rows).to(dtype), constant * rows, bias * doubled)

    @classmethod
    def of_lstm(cls, lstm: nn.LSTM, inputs: int, dtype: torch.dtype) -> StepWeights:
        """Lay out a layer's weights.

        Args:
            lstm: of one layer.
            inputs: P, how many of its inputs change at every step; the others are constant.
            dtype: of the products.
        """
        weight_ih, weight_hh = cast(Tensor, lstm.weight_ih_l0), cast(Tensor, lstm.weight_hh_l0)
        bias = cast(Tensor, lstm.bias_ih_l0) + cast(Tensor, lstm.bias_hh_l0)
        step = torch.cat([weight_ih[:, :inputs], weight_hh], 1)
        return cls.laid_out(step, weight_ih[:, inputs:], bias, dtype)

    def constant_sums(self, constant: Tensor) -> Tensor:
        """What constant inputs (B, C) add to the sums of the gates at every step: (B, 4 H)."""
        return F.linear(constant, self.constant, self.bias)


class RowReadout(NamedTuple):
    """A readout of rows that begin with something that it passes over."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of_linear(cls, linear: nn.Linear, passed_over: int, dtype: torch.dtype) -> RowReadout:
        """Let a layer read rows as they stand, after so many columns."""
        return cls(F.pad(linear.weight, (passed_over, 0)).to(dtype), linear.bias.to(dtype))

    def __call__(self, rows: Tensor) -> Tensor:
        """Rows (B, P + H) → (B, N)."""
        return F.linear(rows, self.weight, self.bias)


def advance(sums: Tensor, cell: Tensor) -> Tensor:
    """An LSTM's step from the sums of its gates.

    Args:
        sums: (B, 4 H) by weights that are laid out, in fp32; overwritten.
        cell: (B, H) in fp32; changed in place.

    Returns:
        h (B, H).
    """
    i, f, g, o = sums.sigmoid_().chunk(4, 1)
    cell.mul_(f).add_(i * g.mul_(2).sub_(1))
    return (2 * cell).sigmoid_().mul_(2).sub_(1).mul_(o)

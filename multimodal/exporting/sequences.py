"""Recurrent layers over whole sequences, as ONNX's own operators LSTM, GRU and RNN.

torch's exporter would unroll a fused kernel into as many steps as the example has. The operator
`multimodal::recurrent` stands in for it: it has shapes, which is all that tracing needs, and a
translation; it is never computed by torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from multimodal.recurrent.cells import BidirectionalNetwork, RecurrentNetwork, State

# torch's order of the gates → ONNX's, by the number of the gate in torch.
_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}

_LIBRARY = torch.library.Library("multimodal", "DEF")
_LIBRARY.define(
    "recurrent(str cell, Tensor x, Tensor w, Tensor r, Tensor b, Tensor lengths, Tensor h,"
    " Tensor c, bool both) -> (Tensor, Tensor, Tensor)"
)


@torch.library.register_fake("multimodal::recurrent")  # type: ignore[untyped-decorator]
def _shapes(  # noqa: PLR0913 - an operator takes what it takes
    cell: str,  # noqa: ARG001
    x: Tensor,
    w: Tensor,  # noqa: ARG001
    r: Tensor,
    b: Tensor,  # noqa: ARG001
    lengths: Tensor,  # noqa: ARG001
    h: Tensor,
    c: Tensor,  # noqa: ARG001
    both: bool,  # noqa: ARG001
) -> tuple[Tensor, Tensor, Tensor]:
    outputs = x.new_empty(x.shape[0], x.shape[1], r.shape[0] * r.shape[2])
    return outputs, torch.empty_like(h), torch.empty_like(h)


def _to_onnx(  # noqa: PLR0913 - an operator takes what it takes
    cell: str, x: Any, w: Any, r: Any, b: Any, lengths: Any, h: Any, c: Any, both: bool
) -> tuple[Any, Any, Any]:
    from onnxscript import opset20

    op: Any = opset20

    size = int(r.shape[2])
    options: dict[str, Any] = {
        "hidden_size": size,
        "direction": "bidirectional" if both else "forward",
    }
    if cell == "lstm":
        y, last, after = op.LSTM(x, w, r, b, lengths, h, c, None, **options)
    elif cell == "gru":
        y, last = op.GRU(x, w, r, b, lengths, h, linear_before_reset=1, **options)
        after = op.Identity(last)
    else:
        y, last = op.RNN(x, w, r, b, lengths, h, **options)
        after = op.Identity(last)
    joined = op.Reshape(
        op.Transpose(y, perm=[0, 2, 1, 3]), op.Constant(value_ints=[0, 0, -1])
    )  # (T, D, B, H) → (T, B, D · H)
    return joined, last, after


def translations() -> Mapping[Callable[..., Any], Callable[..., Any]]:
    """What torch's exporter has to be told to translate this module's operator."""
    return {torch.ops.multimodal.recurrent.default: _to_onnx}


class RecurrentLayer(nn.Module):
    """One layer's weights in ONNX's order.

    Args:
        cell: "lstm", "gru" or "rnn".
        layers: torch's own layer, or that of the way there and that of the way back.
    """

    w: Tensor
    r: Tensor
    b: Tensor

    def __init__(self, cell: str, *layers: nn.RNNBase) -> None:
        super().__init__()
        self.cell = cell
        self.both = len(layers) == 2
        self.hidden_size = layers[0].hidden_size
        parts = [[_ordered(cell, t) for t in _weights(layer)] for layer in layers]
        with torch.no_grad():
            self.register_buffer("w", torch.stack([part[0] for part in parts]))
            self.register_buffer("r", torch.stack([part[1] for part in parts]))
            self.register_buffer("b", torch.stack([torch.cat(part[2:]) for part in parts]))

    def forward(
        self, inputs: Tensor, lengths: Tensor, before: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read sequences.

        Args:
            inputs: (B, T, D), T at least one.
            lengths: (B,) how many steps count; after none of them the state is as before.
            before: (B, H) each; zeros when None.

        Returns:
            (B, T, H) or (B, T, 2 H), zero beyond each length, and the last state of one direction.
        """
        directions = 2 if self.both else 1
        if before is None:
            zeros = inputs.new_zeros(directions, inputs.shape[0], self.hidden_size)
            h, c = zeros, zeros
        else:
            h, c = before[0][None], before[-1][None]
        weights = self.w, self.r, self.b
        outputs, last, cells = torch.ops.multimodal.recurrent(
            self.cell, inputs.transpose(0, 1), *weights, lengths.int(), h, c, self.both
        )
        after: tuple[Tensor, ...] = (last[0], cells[0]) if self.cell == "lstm" else (last[0],)
        if before is not None:
            read = (lengths > 0)[:, None]
            after = tuple(torch.where(read, a, b) for a, b in zip(after, before, strict=True))
        return outputs.transpose(0, 1), after


class SequenceEncoder(nn.Module):
    """A `RecurrentNetwork` as it unrolls: every layer by one operator.

    Args:
        network: whose weights are taken.
    """

    def __init__(self, network: RecurrentNetwork) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RecurrentLayer(network.cell, cast(nn.RNNBase, layer)) for layer in network.layers
        )

    def forward(
        self, inputs: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """See `RecurrentNetwork.unroll`; a length may be 0 where there is a state before.

        Args:
            inputs: (B, T, D).
            lengths: (B,).
            state: before the first step; zeros unless given.
        """
        after: list[tuple[Tensor, ...]] = []
        for number, layer in enumerate(self.layers):
            inputs, of_layer = layer(inputs, lengths, None if state is None else state[number])
            after.append(of_layer)
        return inputs, tuple(after)


class BidirectionalEncoder(nn.Module):
    """A `BidirectionalNetwork`: every layer by one operator that knows lengths.

    Args:
        network: whose weights are taken.
    """

    def __init__(self, network: BidirectionalNetwork) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RecurrentLayer(network.cell, cast(nn.RNNBase, there), cast(nn.RNNBase, back))
            for there, back in zip(network.forwards, network.backwards, strict=True)
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """See `BidirectionalNetwork.unroll`."""
        for layer in self.layers:
            inputs, _ = layer(inputs, lengths)
        return inputs


def _weights(layer: nn.RNNBase) -> list[Tensor]:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [cast(Tensor, getattr(layer, name)).detach().float() for name in names]


def _ordered(cell: str, weights: Tensor) -> Tensor:
    gates = weights.chunk(len(_GATES[cell]))
    return torch.cat([gates[number] for number in _GATES[cell]])

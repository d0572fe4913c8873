"""Truncated back-propagation through time (Williams and Peng 1990).

A long text is read in contiguous streams, side by side and chunk by chunk. The hidden state goes on
from chunk to chunk, the gradient does not::

    carried = CarriedState()
    for chunk in streams.chunks():
        if chunk.first:
            carried.reset()
        outputs, state = network.unroll(embed(chunk.inputs), carried.state)
        carried.keep(state)
        loss(outputs, chunk.targets).backward()

With one chunk as long as the sequence this is back-propagation through all of its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.recurrent.cells import State
from multimodal.recurrent.generation.trees import map_leaves


class Chunk(NamedTuple):
    """What one step reads.

    Attributes:
        tokens: (B, T + 1); a chunk begins with the token that the one before it ended with.
        first: whether the streams begin here, so that nothing is carried into the chunk.
    """

    tokens: Tensor
    first: bool

    @property
    def inputs(self) -> Tensor:
        """What is read: (B, T)."""
        return self.tokens[:, :-1]

    @property
    def targets(self) -> Tensor:
        """What comes next, after each of the inputs: (B, T)."""
        return self.tokens[:, 1:]


class Streams:
    """A text in B contiguous streams of equal length, in chunks of T steps.

    Args:
        tokens: (N,) the text, of any integer type.
        streams: B.
        steps: T.
    """

    def __init__(self, tokens: Tensor, streams: int, steps: int) -> None:
        self._tokens = tokens
        self._streams = streams
        self._steps = steps

    def __len__(self) -> int:
        """How many chunks there are; what is left of the text is shorter than one of them."""
        return (len(self._tokens) - 1) // (self._streams * self._steps)

    def chunks(self, shift: int = 0, start: int = 0, rows: slice = slice(None)) -> Iterator[Chunk]:
        """Read all streams, from chunk number `start` on.

        Args:
            shift: where the first stream begins. The text is taken as a ring, so that another
                shift leaves out other tokens and cuts the streams elsewhere.
            start: chunks to leave out.
            rows: which of the streams.
        """
        length = len(self) * self._steps
        begins = shift + length * torch.arange(self._streams)[rows, None]  # (B, 1)
        for number in range(start, len(self)):
            places = begins + number * self._steps + torch.arange(self._steps + 1)
            yield Chunk(self._tokens[places % len(self._tokens)].long(), number == 0)


class CarriedState:
    """What the streams remember from chunk to chunk.

    It belongs to one pass over one text. Whoever reads another text meanwhile, to evaluate, does
    so with a state of its own, and finds nothing of this one, nor leaves anything in it.

    Attributes:
        state: what the next chunk starts from, detached; None for zeros.
    """

    def __init__(self) -> None:
        self.state: State | None = None

    def keep(self, state: State) -> None:
        """Take the state after a chunk, without its past: no gradient goes further back."""
        self.state = map_leaves(Tensor.detach, state)

    def reset(self) -> None:
        """Forget everything: the next chunk begins a text."""
        self.state = None

    def tensors(self) -> dict[str, Tensor]:
        """The state by names, to be saved; nothing before the first chunk."""
        return {
            f"{layer}.{number}": tensor
            for layer, tensors in enumerate(self.state or ())
            for number, tensor in enumerate(tensors)
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` gave."""
        places = sorted(tuple(map(int, name.split("."))) for name in tensors)
        layers = groupby(places, key=itemgetter(0))
        state = (tuple(tensors[f"{i}.{n}"] for i, n in of_layer) for _, of_layer in layers)
        self.state = tuple(state) or None

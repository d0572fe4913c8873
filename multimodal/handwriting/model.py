"""Graves' synthesis network (2013, section 5): a pen that is led over a text.

Points come from the points before, from what a sliding window shows of the text, and from the
embedding of the writer. The first layer drives the window, and the window is its input at the next
step; the layer above it unrolls in a fused kernel. Both speak to a mixture of Gaussians over the
next offset and three states of the pen: it stays down, it is lifted, or the line has ended. The
text has one cell more than it has characters: the end, which the window has to come to before a
line is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal import setting_types as common
from multimodal.handwriting.alphabet import NOTHING, SYMBOLS
from multimodal.recurrent.cells import LayerState, RecurrentNetwork
from multimodal.recurrent.mixture import MixtureOutput
from multimodal.recurrent.window_lstm import WindowLSTM, WindowState
from multimodal.settings import Settings

DOWN, LIFTED, END_OF_LINE = range(3)
"""States of the pen after a point."""

POINT = 4  # dx, dy, whether the pen is lifted, and how far below the first point it is


@dataclass(frozen=True)
class HandwritingSizes(Settings):
    """What can be chosen about the network."""

    character_embedding_size: Annotated[common.Count, "D, the features of a cell of the text."] = 64
    writer_embedding_size: Annotated[common.Count, "S, of a writer's embedding."] = 32
    window_size: Annotated[common.Count, "H, the units of the layer that drives the window."] = 256
    hidden_size: Annotated[common.Count, "The units of the layer above."] = 320
    windows: Annotated[common.Count, "The Gaussians of the window."] = 5
    components: Annotated[common.Count, "K, of the mixture."] = 20


@dataclass(frozen=True)
class HandwritingConfig(HandwritingSizes):
    """What the network is; saved in the checkpoint.

    Attributes:
        num_writers: how many writers it learns from; embedding `num_writers` is that of an unknown
            one.
    """

    num_writers: int = field(kw_only=True)


class PenState(NamedTuple):
    """Where a line stands: the layer with the window, and the one above.

    Attributes:
        window: of the first layer.
        upper: (h, c) of the second.
    """

    window: WindowState
    upper: LayerState


class HandwritingNetwork(nn.Module):
    """See the module's first lines; points are (dx, dy, lifted, height) in the network's units."""

    def __init__(self, config: HandwritingConfig) -> None:
        super().__init__()
        self.config = config
        self.output = MixtureOutput(config.components, pen_states=3)
        size = config.character_embedding_size
        self.character_embedding = nn.Embedding(SYMBOLS, size, padding_idx=NOTHING)
        self.neighbours = nn.Conv1d(size, size, 3, padding=1)
        self.writer_embedding = nn.Embedding(config.num_writers + 1, config.writer_embedding_size)
        nn.init.normal_(self.writer_embedding.weight, std=0.3)
        self.lower = WindowLSTM(
            POINT, size, config.writer_embedding_size, config.window_size, config.windows
        )
        seen = POINT + size + config.window_size + config.writer_embedding_size
        self.upper = RecurrentNetwork("lstm", seen, config.hidden_size)
        self.readout = nn.Linear(config.window_size + config.hidden_size, self.output.size)

    def memory(self, texts: Tensor) -> Tensor:
        """Read texts, numbers (B, U) with zeros behind their ends → cells (B, U, D).

        A cell shows its character and, more faintly, the two beside it.
        """
        cells = self.character_embedding(texts)
        near = torch.tanh(self.neighbours(cells.transpose(1, 2))).transpose(1, 2)
        read: Tensor = (cells + near) * (texts != NOTHING)[..., None]
        return read

    def unroll(
        self, points: Tensor, memory: Tensor, embeddings: Tensor, state: PenState | None = None
    ) -> tuple[Tensor, Tensor, PenState]:
        """Teacher forcing.

        Args:
            points: (B, T, 4).
            memory: (B, U, D).
            embeddings: (B, S), embeddings.
            state: before the first point.

        Returns:
            Vectors for the points after each (B, T, 3 + 6 K), the places κ of the window
            (B, T, windows), and the state after the last point.
        """
        before = state or self.initial_state(len(points))
        unrolled, window = self.lower.unroll(points, memory, embeddings, before.window)
        embedding = embeddings[:, None].expand(-1, points.shape[1], -1)
        parts = (points, unrolled.seen, unrolled.hidden, embedding)
        read = torch.cat([part.to(unrolled.hidden.dtype) for part in parts], -1)
        above, (upper,) = self.upper.unroll(read, (before.upper,))
        vectors = self.readout(torch.cat([unrolled.hidden, above.to(unrolled.hidden.dtype)], -1))
        return vectors, unrolled.places, PenState(window, upper)

    def initial_state(self, batch: int) -> PenState:
        """Before the first point."""
        return PenState(self.lower.initial_state(batch), self.upper.initial_state(batch)[0])

    def step(
        self, points: Tensor, memory: Tensor, embeddings: Tensor, state: PenState
    ) -> tuple[Tensor, Tensor, PenState]:
        """One point on: (B, 4) → vectors (B, 3 + 6 K), the window's weights φ (B, U), new state.

        Args:
            points: (B, 4).
            memory: (B, U, D).
            embeddings: (B, S), of the writers.
            state: before the point.
        """
        window, weights = self.lower.step(
            points, memory, self.lower.project(embeddings), state.window
        )
        read = torch.cat([points, window.seen, window.h, embeddings], -1)
        above, (upper,) = self.upper.step(read, (state.upper,))
        vectors: Tensor = self.readout(torch.cat([window.h, above], -1))
        return vectors, weights, PenState(window, upper)


def padded_texts(texts: list[list[int]]) -> Tensor:
    """Numbers of several texts (B, U), zeros behind their ends."""
    longest = max(map(len, texts))
    rows = [F.pad(torch.tensor(text), (0, longest - len(text)), value=NOTHING) for text in texts]
    return torch.stack(rows)

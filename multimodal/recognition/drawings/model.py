"""The network that watches a drawing grow: it reads strokes and sees what stands there.

x_t is the next piece of a stroke, and stroke k ends with the piece t(k)::

    h_t = LSTM(h_{t-1}, x_t)        p_k = CNN(picture after stroke k)
    y_k = W [h_t(k); max h_1 … h_t(k); p_k]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, MultipleOf
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.recognition.drawings.features import CHANNELS, PIECE_FEATURES
from multimodal.recognition.pooled_rnn import PooledRNN, PooledState
from multimodal.recurrent.cells import LockedDropout
from multimodal.settings import Settings


@dataclass(frozen=True)
class RecognizerConfig(Settings):
    """What the network is; saved in the checkpoint."""

    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 128
    hidden_size: common.HiddenSize = 320
    layers: common.Layers = 2
    picture_size: Annotated[
        int, Ge(0), MultipleOf(8), "Pixels of a picture's side; 0 for a network without a CNN."
    ] = 32
    picture_features: Annotated[
        common.Count, "E, the features that the CNN makes of a picture."
    ] = 256
    dropout: common.Dropout = 0.3


class RecognizerNetwork(nn.Module):
    """Pieces of strokes and pictures → logits of categories.

    Args:
        config: its sizes.
        categories: V, how many categories there are.
    """

    def __init__(self, config: RecognizerConfig, categories: int) -> None:
        super().__init__()
        self.config = config
        size = config.embedding_size
        self.embedding = nn.Sequential(
            nn.Linear(PIECE_FEATURES, size), nn.GELU(), nn.Linear(size, size), nn.GELU()
        )
        self.input_dropout = LockedDropout(config.dropout / 2)
        self.rnn = PooledRNN(config.cell, size, config.hidden_size, config.layers, config.dropout)
        self.cnn = _cnn(config) if config.picture_size else None
        seen = config.picture_features if config.picture_size else 0
        self.output_dropout = nn.Dropout(config.dropout)
        self.readout = nn.Linear(self.rnn.output_size + seen, categories)

    def encode(
        self, pieces: Tensor, memory: PooledState | None = None
    ) -> tuple[Tensor, PooledState]:
        """Pieces (B, T, PIECE_FEATURES) → the memory's readout (B, T, 2 H), and itself."""
        outputs, memory = self.rnn(self.input_dropout(self.embedding(pieces)), memory)
        return outputs, memory

    def predict(self, remembered: Tensor, pictures: Tensor | None) -> Tensor:
        """What is remembered (N, 2 H) and what stands there (N, CHANNELS, size, size) → (N, V)."""
        if self.cnn is not None and pictures is not None:
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            remembered = torch.cat([remembered, self.cnn(pictures)], -1)
        logits: Tensor = self.readout(self.output_dropout(remembered))
        return logits

    def forward(self, pieces: Tensor, row: Tensor, end: Tensor, pictures: Tensor | None) -> Tensor:
        """Classify N moments.

        Args:
            pieces: (B, T, PIECE_FEATURES), padded at the end.
            row: (N,) the drawing of each moment, below B.
            end: (N,) the last piece that was drawn by then, below T.
            pictures: (N, CHANNELS, size, size) what stood there; None without a CNN.

        Returns:
            Logits (N, V).
        """
        remembered, _ = self.encode(pieces)
        return self.predict(remembered[row, end], pictures)


def _cnn(config: RecognizerConfig) -> nn.Sequential:
    """A small CNN: three halvings, so that the picture ends as size/8 × size/8 cells."""
    cells = (config.picture_size // 8) ** 2
    cnn = nn.Sequential(
        *_convolution(CHANNELS, 32, 5, stride=2),
        *_convolution(32, 64, 3, stride=2),
        *_convolution(64, 96, 3),
        *_convolution(96, 128, 3, stride=2),
        *_convolution(128, 128, 3),
        nn.Flatten(),
        nn.Dropout(config.dropout / 2),
        nn.Linear(128 * cells, config.picture_features),
        nn.ReLU(),
    )
    return cnn.to(memory_format=torch.channels_last)


def _convolution(size_in: int, size_out: int, width: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(size_in, size_out, width, stride, width // 2, bias=False),
        nn.BatchNorm2d(size_out),
        nn.ReLU(),
    ]

"""The network that watches a video: it reads what is seen of each frame.

x_t is the encoding of frame t (`multimodal.recognition.videos.frame_encoder`)::

    h_t = LSTM(h_{t-1}, x_t)        y_t = W [h_t; max h_1 … h_t]
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.recognition.pooled_rnn import PooledRNN, PooledState
from multimodal.recurrent.cells import LockedDropout
from multimodal.settings import Settings


@dataclass(frozen=True)
class VideoConfig(Settings):
    """What the network is; saved in the checkpoint."""

    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 256
    hidden_size: common.HiddenSize = 256
    layers: common.Layers = 1
    dropout: common.Dropout = 0.4


class VideoNetwork(nn.Module):
    """What is seen of frames → logits of labels after every frame.

    Args:
        config: its sizes.
        features: F, of a frame.
        labels: V, how many there are.
    """

    def __init__(self, config: VideoConfig, features: int, labels: int) -> None:
        super().__init__()
        self.config = config
        size = config.embedding_size
        self.embedding = nn.Sequential(
            nn.LayerNorm(features),
            LockedDropout(config.dropout),
            nn.Linear(features, size),
            nn.GELU(),
        )
        self.rnn = PooledRNN(config.cell, size, config.hidden_size, config.layers, config.dropout)
        self.output_dropout = LockedDropout(config.dropout)
        self.readout = nn.Linear(self.rnn.output_size, labels)

    def forward(
        self, seen: Tensor, memory: PooledState | None = None
    ) -> tuple[Tensor, PooledState]:
        """Watch frames, one after the other.

        Args:
            seen: (B, T, F).
            memory: what is remembered from before; None at the beginning of videos.

        Returns:
            Logits (B, T, V), of which each step depends on the frames up to it, and the memory
            after T.
        """
        outputs, memory = self.rnn(self.embedding(seen), memory)
        logits: Tensor = self.readout(self.output_dropout(outputs))
        return logits, memory

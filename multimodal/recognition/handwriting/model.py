"""The network that reads a pen's way: convolutions shorten it, recurrent layers see all of it.

    z = conv(conv(x))                       four points of the track become one frame
    f_t = LSTM(f_{t-1}, z_t)    b_t = LSTM'(b_{t+1}, z_t)    y_t = W [f_t; b_t]

Every frame says one character or none (the blank of connectionist temporal classification, Graves
et al. 2006), as in Graves et al. 2009, "A novel connectionist system for unconstrained handwriting
recognition".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.recognition.handwriting.tracks import SPACING
from multimodal.recurrent.cells import BidirectionalNetwork, LockedDropout
from multimodal.settings import Settings

SHORTENED = 4
"""Points of a track in one frame."""

_INPUTS = 6
_INK, _AIR = 1 / SPACING, 1.0  # what brings both kinds of ways to a length of about 1


@dataclass(frozen=True)
class HandwritingRecognizerConfig(Settings):
    """What the network is; saved in the checkpoint."""

    cell: common.CellKind = "lstm"
    channels: Annotated[common.Count, "Of the first convolution; the second has twice."] = 48
    hidden_size: Annotated[common.Count, "H, the units of every layer in each direction."] = 144
    layers: common.Layers = 3
    dropout: common.Dropout = 0.1


class HandwritingRecognizerNetwork(nn.Module):
    """Tracks → logits of characters at every frame.

    Args:
        config: its sizes.
        characters: V, how many characters there are; the blank comes on top, as number 0.
    """

    def __init__(self, config: HandwritingRecognizerConfig, characters: int) -> None:
        super().__init__()
        self.config = config
        size = 2 * config.channels
        self.narrow = nn.Conv1d(_INPUTS, config.channels, 5, stride=2, padding=2)
        self.wide = nn.Conv1d(config.channels, size, 5, stride=2, padding=2)
        self.norm = nn.LayerNorm(size)
        self.dropout = LockedDropout(config.dropout)
        self.core = BidirectionalNetwork(
            config.cell, size, config.hidden_size, config.layers, config.dropout
        )
        self.readout = nn.Linear(2 * config.hidden_size, 1 + characters)

    def forward(self, tracks: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read whole tracks.

        Args:
            tracks: (B, T, TRACK_FEATURES), zero at the end of the shorter ones.
            lengths: (B,) points of each, at least one.

        Returns:
            Logits (B, ⌈T / SHORTENED⌉, 1 + V) and how many frames of each count (B,).
        """
        half, frames = -(-lengths // 2), -(-lengths // SHORTENED)
        seen = F.gelu(self.narrow(inputs_of(tracks).transpose(1, 2)))  # (B, C, T / 2)
        # what the first convolution makes of padding must not reach the last frame
        counts = torch.arange(seen.shape[2], device=seen.device) < half[:, None]
        seen = F.gelu(self.wide(seen * counts[:, None]))
        heard = self.core.unroll(self.dropout(self.norm(seen.transpose(1, 2))), frames)
        logits: Tensor = self.readout(self.dropout(heard))
        return logits, frames


def inputs_of(tracks: Tensor) -> Tensor:
    """Ways of ink and ways in the air apart: (B, T, TRACK_FEATURES) → (B, T, 6)."""
    way, first, height = tracks.split([2, 1, 1], -1)
    return torch.cat([way * (1 - first) * _INK, way * first * _AIR, first, height], -1)

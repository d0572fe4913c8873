"""A handwriting recognizer as one graph: tracks in, what every frame says out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.exporting.manifest import Exported, Input, graph_and_manifest
from multimodal.exporting.sequences import BidirectionalEncoder
from multimodal.recognition.handwriting.model import (
    SHORTENED,
    HandwritingRecognizerNetwork,
    inputs_of,
)
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer


class HandwritingRecognizerGraph(nn.Module):
    """Reads lines; see `multimodal.recognition.handwriting.tracks` for what it sees.

    Args:
        network: what was learnt, in fp32.
    """

    def __init__(self, network: HandwritingRecognizerNetwork) -> None:
        super().__init__()
        self.network = network
        self.core = BidirectionalEncoder(network.core)

    def forward(self, tracks: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read B lines.

        Args:
            tracks: (B, T, 4) float32, zeros behind, T a multiple of 4.
            lengths: (B,) int64, the points of each, at least one.

        Returns:
            log_probs (B, T / 4, 1 + V) float32, of the blank and of every character; frames (B,)
            int64, how many of them count; and path (B, T / 4) int64, the most probable of each: a
            text is what is left of it when repeats become one and blanks (0) vanish.
        """
        network = self.network
        half, frames = (lengths + 1) // 2, (lengths + SHORTENED - 1) // SHORTENED
        seen = F.gelu(network.narrow(inputs_of(tracks).transpose(1, 2)))
        counts = torch.arange(seen.shape[2]) < half[:, None]
        seen = F.gelu(network.wide(seen * counts[:, None]))
        heard = self.core(network.norm(seen.transpose(1, 2)), frames)
        log_probs = network.readout(heard).log_softmax(-1)
        return log_probs, frames, log_probs.argmax(-1)


def exported(recognizer: HandwritingRecognizer) -> Exported:
    """Make a file of a model in fp32."""
    one = {0: "lines"}
    inputs = {
        "tracks": Input(
            torch.zeros(2, 16, 4),
            {**one, 1: "points"},
            "(B, T, 4), the pen's way as multimodal/recognition/handwriting/tracks.py sees it; T a"
            " multiple of 4",
        ),
        "lengths": Input(torch.tensor([16, 9]), one, "(B,), points of each, at least one"),
    }
    outputs = {
        "log_probs": "(B, T / 4, 1 + V), of the blank (0) and of every character",
        "frames": "(B,), how many of these frames count",
        "path": "(B, T / 4), the most probable of each frame",
    }
    manifest = {"alphabet": recognizer.alphabet, "cannot": ["stream"]}
    return graph_and_manifest(
        recognizer.TASK,
        HandwritingRecognizerGraph(recognizer.network),
        inputs,
        outputs,
        manifest,
    )

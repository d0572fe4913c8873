"""A recognizer of drawings as one graph: what is seen of them in, probabilities out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from multimodal.exporting.manifest import Exported, Input, graph_and_manifest
from multimodal.exporting.sequences import SequenceEncoder
from multimodal.recognition.drawings.features import (
    CHANNELS,
    MIRRORED_CHANNELS,
    MIRRORED_PIECE,
    PIECE_FEATURES,
)
from multimodal.recognition.drawings.recognizer import Recognizer


class PredictionGraph(nn.Module):
    """Drawings at some moments → logits; see `multimodal.recognition.drawings.features`.

    Args:
        recognizer: in fp32.
    """

    bounds: Tensor
    temperatures: Tensor

    def __init__(self, recognizer: Recognizer) -> None:
        super().__init__()
        self.network = recognizer.network
        self.mirror = recognizer.mirror
        self.rnn = SequenceEncoder(self.network.rnn.core)
        bounds = sorted(recognizer.temperatures)
        self.register_buffer("bounds", torch.tensor(bounds))
        temperatures = torch.tensor([recognizer.temperatures[bound] for bound in bounds])
        self.register_buffer("temperatures", temperatures)

    def forward(
        self,
        pieces: Tensor,
        lengths: Tensor,
        row: Tensor,
        end: Tensor,
        strokes: Tensor,
        pictures: Tensor,
    ) -> Tensor:
        """Classify N moments of B drawings.

        Args:
            pieces: (B, T, F) float32, padded behind.
            lengths: (B,) int64, the pieces of each drawing, at least one.
            row: (N,) int64, the drawing of each moment.
            end: (N,) int64, its last piece by then.
            strokes: (N,) int64, how many strokes had been drawn by then.
            pictures: (N, C, size, size) float32, what stood there.

        Returns:
            probabilities (N, V) float32.
        """
        logits = self._logits(pieces, lengths, row, end, pictures)
        if self.mirror:
            there = self._logits(
                pieces * torch.tensor(MIRRORED_PIECE, dtype=torch.float32),
                lengths,
                row,
                end,
                pictures.flip(-1) * torch.tensor(MIRRORED_CHANNELS).float()[:, None, None],
            )
            logits = (logits + there) / 2
        bounds = self.bounds
        which = (strokes[:, None] >= bounds).sum(1) - 1
        temperature = self.temperatures[which.clamp(min=0)]
        return (logits / temperature[:, None]).softmax(-1)

    def _logits(
        self, pieces: Tensor, lengths: Tensor, row: Tensor, end: Tensor, pictures: Tensor
    ) -> Tensor:
        hidden, _ = self.rnn(self.network.embedding(pieces), lengths)
        of_moment = hidden[row]  # (N, T, H)
        after = torch.arange(pieces.shape[1]) > end[:, None]
        peaks = of_moment.masked_fill(after[..., None], -torch.inf).amax(1)
        place = end[:, None, None].expand(-1, 1, hidden.shape[2])
        remembered = torch.cat([of_moment.gather(1, place)[:, 0], peaks], -1)
        if self.network.cnn is not None:
            remembered = torch.cat([remembered, self.network.cnn(pictures)], -1)
        logits: Tensor = self.network.readout(remembered)
        return logits


def exported(recognizer: Recognizer) -> Exported:
    """Make a file of a model in fp32."""
    side = recognizer.network.config.picture_size
    moment = {0: "moments"}
    shape = (3, CHANNELS, side or 1, side or 1)
    inputs = {
        "pieces": Input(
            torch.zeros(2, 5, PIECE_FEATURES),
            {0: "drawings", 1: "pieces"},
            f"(B, T, {PIECE_FEATURES}), strokes as recognition/drawings/views.py sees them",
        ),
        "lengths": Input(torch.tensor([5, 3]), {0: "drawings"}, "(B,), pieces of each drawing"),
        "row": Input(torch.tensor([0, 1, 1]), moment, "(N,), the drawing of each moment"),
        "end": Input(torch.tensor([4, 0, 2]), moment, "(N,), its last piece by then"),
        "strokes": Input(torch.tensor([2, 1, 2]), moment, "(N,), strokes that were drawn by then"),
        "pictures": Input(torch.zeros(shape), moment, f"{('N', *shape[1:])}, what stood there"),
    }
    outputs = {"probabilities": "(N, V), of the categories"}
    manifest = {
        "categories": list(recognizer.categories),
        "picture_size": side,
        "cannot": ["stream"],
    }
    return graph_and_manifest(
        recognizer.TASK, PredictionGraph(recognizer), inputs, outputs, manifest
    )

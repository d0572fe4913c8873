"""Everything about a handwriting recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.recognition.handwriting.data import TrackAugmentation
from multimodal.recognition.handwriting.model import HandwritingRecognizerConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("channels", "hidden_size", "layers", "epochs", "batch_points"), 1),
    **dict.fromkeys(("weight_decay", "slant", "climb", "width", "size"), 0),
}
_SHARES = ("dropout", "ema_decay")


@dataclass(frozen=True)
class HandwritingRecognizerRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        cell, channels, hidden_size, layers, dropout: see HandwritingRecognizerConfig.
        slant, climb, width, size: see TrackAugmentation.
        epochs, learning_rate, weight_decay: of AdamW.
        batch_points: points of the tracks in a batch, padding included.
        ema_decay: of the moving average of the weights.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    cell: Cell = "lstm"
    channels: int = 48
    hidden_size: int = 144
    layers: int = 3
    dropout: float = 0.1
    slant: float = 0.25
    climb: float = 0.04
    width: float = 0.15
    size: float = 0.12
    epochs: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_points: int = 20480
    ema_decay: float = 0.998
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES)

    @property
    def network(self) -> HandwritingRecognizerConfig:
        """What the network is."""
        return HandwritingRecognizerConfig(
            cell=self.cell,
            channels=self.channels,
            hidden_size=self.hidden_size,
            layers=self.layers,
            dropout=self.dropout,
        )

    @property
    def augmentation(self) -> TrackAugmentation:
        """How the batches differ from what was written."""
        return TrackAugmentation(
            slant=self.slant, climb=self.climb, width=self.width, size=self.size
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; the warm-up of a short training takes no more than a fifth."""
        return training_options(
            self,
            steps_per_epoch,
            betas=(0.9, 0.99),
            warmup_steps=200,
            min_lr_ratio=0.01,
            max_grad_norm=2.0,
        )

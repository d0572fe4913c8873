"""Everything about a clip recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.recognition.clips.model import ClipConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("frames", "films", "min_examples", "epochs", "batch_size"), 1),
    **dict.fromkeys(("embedding_size", "hidden_size", "layers"), 1),
    **dict.fromkeys(("weight_decay", "early_weight"), 0),
}
_SHARES = ("dropout", "label_smoothing", "ema_decay")


@dataclass(frozen=True)
class ClipRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        encoder: the captioner whose encoder sees the frames: a shipped model, a folder or a Hub id.
        frames: T, how many frames of each clip are learnt from.
        films: of drawings, at most so many of each category; see
            `multimodal.recognition.clips.films.films_of_quickdraw`.
        min_examples: of drawings, the categories with at least so many in all are learnt.
        cell, embedding_size, hidden_size, layers, dropout: see ClipConfig.
        early_weight: what a guess before the last frame counts in the loss, times the share of the
            frames that it has seen; the last counts 1.
        label_smoothing: the share of probability that is spread over all labels.
        epochs, batch_size, learning_rate, weight_decay: of AdamW; a batch counts clips.
        ema_decay: of the moving average of the weights.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    encoder: str = "captioner-flickr8k"
    frames: int = 8
    films: int = 200
    min_examples: int = 440
    cell: Cell = "lstm"
    embedding_size: int = 256
    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.4
    early_weight: float = 0.4
    label_smoothing: float = 0.1
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    ema_decay: float = 0.99
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES)

    @property
    def network(self) -> ClipConfig:
        """What the network is."""
        return ClipConfig(
            cell=self.cell,
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            layers=self.layers,
            dropout=self.dropout,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; the warm-up of a short training takes no more than a fifth."""
        return training_options(
            self, steps_per_epoch, warmup_steps=100, min_lr_ratio=0.02, max_grad_norm=2.0
        )

"""Everything about a recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.errors import UserError
from multimodal.recognition.drawings.model import RecognizerConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("embedding_size", "hidden_size", "layers", "picture_features"), 1),
    **dict.fromkeys(("epochs", "batch_size", "min_examples"), 1),
    **dict.fromkeys(("picture_size", "weight_decay", "early_weight", "taught_per_category"), 0),
}
_SHARES = ("dropout", "label_smoothing", "ema_decay")


@dataclass(frozen=True)
class RecognizerRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        cell, embedding_size, hidden_size, layers, picture_size, picture_features, dropout: see
            RecognizerConfig.
        mirror: whether every guess is the mean over a drawing and its mirror image ("yes"), or is
            made from the drawing alone ("no").
        start: a recognizer whose weights the training begins with, of the same categories; ""
            begins anew.
        teacher: a second folder of drawings to learn from, by no means to be measured on.
        taught_per_category: how many of the teacher's drawings count of a category; 0 for all.
        early_weight: what a guess at an unfinished drawing counts in the loss, times the share of
            its strokes; one at a finished drawing counts 1.
        label_smoothing: the share of probability that is spread over all categories.
        epochs, batch_size, learning_rate, weight_decay: of AdamW; a batch counts drawings.
        ema_decay: of the moving average of the weights.
        min_examples: categories with at least so many drawings in all decide which recognizer is
            best.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    cell: Cell = "lstm"
    embedding_size: int = 128
    hidden_size: int = 320
    layers: int = 2
    picture_size: int = 32
    picture_features: int = 256
    dropout: float = 0.3
    mirror: Literal["yes", "no"] = "yes"
    start: str = ""
    teacher: str = ""
    taught_per_category: int = 0
    early_weight: float = 0.4
    label_smoothing: float = 0.1
    epochs: int = 46
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    ema_decay: float = 0.999
    min_examples: int = 440
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES)
        if self.picture_size % 8:
            raise UserError(f"picture_size: must be a multiple of 8, not {self.picture_size}")

    @property
    def network(self) -> RecognizerConfig:
        """What the network is."""
        return RecognizerConfig(
            cell=self.cell,
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            layers=self.layers,
            picture_size=self.picture_size,
            picture_features=self.picture_features,
            dropout=self.dropout,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; the warm-up of a short training takes no more than a fifth."""
        return training_options(
            self,
            steps_per_epoch,
            betas=(0.9, 0.99),
            warmup_steps=200,
            min_lr_ratio=0.02,
            max_grad_norm=2.0,
        )

"""Everything about a text classifier's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.errors import UserError
from multimodal.recognition.texts.model import TextConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("num_encoders", "embedding_size", "hidden_size", "layers"), 1),
    **dict.fromkeys(("min_count", "buckets", "epochs", "batch_size"), 1),
    **dict.fromkeys(("weight_decay", "early_weight", "short_opinions"), 0),
}
_SHARES = (
    *("input_dropout", "dropout", "weight_dropout", "piece_dropout", "name_dropout"),
    *("label_smoothing", "ema_decay"),
)


@dataclass(frozen=True)
class TextClassifierRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        pieces: what is read one after the other; "characters" for scripts without spaces.
        min_count: how often a piece must come to have a vector of its own.
        buckets: of the table of runs of letters; see `multimodal.recognition.texts.pieces`.
        label_names: how labels are shown, such as "0=negative,1=positive"; as they are unless said.
        short_opinions: so many short texts are made by rule and learnt from beside the data, for
            labels that are shown as positive and negative; see `opinions`.
        held_out: a table of texts, none of which may be among those.
        num_encoders, cell, embedding_size, hidden_size, layers, input_dropout, dropout,
            weight_dropout, piece_dropout, name_dropout: see TextConfig.
        early_weight: what all answers before the last word count in the loss; the last counts 1.
        label_smoothing: the share of probability that is spread over all labels.
        epochs, batch_size, learning_rate, weight_decay: of AdamW; a batch counts texts.
        ema_decay: of the moving average of the weights.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    pieces: Literal["words", "characters"] = "words"
    min_count: int = 3
    buckets: int = 2048
    label_names: str = ""
    short_opinions: int = 0
    held_out: str = ""
    num_encoders: int = 2
    cell: Cell = "lstm"
    embedding_size: int = 64
    hidden_size: int = 128
    layers: int = 1
    input_dropout: float = 0.3
    dropout: float = 0.5
    weight_dropout: float = 0.3
    piece_dropout: float = 0.1
    name_dropout: float = 0.2
    early_weight: float = 1.0
    label_smoothing: float = 0.05
    epochs: int = 7
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "fp32"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES)
        _ = self.names  # which refuses what cannot be

    @property
    def names(self) -> dict[str, str]:
        """How labels are shown, where it is said."""
        pairs = [pair.split("=") for pair in self.label_names.split(",") if pair.strip()]
        if any(len(pair) != 2 or not all(map(str.strip, pair)) for pair in pairs):
            raise UserError("label_names: write for example 0=negative,1=positive")
        return {label.strip(): name.strip() for label, name in pairs}

    @property
    def network(self) -> TextConfig:
        """What the network is."""
        return TextConfig(
            num_encoders=self.num_encoders,
            cell=self.cell,
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            layers=self.layers,
            input_dropout=self.input_dropout,
            dropout=self.dropout,
            weight_dropout=self.weight_dropout,
            piece_dropout=self.piece_dropout,
            name_dropout=self.name_dropout,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; the warm-up of a short training takes no more than a fifth."""
        return training_options(
            self,
            steps_per_epoch,
            betas=(0.9, 0.99),
            warmup_steps=100,
            min_lr_ratio=0.02,
            max_grad_norm=2.0,
        )

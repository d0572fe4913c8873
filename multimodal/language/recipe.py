"""Everything about a language model's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.errors import UserError
from multimodal.language.data import SplitFractions
from multimodal.language.model import LanguageConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("layers", "embedding_size", "hidden_size", "min_count"), 1),
    **dict.fromkeys(("streams", "steps", "epochs"), 1),
    **dict.fromkeys(("warmup_steps", "weight_decay", "max_grad_norm"), 0),
}
_SHARES = ("input_dropout", "dropout", "output_dropout", "weight_dropout", "ema_decay")


@dataclass(frozen=True)
class LanguageModelRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        start: a language model to begin with: a shipped model, a folder or a Hub id. Its vocabulary
            and its sizes then take the place of those chosen here; characters that it lacks are
            added.
        vocabulary: what a token is.
        unknown: what a character that the text lacks is to be, later on, for the language model: an
            error, or U+FFFD. Words that the training split lacks are always unknown words.
        min_count: how often a word or character must stand in the text to be learnt.
        dev_fraction, test_fraction: see Shares.
        cell, layers, embedding_size, hidden_size, input_dropout, dropout, output_dropout,
            weight_dropout: see LanguageConfig.
        embeddings: "own", or "tied" to the readout.
        streams: B, the contiguous streams that are read side by side.
        steps: T, the steps through which gradients go back.
        epochs, learning_rate, warmup_steps, min_lr_ratio, weight_decay, max_grad_norm, ema_decay,
            weight_bits: see TrainingOptions.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    start: str = ""
    vocabulary: Literal["characters", "bytes", "words"] = "characters"
    unknown: Literal["error", "replace"] = "error"
    min_count: int = 1
    dev_fraction: float = 0.1
    test_fraction: float = 0.1
    cell: Cell = "lstm"
    layers: int = 2
    embedding_size: int = 512
    hidden_size: int = 512
    embeddings: Literal["own", "tied"] = "own"
    input_dropout: float = 0.1
    dropout: float = 0.45
    output_dropout: float = 0.5
    weight_dropout: float = 0.35
    streams: int = 64
    steps: int = 100
    epochs: int = 34
    learning_rate: float = 3e-3
    warmup_steps: int = 200
    min_lr_ratio: float = 0.02
    weight_decay: float = 0.01
    max_grad_norm: float = 0.5
    ema_decay: float = 0.0
    weight_bits: int = 0
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES, up_to_one=("min_lr_ratio",))
        if self.min_count > 1 and self.vocabulary == "characters" and self.unknown == "error":
            raise UserError("min_count: leaves characters out, so set unknown=replace as well")
        _ = self.split_fractions, self.network  # which refuse what cannot be

    @property
    def split_fractions(self) -> SplitFractions:
        """How a text without splits of its own is parted."""
        return SplitFractions(self.dev_fraction, self.test_fraction)

    @property
    def network(self) -> LanguageConfig:
        """What the network is."""
        return LanguageConfig(
            cell=self.cell,
            layers=self.layers,
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            tied=self.embeddings == "tied",
            input_dropout=self.input_dropout,
            dropout=self.dropout,
            output_dropout=self.output_dropout,
            weight_dropout=self.weight_dropout,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.99))

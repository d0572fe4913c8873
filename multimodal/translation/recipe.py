"""Everything about a translator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.recurrent.cells import Cell
from multimodal.recurrent.generation import GenerationOptions
from multimodal.training import TrainingOptions, require_ranges, training_options
from multimodal.translation.model import TranslatorConfig

_LEAST = {
    **dict.fromkeys(("vocabulary_size", "max_length", "batch_size", "epochs", "beam_size"), 1),
    **dict.fromkeys(("embedding_size", "encoder_layers", "encoder_size", "decoder_size"), 1),
    **dict.fromkeys(("attention_size",), 1),
    **dict.fromkeys(("warmup_steps", "weight_decay", "max_grad_norm"), 0),
    **dict.fromkeys(("length_penalty", "channel_weight"), 0),
}
_SHARES = ("dropout", "word_dropout", "label_smoothing", "ema_decay")


@dataclass(frozen=True)
class TranslatorRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        start: a translator to begin with: a shipped one, a folder or a Hub id. Its subwords and its
            sizes then take the place of those chosen here, and its languages must be those of the
            data or more.
        directions: "english" to learn from and into English alone, where that is a language of the
            data, so that others are translated into each other without having been learnt; "all"
            to learn every direction.
        vocabulary_size: V, the subwords of all languages together.
        max_length: sentences of more subwords are not learnt from, nor translated later on.
        cell, embedding_size, encoder_layers, encoder_size, decoder_size, attention_size, dropout,
            word_dropout: see TranslatorConfig.
        trainable_modules: of the network, separated by commas, whose matrices learn beside all
            vectors, such as "attention,features"; every part learns when empty. A trained
            translator gains from a few of them, and the rest of its file stays as it is.
        label_smoothing: the share of probability that is spread over all subwords.
        batch_size: rows of the data; each brings one pair of sentences for every direction.
        epochs, learning_rate, warmup_steps, min_lr_ratio, weight_decay, max_grad_norm, ema_decay,
            weight_bits: see TrainingOptions.
        beam_size, length_penalty, channel_weight: how the translator searches; see Translator.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    start: str = ""
    directions: Literal["english", "all"] = "english"
    vocabulary_size: int = 6000
    max_length: int = 70
    cell: Cell = "lstm"
    embedding_size: int = 256
    encoder_layers: int = 2
    encoder_size: int = 192
    decoder_size: int = 320
    attention_size: int = 128
    dropout: float = 0.25
    word_dropout: float = 0.1
    trainable_modules: str = ""
    label_smoothing: float = 0.1
    batch_size: int = 32
    epochs: int = 14
    learning_rate: float = 2e-3
    warmup_steps: int = 400
    min_lr_ratio: float = 0.02
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    ema_decay: float = 0.999
    weight_bits: int = 0
    beam_size: int = 5
    length_penalty: float = 0.9
    channel_weight: float = 0.5
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES, up_to_one=("min_lr_ratio",))

    @property
    def network(self) -> TranslatorConfig:
        """What the network is."""
        return TranslatorConfig(
            cell=self.cell,
            embedding_size=self.embedding_size,
            encoder_layers=self.encoder_layers,
            encoder_size=self.encoder_size,
            decoder_size=self.decoder_size,
            attention_size=self.attention_size,
            dropout=self.dropout,
            word_dropout=self.word_dropout,
        )

    @property
    def search(self) -> GenerationOptions:
        """How the translator searches."""
        return GenerationOptions(beam_size=self.beam_size, length_penalty=self.length_penalty)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

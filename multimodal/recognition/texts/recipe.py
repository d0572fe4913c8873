"""Everything about a text classifier's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from multimodal.errors import UserError
from multimodal.recognition.texts.model import TextConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training.settings import (
    Amount,
    CellKind,
    Count,
    Dropout,
    EmaDecay,
    EmbeddingSize,
    Epochs,
    HiddenSize,
    LabelSmoothing,
    Layers,
    LearningRate,
    Precision,
    Seed,
    Share,
    WeightDecay,
)


@dataclass(frozen=True)
class TextClassifierRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    pieces: Annotated[
        Literal["words", "characters"],
        'What is read one after the other; "characters" for scripts without spaces.',
    ] = "words"
    min_count: Annotated[Count, "How often a piece must come to have a vector of its own."] = 3
    buckets: Annotated[
        Count, "Of the table of runs of letters; see `multimodal.recognition.texts.pieces`."
    ] = 2048
    label_names: Annotated[
        str, 'How labels are shown, such as "0=negative,1=positive"; as they are unless said.'
    ] = ""
    short_opinions: Annotated[
        int,
        Ge(0),
        "So many short texts are made by rule and learnt from beside the data, for labels "
        "that are shown as positive and negative; see `opinions`.",
    ] = 0
    held_out: Annotated[str, "A table of texts, none of which may be among those."] = ""
    num_encoders: Annotated[Count, "Encoders whose answers are averaged."] = 2
    cell: CellKind = "lstm"
    embedding_size: EmbeddingSize = 64
    hidden_size: HiddenSize = 128
    layers: Layers = 1
    input_dropout: Annotated[
        Share, "The share of features of all pieces dropped before the core."
    ] = 0.3
    dropout: Dropout = 0.5
    weight_dropout: Annotated[Share, "The share of recurrent weights dropped."] = 0.3
    piece_dropout: Annotated[Share, "The share of pieces dropped whole."] = 0.1
    name_dropout: Annotated[Share, "The share of pieces that are only known by their letters."] = (
        0.2
    )
    early_weight: Annotated[
        Amount, "What all answers before the last word count in the loss; the last counts 1."
    ] = 1.0
    label_smoothing: LabelSmoothing = 0.05
    epochs: Epochs = 7
    batch_size: Annotated[Count, "Texts in a batch, over all processes."] = 64
    learning_rate: LearningRate = 2e-3
    weight_decay: WeightDecay = 0.02
    ema_decay: EmaDecay = 0.998
    seed: Seed = 0
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        super().__post_init__()
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
        return config_of(TextConfig, self)

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

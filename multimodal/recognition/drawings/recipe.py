"""Everything about a recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, MultipleOf

from multimodal.errors import UserError
from multimodal.recognition.drawings.model import RecognizerConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common


@dataclass(frozen=True)
class RecognizerRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 128
    hidden_size: common.HiddenSize = 320
    layers: common.Layers = 2
    picture_size: Annotated[
        int,
        Ge(0),
        MultipleOf(8),
        "Pixels of a picture's side, a multiple of 8; 0 for a network without an eye.",
    ] = 32
    picture_features: Annotated[common.Count, "E, what the eye says of a picture."] = 256
    dropout: common.Dropout = 0.3
    mirror: Annotated[
        Literal["yes", "no"],
        'Whether every guess is the mean over a drawing and its mirror image ("yes"), or is'
        ' made from the drawing alone ("no").',
    ] = "yes"
    start: Annotated[
        str,
        'A recognizer whose weights the training begins with, of the same categories; "" '
        "begins anew.",
    ] = ""
    teacher: Annotated[
        str, "A second folder of drawings to learn from, by no means to be measured on."
    ] = ""
    taught_per_category: Annotated[
        int, Ge(0), "How many of the teacher's drawings count of a category; 0 for all."
    ] = 0
    early_weight: Annotated[
        common.Amount,
        "What a guess at an unfinished drawing counts in the loss, times the share of its "
        "strokes; one at a finished drawing counts 1.",
    ] = 0.4
    label_smoothing: common.LabelSmoothing = 0.1
    epochs: common.Epochs = 46
    batch_size: Annotated[common.Count, "Drawings in a batch, over all processes."] = 128
    learning_rate: common.LearningRate = 2e-3
    weight_decay: common.WeightDecay = 0.02
    ema_decay: common.EmaDecay = 0.999
    min_examples: Annotated[
        common.Count,
        "Categories with at least so many drawings in all decide which recognizer is best.",
    ] = 440
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.picture_size % 8:
            raise UserError(f"picture_size: must be a multiple of 8, not {self.picture_size}")

    @property
    def network(self) -> RecognizerConfig:
        """What the network is."""
        return config_of(RecognizerConfig, self)

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

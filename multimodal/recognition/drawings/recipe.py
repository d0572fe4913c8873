"""Everything about a recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from multimodal import setting_types as common
from multimodal.recognition.drawings.model import RecognizerConfig
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class RecognizerRecipe(Recipe, RecognizerConfig):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 46
    weight_decay: common.WeightDecay = 0.02
    max_grad_norm: common.MaxGradNorm = 2.0
    mirror: Annotated[
        Literal["yes", "no"],
        'Whether every prediction is the mean over a drawing and its mirror image ("yes"), or is'
        ' made from the drawing alone ("no").',
    ] = "yes"
    init_from: Annotated[
        str,
        'A recognizer whose weights the training begins with, of the same categories; "" '
        "begins anew.",
    ] = ""
    extra_data: Annotated[
        str, "A second folder of drawings to learn from, by no means to be measured on."
    ] = ""
    extra_per_category: Annotated[
        int, Ge(0), "How many extra drawings count of a category; 0 for all."
    ] = 0
    partial_loss_weight: Annotated[
        common.Amount,
        "What a prediction for an unfinished drawing counts in the loss, times the share of its "
        "strokes; one at a finished drawing counts 1.",
    ] = 0.4
    label_smoothing: common.LabelSmoothing = 0.1
    batch_size: Annotated[common.Count, "Drawings in a batch, over all processes."] = 128
    min_examples: Annotated[
        common.Count,
        "Categories with at least so many drawings in all decide which recognizer is best.",
    ] = 440

    @property
    def network(self) -> RecognizerConfig:
        """What the network is."""
        return config_of(RecognizerConfig, self)

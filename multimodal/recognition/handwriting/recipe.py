"""Everything about a handwriting recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from multimodal.recognition.handwriting.data import TrackAugmentation
from multimodal.recognition.handwriting.model import HandwritingRecognizerConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common


@dataclass(frozen=True)
class HandwritingRecognizerRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    cell: common.CellKind = "lstm"
    channels: Annotated[common.Count, "Of the first convolution; the second has twice as many."] = (
        48
    )
    hidden_size: common.HiddenSize = 144
    layers: common.Layers = 3
    dropout: common.Dropout = 0.1
    slant: Annotated[common.Amount, "Of the shear, in widths a height."] = 0.25
    climb: Annotated[common.Amount, "Of the other shear, in heights a width."] = 0.04
    width: Annotated[common.Amount, "Of the logarithm of the stretch to the right."] = 0.15
    size: Annotated[common.Amount, "Of the logarithm of the whole."] = 0.12
    epochs: common.Epochs = 8
    learning_rate: common.LearningRate = 2e-3
    weight_decay: common.WeightDecay = 0.01
    batch_points: Annotated[common.Count, "Points of the tracks in a batch, padding included."] = (
        20480
    )
    ema_decay: common.EmaDecay = 0.998
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    @property
    def network(self) -> HandwritingRecognizerConfig:
        """What the network is."""
        return config_of(HandwritingRecognizerConfig, self)

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

"""Everything about a handwriting recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from multimodal import setting_types as common
from multimodal.recognition.handwriting.data import TrackAugmentation
from multimodal.recognition.handwriting.model import HandwritingRecognizerConfig
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class HandwritingRecognizerRecipe(Recipe, HandwritingRecognizerConfig, TrackAugmentation):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 8
    weight_decay: common.WeightDecay = 0.01
    min_lr_ratio: common.MinLrRatio = 0.01
    max_grad_norm: common.MaxGradNorm = 2.0
    ema_decay: common.EmaDecay = 0.998
    batch_points: Annotated[common.Count, "Points of the tracks in a batch, padding included."] = (
        20480
    )

    @property
    def network(self) -> HandwritingRecognizerConfig:
        """What the network is."""
        return config_of(HandwritingRecognizerConfig, self)

    @property
    def augmentation(self) -> TrackAugmentation:
        """How the batches differ from what was written."""
        return config_of(TrackAugmentation, self)

"""Everything about a video recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from multimodal import setting_types as common
from multimodal.recognition.videos.model import VideoConfig
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class VideoRecipe(Recipe, VideoConfig):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 30
    learning_rate: common.LearningRate = 1e-3
    weight_decay: common.WeightDecay = 0.05
    betas: common.Betas = (0.9, 0.999)
    warmup_steps: common.WarmupSteps = 100
    max_grad_norm: common.MaxGradNorm = 2.0
    ema_decay: common.EmaDecay = 0.99
    encoder: Annotated[
        str, "The captioner whose encoder sees the frames: a shipped model, a folder or a Hub id."
    ] = "captioner-flickr8k"
    frames: Annotated[common.Count, "T, how many frames of each video are learnt from."] = 8
    videos_per_category: Annotated[
        common.Count,
        "Of drawings, at most so many of each category; see "
        "`multimodal.recognition.videos.rendered.videos_of_quickdraw`.",
    ] = 200
    min_examples: Annotated[
        common.Count, "Of drawings, the categories with at least so many in all are learnt."
    ] = 440
    partial_loss_weight: Annotated[
        common.Amount,
        "What a prediction before the last frame counts in the loss, times the share of the frames"
        " that it has seen; the last counts 1.",
    ] = 0.4
    label_smoothing: common.LabelSmoothing = 0.1
    batch_size: Annotated[common.Count, "Videos in a batch, over all processes."] = 64

    @property
    def network(self) -> VideoConfig:
        """What the network is."""
        return config_of(VideoConfig, self)

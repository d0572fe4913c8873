"""Everything about a clip recognizer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from multimodal.recognition.clips.model import ClipConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common


@dataclass(frozen=True)
class ClipRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    encoder: Annotated[
        str, "The captioner whose encoder sees the frames: a shipped model, a folder or a Hub id."
    ] = "captioner-flickr8k"
    frames: Annotated[common.Count, "T, how many frames of each clip are learnt from."] = 8
    films: Annotated[
        common.Count,
        "Of drawings, at most so many of each category; see "
        "`multimodal.recognition.clips.films.films_of_quickdraw`.",
    ] = 200
    min_examples: Annotated[
        common.Count, "Of drawings, the categories with at least so many in all are learnt."
    ] = 440
    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 256
    hidden_size: common.HiddenSize = 256
    layers: common.Layers = 1
    dropout: common.Dropout = 0.4
    early_weight: Annotated[
        common.Amount,
        "What a guess before the last frame counts in the loss, times the share of the frames"
        " that it has seen; the last counts 1.",
    ] = 0.4
    label_smoothing: common.LabelSmoothing = 0.1
    epochs: common.Epochs = 30
    batch_size: Annotated[common.Count, "Clips in a batch, over all processes."] = 64
    learning_rate: common.LearningRate = 1e-3
    weight_decay: common.WeightDecay = 0.05
    ema_decay: common.EmaDecay = 0.99
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    @property
    def network(self) -> ClipConfig:
        """What the network is."""
        return config_of(ClipConfig, self)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; the warm-up of a short training takes no more than a fifth."""
        return training_options(
            self, steps_per_epoch, warmup_steps=100, min_lr_ratio=0.02, max_grad_norm=2.0
        )

"""Everything about a handwriting generator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from multimodal.handwriting.model import HandwritingConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training.settings import (
    Count,
    EmaDecay,
    Epochs,
    HiddenSize,
    LearningRate,
    MaxGradNorm,
    MinLrRatio,
    Precision,
    Seed,
    Share,
    UpToOne,
    WarmupSteps,
    WeightBits,
    WeightDecay,
)


@dataclass(frozen=True)
class HandwritingGeneratorRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    character_embedding_size: Annotated[Count, "D, the features of a cell of the text."] = 64
    writer_embedding_size: Annotated[Count, "S, of a writer's embedding."] = 32
    window_size: Annotated[Count, "H, the units of the layer that drives the window."] = 256
    hidden_size: HiddenSize = 320
    windows: Annotated[Count, "The Gaussians of the window."] = 5
    components: Annotated[Count, "K, of the mixture."] = 20
    start: Annotated[
        str,
        "A writer of the same sizes and writers whose weights the training begins from, in "
        "place of random ones: a folder, a shipped model or a Hub id.",
    ] = ""
    limit: Annotated[int, Ge(16), "The most points of a piece; longer ones are left out."] = 640
    words: Annotated[int, Ge(0), "How many of them an epoch has beside the lines."] = 4000
    characters: Annotated[int, Ge(0), "How many characters an epoch has beside the lines."] = 6000
    rare: Annotated[
        float,
        Ge(1),
        "How many times as often the rarest characters come at most; see `batches.rarity`.",
    ] = 3.0
    writer_dropout: Annotated[
        UpToOne,
        "The share of pieces that are learnt as nobody's, so that a style can be told by a "
        "sample of it alone.",
    ] = 0.1
    stretching: Annotated[
        Share, "Dx and dy are each multiplied by a random number within 1 ± this."
    ] = 0.08
    batch_points: Annotated[int, Ge(16), "The points of a batch, with what fills it up."] = 10240
    epochs: Epochs = 16
    learning_rate: LearningRate = 3e-3
    warmup_steps: WarmupSteps = 100
    min_lr_ratio: MinLrRatio = 0.02
    weight_decay: WeightDecay = 0.0
    max_grad_norm: MaxGradNorm = 1.0
    ema_decay: EmaDecay = 0.995
    weight_bits: WeightBits = 0
    dev_lines: Annotated[
        Count, "On how many lines of the dev split the best weights are chosen."
    ] = 128
    seed: Seed = 0
    precision: Precision = "auto"

    def network(self, num_writers: int) -> HandwritingConfig:
        """What the network is that learns from so many writers."""
        return config_of(HandwritingConfig, self, num_writers=num_writers)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

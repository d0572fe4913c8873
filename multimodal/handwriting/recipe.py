"""Everything about a handwriting generator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from multimodal.handwriting.model import HandwritingConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common


@dataclass(frozen=True)
class HandwritingGeneratorRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    character_embedding_size: Annotated[common.Count, "D, the features of a cell of the text."] = 64
    writer_embedding_size: Annotated[common.Count, "S, of a writer's embedding."] = 32
    window_size: Annotated[common.Count, "H, the units of the layer that drives the window."] = 256
    hidden_size: common.HiddenSize = 320
    windows: Annotated[common.Count, "The Gaussians of the window."] = 5
    components: Annotated[common.Count, "K, of the mixture."] = 20
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
        common.UpToOne,
        "The share of pieces that are learnt as nobody's, so that a style can be told by a "
        "sample of it alone.",
    ] = 0.1
    stretching: Annotated[
        common.Share, "Dx and dy are each multiplied by a random number within 1 ± this."
    ] = 0.08
    batch_points: Annotated[int, Ge(16), "The points of a batch, with what fills it up."] = 10240
    epochs: common.Epochs = 16
    learning_rate: common.LearningRate = 3e-3
    warmup_steps: common.WarmupSteps = 100
    min_lr_ratio: common.MinLrRatio = 0.02
    weight_decay: common.WeightDecay = 0.0
    max_grad_norm: common.MaxGradNorm = 1.0
    ema_decay: common.EmaDecay = 0.995
    weight_bits: common.WeightBits = 0
    dev_lines: Annotated[
        common.Count, "On how many lines of the dev split the best weights are chosen."
    ] = 128
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    def network(self, num_writers: int) -> HandwritingConfig:
        """What the network is that learns from so many writers."""
        return config_of(HandwritingConfig, self, num_writers=num_writers)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

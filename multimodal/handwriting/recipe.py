"""Everything about a handwriting generator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from multimodal import setting_types as common
from multimodal.handwriting.model import HandwritingConfig, HandwritingSizes
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class HandwritingGeneratorRecipe(Recipe, HandwritingSizes):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 16
    learning_rate: common.LearningRate = 3e-3
    betas: common.Betas = (0.9, 0.98)
    warmup_steps: common.WarmupSteps = 100
    ema_decay: common.EmaDecay = 0.995
    init_from: Annotated[
        str,
        "A writer of the same sizes and writers whose weights the training begins from, in "
        "place of random ones: a folder, a shipped model or a Hub id.",
    ] = ""
    limit: Annotated[int, Ge(16), "The most points of a piece; longer ones are left out."] = 640
    words: Annotated[int, Ge(0), "How many of them an epoch has beside the lines."] = 4000
    characters: Annotated[int, Ge(0), "How many characters an epoch has beside the lines."] = 6000
    max_oversampling: Annotated[
        float,
        Ge(1),
        "How many times as often the rarest characters come at most; see `batches.rarity`.",
    ] = 3.0
    writer_dropout: Annotated[
        common.UpToOne,
        "The share of pieces that are learnt as nobody's, so that a style can be told by a "
        "sample of it alone.",
    ] = 0.1
    scale_jitter: Annotated[
        common.Share, "Dx and dy are each multiplied by a random number within 1 ± this."
    ] = 0.08
    batch_points: Annotated[int, Ge(16), "The points of a batch, with what fills it up."] = 10240
    dev_lines: Annotated[
        common.Count, "On how many lines of the dev split the best weights are chosen."
    ] = 128

    def network(self, num_writers: int) -> HandwritingConfig:
        """What the network is that learns from so many writers."""
        return config_of(HandwritingConfig, self, num_writers=num_writers)

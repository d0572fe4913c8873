"""Everything about a sketcher's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from multimodal import setting_types as common
from multimodal.settings import config_of
from multimodal.sketching.model import SketchConfig, SketchSizes
from multimodal.training import Recipe


@dataclass(frozen=True)
class SketcherRecipe(Recipe, SketchSizes):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 12
    betas: common.Betas = (0.9, 0.98)
    warmup_steps: common.WarmupSteps = 300
    init_from: Annotated[
        str,
        "A sketcher whose weights the training begins with, of the same categories; it may be"
        ' one that was not told the pen\'s position. "" begins anew.',
    ] = ""
    extra_data: Annotated[
        str, "A second folder of drawings to learn from, by no means to be measured on."
    ] = ""
    extra_per_category: Annotated[
        int,
        Ge(0),
        "How many extra drawings an epoch sees of a category at most; 0 for all.",
    ] = 0
    limit: Annotated[int, Ge(2), "N_max, the rows of a sequence; longer drawings are left out."] = (
        200
    )
    drawings_per_category: Annotated[
        int,
        Ge(0),
        "How many of people's drawings of a category an epoch sees at most, each time others;"
        " 0 for all.",
    ] = 0
    latent_dropout: Annotated[
        common.UpToOne, "The share of drawings that are learnt without z."
    ] = 0.5
    category_dropout: Annotated[
        common.UpToOne,
        "The share of drawings that are learnt without their category, so that a drawing of "
        "anything can be scored and finished.",
    ] = 0.05
    scale_jitter: Annotated[
        common.Share, "dx and dy are each multiplied by a random number within 1 ± this."
    ] = 0.1
    shear_jitter: Annotated[
        common.Share,
        "Drawings are turned and sheared: each of dx and dy takes in up to this share of the "
        "other.",
    ] = 0.0
    point_dropout: Annotated[
        common.Share, "The share of points within strokes that is left out."
    ] = 0.1
    kl_weight: Annotated[common.Amount, "The weight of the KL term."] = 0.5
    kl_floor: Annotated[common.Amount, "The least value of the KL term."] = 0.2
    kl_start: Annotated[
        common.UpToOne,
        "After n steps the KL term counts 1 - (1 - kl_start) · kl_decayⁿ of its weight.",
    ] = 0.01
    kl_decay: Annotated[
        common.UpToOne,
        "By which the difference of the KL weight from its whole falls at every step.",
    ] = 0.9995
    batch_size: Annotated[common.Count, "Drawings in a batch, over all processes."] = 100
    dev_drawings: Annotated[
        common.Count, "On how many drawings of the dev split the best weights are chosen."
    ] = 1000

    def network(self, categories: int) -> SketchConfig:
        """What the network is that knows so many categories; a single one needs no number."""
        return config_of(
            SketchConfig,
            self,
            latent_optional=self.latent_dropout > 0,
            categories=categories if categories > 1 else 0,
            category_optional=self.category_dropout > 0,
        )

    def kl_weight_at(self, step: int) -> float:
        """What the KL term counts at a step (from 0) of the training."""
        return self.kl_weight * (1 - (1 - self.kl_start) * self.kl_decay**step)

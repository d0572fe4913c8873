"""Everything about a sketcher's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.sketching.model import DecoderCell, SketchConfig
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(("decoder_size", "encoder_size", "category_size", "components"), 1),
    **dict.fromkeys(("epochs", "batch_size", "dev_drawings"), 1),
    **dict.fromkeys(("latent_size", "drawings_per_category", "warmup_steps", "max_grad_norm"), 0),
    "taught_per_category": 0,
    **dict.fromkeys(("kl_weight", "kl_floor", "weight_decay"), 0),
    "limit": 2,
}
_SHARES = (
    "dropout",
    "recurrent_dropout",
    "stretching",
    "turning",
    "point_dropping",
    "ema_decay",
)
_UP_TO_ONE = ("latent_dropout", "category_dropout", "kl_start", "kl_decay", "min_lr_ratio")


@dataclass(frozen=True)
class SketcherRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        cell, decoder_size, encoder_size, latent_size, category_size, components, dropout,
            recurrent_dropout, position: see SketchConfig. A latent_size of 0 trains a decoder
            alone.
        teacher: a second folder of drawings to learn from, by no means to be measured on.
        taught_per_category: how many drawings of the teacher an epoch sees of a category at most;
            0 for all.
        start: a sketcher whose weights the training begins with, of the same categories; it may be
            one that was not told the pen's position. "" begins anew.
        limit: N_max, the rows of a sequence; longer drawings are left out.
        drawings_per_category: how many of people's drawings of a category an epoch sees at most,
            each time others; 0 for all.
        latent_dropout: the share of drawings that are learnt without z.
        category_dropout: the share of drawings that are learnt without their category, so that
            a drawing of anything can be scored and finished.
        stretching: dx and dy are each multiplied by a random number within 1 ± this.
        turning: drawings are turned and sheared: each of dx and dy takes in up to this share of
            the other.
        point_dropping: the share of points within strokes that is left out.
        kl_weight, kl_floor: the weight and the least value of the KL term.
        kl_start, kl_decay: after n steps it counts 1 - (1 - kl_start) · kl_decayⁿ of its weight.
        epochs, batch_size, learning_rate, warmup_steps, min_lr_ratio, weight_decay, max_grad_norm,
            ema_decay: see TrainingOptions; a batch counts drawings.
        dev_drawings: on how many drawings of the dev split the best weights are chosen.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    cell: DecoderCell = "lstm"
    decoder_size: int = 640
    encoder_size: int = 256
    latent_size: int = 128
    category_size: int = 64
    components: int = 20
    dropout: float = 0.1
    recurrent_dropout: float = 0.1
    position: bool = True
    start: str = ""
    teacher: str = ""
    taught_per_category: int = 0
    limit: int = 200
    drawings_per_category: int = 0
    latent_dropout: float = 0.5
    category_dropout: float = 0.05
    stretching: float = 0.1
    turning: float = 0.0
    point_dropping: float = 0.1
    kl_weight: float = 0.5
    kl_floor: float = 0.2
    kl_start: float = 0.01
    kl_decay: float = 0.9995
    epochs: int = 12
    batch_size: int = 100
    learning_rate: float = 2e-3
    warmup_steps: int = 300
    min_lr_ratio: float = 0.02
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    ema_decay: float = 0.999
    dev_drawings: int = 1000
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, shares=_SHARES, up_to_one=_UP_TO_ONE)

    def network(self, categories: int) -> SketchConfig:
        """What the network is that knows so many categories; a single one needs no number."""
        return SketchConfig(
            cell=self.cell,
            decoder_size=self.decoder_size,
            encoder_size=self.encoder_size,
            latent_size=self.latent_size,
            latent_optional=self.latent_dropout > 0,
            categories=categories if categories > 1 else 0,
            category_optional=self.category_dropout > 0,
            category_size=self.category_size,
            components=self.components,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            position=self.position,
        )

    def kl_weight_at(self, step: int) -> float:
        """What the KL term counts at a step (from 0) of the training."""
        return self.kl_weight * (1 - (1 - self.kl_start) * self.kl_decay**step)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

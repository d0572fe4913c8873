"""Everything about a handwriting generator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.handwriting.model import HandwritingConfig
from multimodal.training import TrainingOptions, require_ranges, training_options

_LEAST = {
    **dict.fromkeys(
        (
            "character_embedding_size",
            "writer_embedding_size",
            "window_size",
            "hidden_size",
            "windows",
        ),
        1,
    ),
    **dict.fromkeys(("components", "epochs", "dev_lines", "rare"), 1),
    **dict.fromkeys(("words", "characters", "warmup_steps", "max_grad_norm", "weight_decay"), 0),
    **dict.fromkeys(("limit", "batch_points"), 16),
}


@dataclass(frozen=True)
class HandwritingGeneratorRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        character_embedding_size, writer_embedding_size, window_size, hidden_size, windows,
            components: see HandwritingConfig.
        start: a writer of the same sizes and writers whose weights the training begins from, in
            place of random ones: a folder, a shipped model or a Hub id.
        limit: the most points of a piece; longer ones are left out.
        words, characters: how many of them an epoch has beside the lines.
        rare: how many times as often the rarest characters come at most; see `batches.rarity`.
        writer_dropout: the share of pieces that are learnt as nobody's, so that a style can be told
            by a sample of it alone.
        stretching: dx and dy are each multiplied by a random number within 1 ± this.
        batch_points: the points of a batch, with what fills it up.
        epochs, learning_rate, warmup_steps, min_lr_ratio, weight_decay, max_grad_norm, ema_decay,
            weight_bits: see TrainingOptions.
        dev_lines: on how many lines of the dev split the best weights are chosen.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    character_embedding_size: int = 64
    writer_embedding_size: int = 32
    window_size: int = 256
    hidden_size: int = 320
    windows: int = 5
    components: int = 20
    start: str = ""
    limit: int = 640
    words: int = 4000
    characters: int = 6000
    rare: float = 3.0
    writer_dropout: float = 0.1
    stretching: float = 0.08
    batch_points: int = 10240
    epochs: int = 16
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    min_lr_ratio: float = 0.02
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    ema_decay: float = 0.995
    weight_bits: int = 0
    dev_lines: int = 128
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        shares = ("stretching", "ema_decay")
        require_ranges(self, _LEAST, shares=shares, up_to_one=("writer_dropout", "min_lr_ratio"))

    def network(self, num_writers: int) -> HandwritingConfig:
        """What the network is that learns from so many writers."""
        return HandwritingConfig(
            num_writers=num_writers,
            character_embedding_size=self.character_embedding_size,
            writer_embedding_size=self.writer_embedding_size,
            window_size=self.window_size,
            hidden_size=self.hidden_size,
            windows=self.windows,
            components=self.components,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

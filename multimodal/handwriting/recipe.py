"""Everything about a writer's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from multimodal.handwriting.model import WriterConfig
from multimodal.training import TrainingOptions, options_of, require_ranges

_LEAST = {
    **dict.fromkeys(("character_size", "hand_size", "window_size", "hidden_size", "windows"), 1),
    **dict.fromkeys(("components", "epochs", "dev_lines", "rare"), 1),
    **dict.fromkeys(("words", "characters", "warmup_steps", "clip", "weight_decay"), 0),
    **dict.fromkeys(("limit", "batch_points"), 16),
}


@dataclass(frozen=True)
class WriterRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        character_size, hand_size, window_size, hidden_size, windows, components: see WriterConfig.
        start: a writer of the same sizes and writers whose weights the training begins from, in
            place of random ones: a folder, a shipped model or a Hub id.
        limit: the most points of a piece; longer ones are left out.
        words, characters: how many of them an epoch has beside the lines.
        rare: how many times as often the rarest characters come at most; see `batches.rarity`.
        hand_dropout: the share of pieces that are learnt as nobody's, so that a hand can be told by
            a sample of it alone.
        stretching: dx and dy are each multiplied by a random number within 1 ± this.
        batch_points: the points of a batch, with what fills it up.
        epochs, learning_rate, warmup_steps, final_rate, weight_decay, clip, average_decay,
            bits: see TrainingOptions.
        dev_lines: on how many lines of the dev split the best weights are chosen.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    character_size: int = 64
    hand_size: int = 32
    window_size: int = 256
    hidden_size: int = 320
    windows: int = 5
    components: int = 20
    start: str = ""
    limit: int = 640
    words: int = 4000
    characters: int = 6000
    rare: float = 3.0
    hand_dropout: float = 0.1
    stretching: float = 0.08
    batch_points: int = 10240
    epochs: int = 16
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    final_rate: float = 0.02
    weight_decay: float = 0.0
    clip: float = 1.0
    average_decay: float = 0.995
    bits: int = 0
    dev_lines: int = 128
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        shares = ("stretching", "average_decay")
        require_ranges(self, _LEAST, shares=shares, up_to_one=("hand_dropout", "final_rate"))

    def network(self, hands: int) -> WriterConfig:
        """What the network is that learns from so many writers."""
        return WriterConfig(
            hands=hands,
            character_size=self.character_size,
            hand_size=self.hand_size,
            window_size=self.window_size,
            hidden_size=self.hidden_size,
            windows=self.windows,
            components=self.components,
        )

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return options_of(self, steps_per_epoch, betas=(0.9, 0.98))

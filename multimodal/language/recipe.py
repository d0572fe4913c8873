"""Everything about a language model's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from multimodal import setting_types as common
from multimodal.errors import UserError
from multimodal.language.data import SplitFractions
from multimodal.language.model import LanguageConfig
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class LanguageModelRecipe(Recipe, LanguageConfig):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 34
    learning_rate: common.LearningRate = 3e-3
    weight_decay: common.WeightDecay = 0.01
    max_grad_norm: common.MaxGradNorm = 0.5
    ema_decay: common.EmaDecay = 0.0
    init_from: Annotated[
        str,
        "A language model to begin with: a shipped model, a folder or a Hub id. Its "
        "vocabulary and its sizes then take the place of those chosen here; characters that "
        "it lacks are added.",
    ] = ""
    vocabulary: Annotated[Literal["characters", "bytes", "words"], "What a token is."] = (
        "characters"
    )
    unknown: Annotated[
        Literal["error", "replace"],
        "What a character that the text lacks is to be, later on, for the language model: an "
        "error, or U+FFFD. Words that the training split lacks are always unknown words.",
    ] = "error"
    min_count: Annotated[
        common.Count, "How often a word or character must stand in the text to be learnt."
    ] = 1
    dev_fraction: Annotated[
        common.Share, "Of a text without splits, the share that the best weights are chosen on."
    ] = 0.1
    test_fraction: Annotated[common.Share, "Of a text without splits, the share behind dev."] = 0.1
    streams: Annotated[common.Count, "B, the contiguous streams that are read side by side."] = 64
    steps: Annotated[common.Count, "T, the steps through which gradients go back."] = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_count > 1 and self.vocabulary == "characters" and self.unknown == "error":
            raise UserError("min_count: leaves characters out, so set unknown=replace as well")
        _ = self.split_fractions, self.network  # which refuse what cannot be

    @property
    def split_fractions(self) -> SplitFractions:
        """How a text without splits of its own is parted."""
        return SplitFractions(self.dev_fraction, self.test_fraction)

    @property
    def network(self) -> LanguageConfig:
        """What the network is."""
        return config_of(LanguageConfig, self)

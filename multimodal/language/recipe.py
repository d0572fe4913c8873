"""Everything about a language model's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from multimodal.errors import UserError
from multimodal.language.data import SplitFractions
from multimodal.language.model import LanguageConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common


@dataclass(frozen=True)
class LanguageModelRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    start: Annotated[
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
    cell: common.CellKind = "lstm"
    layers: common.Layers = 2
    embedding_size: common.EmbeddingSize = 512
    hidden_size: common.HiddenSize = 512
    embeddings: Annotated[Literal["own", "tied"], '"own", or "tied" to the readout.'] = "own"
    input_dropout: Annotated[
        common.Share,
        "The shares of features dropped in training: of embeddings, between layers, and "
        "before the readout.",
    ] = 0.1
    dropout: common.Dropout = 0.45
    output_dropout: Annotated[
        common.Share,
        "The shares of features dropped in training: of embeddings, between layers, and "
        "before the readout.",
    ] = 0.5
    weight_dropout: Annotated[
        common.Share, "The share of recurrent weights dropped in training."
    ] = 0.35
    streams: Annotated[common.Count, "B, the contiguous streams that are read side by side."] = 64
    steps: Annotated[common.Count, "T, the steps through which gradients go back."] = 100
    epochs: common.Epochs = 34
    learning_rate: common.LearningRate = 3e-3
    warmup_steps: common.WarmupSteps = 200
    min_lr_ratio: common.MinLrRatio = 0.02
    weight_decay: common.WeightDecay = 0.01
    max_grad_norm: common.MaxGradNorm = 0.5
    ema_decay: common.EmaDecay = 0.0
    weight_bits: common.WeightBits = 0
    seed: common.Seed = 0
    precision: common.Precision = "auto"

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
        return config_of(LanguageConfig, self, tied=self.embeddings == "tied")

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.99))

"""Everything about a text classifier's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from multimodal import setting_types as common
from multimodal.errors import UserError
from multimodal.recognition.texts.model import TextConfig
from multimodal.settings import config_of
from multimodal.training import Recipe


@dataclass(frozen=True)
class TextClassifierRecipe(Recipe, TextConfig):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 7
    weight_decay: common.WeightDecay = 0.02
    warmup_steps: common.WarmupSteps = 100
    max_grad_norm: common.MaxGradNorm = 2.0
    ema_decay: common.EmaDecay = 0.998
    precision: common.Precision = "fp32"
    tokens: Annotated[
        Literal["words", "characters"],
        'What is read one after the other; "characters" for scripts without spaces.',
    ] = "words"
    min_count: Annotated[
        common.Count, "How often a token must come to have a vector of its own."
    ] = 3
    buckets: Annotated[
        common.Count,
        "Of the table of runs of letters; see `multimodal.recognition.texts.tokenizer`.",
    ] = 2048
    label_names: Annotated[
        str, 'How labels are shown, such as "0=negative,1=positive"; as they are unless said.'
    ] = ""
    short_opinions: Annotated[
        int,
        Ge(0),
        "So many short texts are made by rule for each epoch and learnt from beside the data, for "
        "labels that are shown as positive and negative; see `opinions`.",
    ] = 0
    held_out: Annotated[str, "A table of texts, none of which may be among those."] = ""
    partial_loss_weight: Annotated[
        common.Amount, "What all answers before the last word count in the loss; the last counts 1."
    ] = 1.0
    label_smoothing: common.LabelSmoothing = 0.05
    batch_size: Annotated[common.Count, "Texts in a batch, over all processes."] = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.names  # which refuses what cannot be

    @property
    def names(self) -> dict[str, str]:
        """How labels are shown, where it is said."""
        pairs = [pair.split("=") for pair in self.label_names.split(",") if pair.strip()]
        if any(len(pair) != 2 or not all(map(str.strip, pair)) for pair in pairs):
            raise UserError("label_names: write for example 0=negative,1=positive")
        return {label.strip(): name.strip() for label, name in pairs}

    @property
    def network(self) -> TextConfig:
        """What the network is."""
        return config_of(TextConfig, self)

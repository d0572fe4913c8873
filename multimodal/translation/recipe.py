"""Everything about a translator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from multimodal import setting_types as common
from multimodal.recurrent.generation import GenerationOptions
from multimodal.settings import config_of
from multimodal.training import Recipe
from multimodal.translation.model import TranslatorConfig


@dataclass(frozen=True)
class TranslatorRecipe(Recipe, TranslatorConfig):
    """The settings; on the command line, ``--set name=value``."""

    epochs: common.Epochs = 14
    weight_decay: common.WeightDecay = 0.01
    betas: common.Betas = (0.9, 0.98)
    warmup_steps: common.WarmupSteps = 400
    init_from: Annotated[
        str,
        "A translator to begin with: a shipped one, a folder or a Hub id. Its subwords and "
        "its sizes then take the place of those chosen here, and its languages must be those "
        "of the data or more.",
    ] = ""
    directions: Annotated[
        Literal["english", "all"],
        '"english" to learn from and into English alone, where that is a language of the '
        "data, so that others are translated into each other without having been learnt; "
        '"all" to learn every direction.',
    ] = "english"
    vocabulary_size: Annotated[common.Count, "V, the subwords of all languages together."] = 6000
    max_length: Annotated[
        common.Count, "Sentences of more subwords are not learnt from, nor translated later on."
    ] = 70
    trainable_modules: Annotated[
        str,
        "Of the network, separated by commas, whose matrices learn beside all vectors, such "
        'as "attention,features"; every part learns when empty. A trained translator gains '
        "from a few of them, and the rest of its file stays as it is.",
    ] = ""
    label_smoothing: common.LabelSmoothing = 0.1
    batch_size: Annotated[
        common.Count, "Rows of the data; each brings one pair of sentences for every direction."
    ] = 32
    beam_size: Annotated[common.Count, "How the translator searches; see Translator."] = 5
    length_penalty: Annotated[common.Amount, "Of the search; see GenerationOptions."] = 0.9
    channel_weight: Annotated[common.Amount, "What reading back counts; see Translator."] = 0.5

    @property
    def network(self) -> TranslatorConfig:
        """What the network is."""
        return config_of(TranslatorConfig, self)

    @property
    def search(self) -> GenerationOptions:
        """How the translator searches."""
        return GenerationOptions(beam_size=self.beam_size, length_penalty=self.length_penalty)

"""Everything about a translator's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from multimodal.recurrent.generation import GenerationOptions
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions, training_options
from multimodal.training import settings as common
from multimodal.translation.model import TranslatorConfig


@dataclass(frozen=True)
class TranslatorRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    start: Annotated[
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
    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 256
    encoder_layers: Annotated[common.Count, "How many bidirectional layers read."] = 2
    encoder_size: Annotated[common.Count, "R, their units in each direction."] = 192
    decoder_size: Annotated[common.Count, "H, the units of both layers that write."] = 320
    attention_size: Annotated[common.Count, "A, the width in which the two are compared."] = 128
    dropout: common.Dropout = 0.25
    word_dropout: Annotated[
        common.Share,
        "The share of subwords whose embedding is dropped in training (Gal and Ghahramani "
        "2016), which little text needs (Sennrich and Zhang 2019).",
    ] = 0.1
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
    epochs: common.Epochs = 14
    learning_rate: common.LearningRate = 2e-3
    warmup_steps: common.WarmupSteps = 400
    min_lr_ratio: common.MinLrRatio = 0.02
    weight_decay: common.WeightDecay = 0.01
    max_grad_norm: common.MaxGradNorm = 1.0
    ema_decay: common.EmaDecay = 0.999
    weight_bits: common.WeightBits = 0
    beam_size: Annotated[common.Count, "How the translator searches; see Translator."] = 5
    length_penalty: Annotated[common.Amount, "Of the search; see GenerationOptions."] = 0.9
    channel_weight: Annotated[common.Amount, "What reading back counts; see Translator."] = 0.5
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    @property
    def network(self) -> TranslatorConfig:
        """What the network is."""
        return config_of(TranslatorConfig, self)

    @property
    def search(self) -> GenerationOptions:
        """How the translator searches."""
        return GenerationOptions(beam_size=self.beam_size, length_penalty=self.length_penalty)

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How it is optimised; of a short training, the warm-up takes no more than a fifth."""
        return training_options(self, steps_per_epoch, betas=(0.9, 0.98))

"""The recipe: every direction of every row, teacher forcing, label smoothing.

A sentence that is a source in two directions is read once. Dropout is locked through time, whole
subwords are dropped as well (Gal and Ghahramani 2016; Sennrich and Zhang 2019, Revisiting
low-resource neural machine translation), and the moving average of the weights is what is chosen.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain
from statistics import fmean
from typing import Self, cast

import torch
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.processor import torch_dtype
from multimodal.subwords import SubwordVocabulary
from multimodal.training import Stage, Task, TrainableModules, TrainingInput, batches_per_epoch
from multimodal.translation.batches import (
    PADDING,
    SPECIAL,
    TrainingText,
    TranslationBatch,
    language_token,
)
from multimodal.translation.data import ParallelText, read_parallel
from multimodal.translation.domain import Domain
from multimodal.translation.languages import Language
from multimodal.translation.loss import smoothed_cross_entropy
from multimodal.translation.metrics import score_translations
from multimodal.translation.model import TranslationNetwork
from multimodal.translation.recipe import TranslatorRecipe
from multimodal.translation.sentences import truecase, words_of
from multimodal.translation.translator import Translator

SHOWN = 3  # sentences of every direction, after every epoch


class TranslationStage(Stage):
    """The one stage: every subword of every translation is predicted from those before it."""

    name = "translation"

    def __init__(
        self, recipe: TranslatorRecipe, text: TrainingText, trainable_modules: TrainableModules
    ) -> None:
        self.recipe = recipe
        self.trainable_modules = trainable_modules
        self.text = text
        self.options = recipe.options(self.steps_per_epoch())

    def setup(self, model: nn.Module) -> None:
        """All vectors learn, and the matrices of the recipe's parts."""
        super().setup(model)
        self.trainable_modules.choose(model)

    def steps_per_epoch(self) -> int:
        """Every row once, with all its directions."""
        return batches_per_epoch(len(self.text), self.recipe.batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[TranslationBatch]:
        """Rows of similar length."""
        recipe = self.recipe
        return self.text.batches(recipe.batch_size, recipe.seed, epoch, start, rank, world)

    def loss(self, model: nn.Module, batch: TranslationBatch) -> dict[str, Tensor]:
        """Smoothed cross-entropy in nats a subword."""
        network = cast(TranslationNetwork, model)
        memory = network.encode(batch.sources, batch.lengths)
        features = network(memory.rows(batch.read), batch.targets[:, :-1])
        targets = batch.targets[:, 1:]
        there = targets != PADDING
        logits = network.readout(features[there])
        loss = smoothed_cross_entropy(logits, targets[there], self.recipe.label_smoothing)
        return {"loss": loss, "weight": there.sum()}


class TranslatorTask(Task):
    """A translator that learns from parallel text.

    Args:
        recipe: the choices.
        train: what to learn from.
        dev: what to choose by.

    Raises:
        UserError: there is nothing to learn from or to choose by.
    """

    metric = "bleu"

    def __init__(self, recipe: TranslatorRecipe, train: ParallelText, dev: ParallelText) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        english = recipe.directions == "english" and "en" in train.languages
        self.directions = train.directions("en" if english else "")
        self._dev = {
            (source, target): pairs
            for source, target in self.directions
            if (pairs := dev.pairs(source, target))[0]
        }
        if not self._dev:
            raise UserError("there are no pairs of sentences in the dev split to choose by")
        self.model, self.vocabulary, former = _initial_model(recipe, train)
        trainable_modules = TrainableModules(self.model, recipe.trainable_modules)
        learnt = TrainingText(train, self.vocabulary, self.directions, recipe.max_length)
        self.languages = former | {
            code: former.get(code, Language()).with_more(words, learnt.written[code])
            for code, words in _words(train).items()
        }
        self.domains = {
            code: Domain.of(_sentences(train, code)).with_limit(_sentences(dev, code))
            for code in train.languages
        }
        self.stages = [TranslationStage(recipe, learnt, trainable_modules)]
        self.config = {
            "recipe": asdict(recipe),
            "languages": list(train.languages),
            "rows": len(learnt),
            "pairs": {"train": learnt.pairs, "dev": sum(len(p[0]) for p in self._dev.values())},
            "vocabulary": len(self.vocabulary),
        }

    @classmethod
    def from_data(
        cls,
        recipe: TranslatorRecipe,
        given: TrainingInput,
        *,
        languages: Sequence[str] = (),
    ) -> Self:
        """Read what is learnt from.

        Args:
            recipe: the choices.
            given: its data are parallel text; see `multimodal.translation.data.read_parallel`.
            languages: which to learn; all that are there unless given.

        Raises:
            UserError: the data cannot be read.
        """
        text = read_parallel(given.data, "train", languages)
        return cls(recipe, text, read_parallel(given.data, "dev", languages))

    def pretrained(self, model: nn.Module) -> Translator:
        """The translator around a model as it is now."""
        return Translator(
            cast(TranslationNetwork, model),
            self.vocabulary,
            self.languages,
            self.recipe.search,
            self.recipe.max_length,
            self.recipe.channel_weight,
            self.domains,
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Translate the dev split greedily in all directions; "bleu" is the mean over them."""
        translator = self._quick(model)
        figures = {}
        for (source, target), (sentences, references) in self._dev.items():
            translations = translator.translate(sentences, to=target, source=source)
            texts = [translation.text for translation in translations]
            name = f"bleu_{source}_{target}"
            figures[name] = score_translations(texts, references).bleu
        return {self.metric: fmean(figures.values()), **figures}

    def samples(self, model: nn.Module) -> Sequence[str]:
        """A few dev sentences in every direction, beside what people wrote."""
        translator = self._quick(model)
        lines = []
        for (source, target), (sentences, references) in self._dev.items():
            translations = translator.translate(sentences[:SHOWN], to=target, source=source)
            for translation, reference in zip(translations, references, strict=False):
                lines.append(f"{source}: {translation.source}")
                lines.append(f"    {target}: {translation.text}  [{reference}]")
        return lines

    def _quick(self, model: nn.Module) -> Translator:
        """A greedy translator of its own, in the precision of the recipe."""
        dtype = torch_dtype(self.recipe.precision, next(model.parameters()).device.type)
        translator = self.pretrained(copy.deepcopy(model).to(dtype))
        translator.options = replace(translator.options, beam_size=1)
        return translator


def _initial_model(
    recipe: TranslatorRecipe, train: ParallelText
) -> tuple[TranslationNetwork, SubwordVocabulary, dict[str, Language]]:
    """The network that the training begins with, its subwords, and the languages that it knows."""
    if not recipe.init_from:
        texts = (_sentences(train, code) for code in train.languages)
        special = [*SPECIAL, *map(language_token, train.languages)]
        within = chain(*map(truecase, texts))
        vocabulary = SubwordVocabulary.build(within, recipe.vocabulary_size, special)
        return TranslationNetwork(recipe.network, len(vocabulary)), vocabulary, {}
    former = Translator.from_pretrained(recipe.init_from, precision="fp32")
    strange = next((code for code in train.languages if code not in former.languages), None)
    if strange is not None:
        raise UserError(f"{recipe.init_from}: does not know the language {strange!r} of the data")
    config = replace(
        former.network.config, dropout=recipe.dropout, word_dropout=recipe.word_dropout
    )
    network = TranslationNetwork(config, len(former.vocabulary))
    network.load_state_dict(former.network.state_dict())
    return network, former.vocabulary, former.languages


def _sentences(text: ParallelText, code: str) -> list[str]:
    return [row[code] for row in text.rows if code in row]


def _words(text: ParallelText) -> dict[str, frozenset[str]]:
    """For every language, the words that it uses."""
    return {
        code: frozenset(chain(*map(words_of, _sentences(text, code)))) for code in text.languages
    }

"""Naming: what the encoder's classifier knows of a photo, in everyday words.

A captioner's sentences stay in the world of its training captions; the classes of its encoder reach
further. Where the classifier is sure of a thing for which the sentence has no word, the everyday
name of the thing is required of a second search (see `multimodal.recurrent.generation`), and it
copies words of the same kind (see `with_copied_words`). That a detector's words are put into
captions by a constrained search is from Anderson et al. (2017).

Two kinds of evidence are added up: the classifier's log-odds, and what the
name costs the sentence. A photo outside the captioner's world shows by words for things that the
classifier would hardly overlook and does not see: the lion's "dog". They are refuted. The second
search does without them, and the odds are those against the dog, not against everything else.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.captioning.caption import Recognition
from multimodal.captioning.imagenet_names import (
    Forms,
    ImageNetObject,
    imagenet_objects,
    refutable_words,
)

IMAGENET_CLASSES = 1000
# These three were chosen on photos of Flickr8k that are not in its test split.
SURE = 0.7  # a probability from which a thing may be named
REFUTED = 12.0  # a thing so many times as likely as all that a word can mean refutes the word
EVIDENCE = 1.0  # what the sentence's loss must leave of the log-odds of a thing, in nats
# Probabilities, chosen on coco-mini.
SURE_NAME = 0.4  # from which a thing is called by its name
SURE_KIND = 0.5  # from which it is called by its kind
LIKELY_NAME = 0.3  # from which a thing without a kind is called by its name
LISTED = 0.1  # a probability from which a thing is among the objects of a caption
MOST_LISTED = 5

_LEAST = 1e-6  # a classifier may be sure to the last bit


class ClassPrediction(NamedTuple):
    """What the classifier says of a photo.

    Attributes:
        objects: the surest things, surest first.
        word_probabilities: the probability of all things together that a word can mean, for every
            word that it can refute.
        phrase: for what is to be seen, as special as is sure enough, such as "a lion" or "an
            animal", with the probability; None where nothing is.
    """

    objects: tuple[Recognition, ...] = ()
    word_probabilities: Mapping[str, float] = MappingProxyType({})
    phrase: Recognition | None = None

    def refuted_by(self, thing: ImageNetObject) -> frozenset[str]:
        """The words that are not true of a photo of one of the objects."""
        likely = dict(self.objects)[thing.name]
        return frozenset(
            word for word, p in self.word_probabilities.items() if p * REFUTED <= likely
        )

    def odds(self, thing: ImageNetObject, words: Iterable[str]) -> float:
        """How many times as likely one of the objects is as what a sentence says instead.

        That is what a refuted word of it can mean, the likeliest of several; if there is none, it
        is everything else.
        """
        likely = dict(self.objects)[thing.name]
        refuted = self.refuted_by(thing).intersection(words)
        against = max((self.word_probabilities[word] for word in refuted), default=1 - likely)
        return likely / max(against, _LEAST)


def recognize(logits: Tensor) -> list[ClassPrediction]:
    """The classifier's logits (B, classes) → what it says of every photo.

    The probabilities of classes with the same everyday name are summed. Where there are more than
    ImageNet's classes, its are the last.
    """
    probabilities = logits.float().softmax(-1)[:, -IMAGENET_CLASSES:].cpu()
    names, owners = _owners()
    sums = torch.zeros(len(logits), len(names)).index_add_(1, owners, probabilities)
    best = sums.topk(MOST_LISTED)
    words, meanings = _meanings()
    word_probabilities = (sums @ meanings).tolist()
    return [
        ClassPrediction(
            tuple(Recognition(names[n], p) for n, p in zip(*row, strict=True) if p >= LISTED),
            dict(zip(words, of_words, strict=True)),
            _phrase(of_things),
        )
        for *row, of_words, of_things in zip(
            best.indices.tolist(), best.values.tolist(), word_probabilities, sums, strict=True
        )
    ]


def _phrase(probabilities: Tensor) -> Recognition | None:
    """The most special phrase that is sure enough, given the probability of every thing.

    Accuracy is traded for detail as in Deng et al. 2012 (Hedging Your Bets): a thing that is not
    told apart from its like is called by what they all are.
    """
    surest, place = probabilities.max(0)
    thing = Recognition(
        _with_article(imagenet_objects()[_owners()[0][int(place)]].forms), float(surest)
    )
    if thing.probability >= SURE_NAME:
        return thing
    kinds, members = _kinds()
    for kind, probability in zip(kinds, (probabilities @ members).tolist(), strict=True):
        if probability >= SURE_KIND:
            return Recognition(_with_article(kind), probability)
    return thing if thing.probability >= LIKELY_NAME else None


def _with_article(forms: Forms) -> str:
    return f"{article(forms.one)} {forms.one}" if forms.one else forms.name


def unmentioned_object(
    words: Sequence[str], objects: Iterable[Recognition]
) -> ImageNetObject | None:
    """The thing that is surely there and that a sentence has no word for, if there is one."""
    for name, probability in objects:
        thing = imagenet_objects()[name]
        if probability >= SURE and thing.may_be_named and not thing.is_mentioned(words):
            return thing
    return None


def accept_name(odds: float, cost: float) -> bool:
    """Whether a thing is likely enough for what its name does to the sentence.

    Args:
        odds: of the thing against what the sentence says instead, see `ClassPrediction.odds`.
        cost: how much lower the sentence scores with the name, in nats: the captioner sees the
            photo as well, and how much less likely its words become is evidence.
    """
    return math.log(max(odds, _LEAST)) - cost > EVIDENCE


def with_articles(words: Sequence[str], names: Iterable[str]) -> list[str]:
    """The words, with "a" or "an" as the names among them ask for."""
    mended = list(words)
    for place, word in enumerate(words[1:]):
        if word in names and words[place] in ("a", "an"):
            mended[place] = article(word)
    return mended


def article(name: str) -> str:
    """The indefinite article before a name."""
    return "an" if re.match(r"(?!uni|eu|one\b)[aeiou]|hour|heir|honest", name) else "a"


@cache
def _owners() -> tuple[tuple[str, ...], Tensor]:
    """The names of all things, and the place among them of each class (1000,)."""
    owners = torch.empty(IMAGENET_CLASSES, dtype=torch.int64)
    for place, thing in enumerate(imagenet_objects().values()):
        owners[torch.tensor(thing.numbers) - 1] = place
    return tuple(imagenet_objects()), owners


@cache
def _kinds() -> tuple[tuple[Forms, ...], Tensor]:
    """All kinds, those of few things first, and which things are of each: (things, kinds)."""
    counts = Counter(kind for thing in imagenet_objects().values() for kind in thing.kinds)
    kinds = tuple(sorted(counts, key=counts.__getitem__))
    members = [[kind in thing.kinds for kind in kinds] for thing in imagenet_objects().values()]
    return kinds, torch.tensor(members).float()


@cache
def _meanings() -> tuple[tuple[str, ...], Tensor]:
    """The words that can be refuted, and which of all things each can mean: (things, words)."""
    words = refutable_words()
    column = {word: number for number, word in enumerate(words)}
    can_mean = torch.zeros(len(imagenet_objects()), len(words))
    for row, thing in zip(can_mean, imagenet_objects().values(), strict=True):
        row[[column[form] for form in thing.all_forms() & column.keys()]] = 1.0
    return words, can_mean

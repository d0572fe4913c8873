"""How probable every word of the vocabulary is, given a photo.

Two kinds of evidence are combined: the word detector, which learnt from the captions of the
training photos, and the encoder's ImageNet classifier, whose classes are named by words that people
say (see `naming`). The decoder reads the list of words with their probabilities, as it learnt to do
from captions alone; that such a list can carry words of which no captioned photo was ever seen is
from Venugopalan et al. 2017 (Captioning Images with Diverse Objects).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.captioning.hallucination import named_objects
from multimodal.captioning.imagenet_names import (
    Forms,
    ImageNetObject,
    imagenet_objects,
    refutable_words,
)
from multimodal.captioning.in_domain import InDomainScore
from multimodal.captioning.naming import IMAGENET_CLASSES

PLURAL, SYNONYM = 0.4, 0.25  # how much less often a class is called so than by its name
MENTIONED = 0.8  # how often people mention what the classifier is sure of

# Chosen on coco-mini and Flickr8k dev.
REFUTING = 0.15  # below this probability the classifier speaks against an animal or a vehicle
DIMMED = 0.5  # the least that the detector's words count in the list of an out-of-domain photo

# Words that are true of any photo.
_FUNCTION_WORDS = frozenset(
    """
    a an the one two three some several many another other each both all in on at of to for from
    with without by near over under through across into onto up down out off along around behind
    front beside next between against above below toward towards while as after and or that which
    who is are be being has have his her its their he she it they him them 's
    """.split()  # noqa: SIM905 - a text is read more easily than so many strings
)


class WordProbabilities(NamedTuple):
    """What the evidence says of B photos.

    Attributes:
        words: (B, V) the probability of every word.
        people: (B,) that of anybody being there.
        in_domain_score: (B,) how much they are like those that were learnt from, from 0 to 1.
    """

    words: Tensor
    people: Tensor
    in_domain_score: Tensor


class WordEvidence(nn.Module):
    """The words by which ImageNet's classes are called, and how in-domain a photo is.

    Args:
        vocabulary: all words, the special ones too; V of them, beginning with `first` special ones.
        first: the number of the first ordinary word.
        cell_size: D.
        rank: of `InDomainScore`; 0 for a captioner that was not calibrated, to which any photo is
            in-domain.
    """

    classes: Tensor  # (P,) of every pair of a class and a word, the class
    named: Tensor  # (P,) the word
    weights: Tensor  # (P,) how readily the class is called so, from 0 to 1
    refutable: Tensor  # (V,) whether the classifier hardly ever overlooks what a word means
    objects: Tensor  # (V,) whether a word names one of COCO's objects
    people: Tensor  # (V,) whether a word names a person
    content: Tensor  # (V,) whether a word is true of some photos only

    def __init__(self, vocabulary: Sequence[str], first: int, cell_size: int, rank: int) -> None:
        super().__init__()
        self.first = first
        column = {word: number for number, word in enumerate(vocabulary)}
        pairs = _pairs(column)
        classes, named = zip(*pairs, strict=True) if pairs else ((), ())
        high_recall = frozenset(refutable_words())
        named_by_word = [named_objects([word]) for word in column]
        ordinary = [n >= first and word not in _FUNCTION_WORDS for n, word in enumerate(column)]
        buffers = {
            "classes": torch.tensor(classes, dtype=torch.int64),
            "named": torch.tensor(named, dtype=torch.int64),
            "weights": torch.tensor(list(pairs.values())),
            "refutable": torch.tensor([word in high_recall for word in column]),
            "objects": torch.tensor([bool(objects) for objects in named_by_word]),
            "people": torch.tensor([objects == ("person",) for objects in named_by_word]),
            "content": torch.tensor(ordinary),
        }
        for name, values in buffers.items():
            self.register_buffer(name, values, persistent=False)
        self.in_domain_score: InDomainScore | None = None
        if rank:
            self.in_domain_score = InDomainScore(cell_size, rank)

    @property
    def named_objects(self) -> Tensor:
        """Whether a word names one of COCO's objects or of ImageNet's classes: (V,)."""
        named = self.objects.clone()
        named[self.named] = True
        return named & self.content

    def words(self, detected: Tensor, logits: Tensor, share: Tensor | float = 1.0) -> Tensor:
        """The probability of every word (B, V).

        Args:
            detected: (B, W) logits of the word detector for the first W ordinary words.
            logits: (B, C) of the classes, ImageNet's 1,000 being the last.
            share: (B, 1) how much the detector counts.
        """
        called = MENTIONED * self._sums(logits, self.weights).clamp(max=1.0)
        seen = self._seen(detected) * self._allowed(logits)
        return 1 - (1 - share * seen) * (1 - called)

    def combine(self, cells: Tensor, detected: Tensor, logits: Tensor) -> WordProbabilities:
        """Combine the evidence of the word detector and of the classifier.

        Args:
            cells: (B, S, D) of the photos.
            detected: (B, W) logits of the word detector.
            logits: (B, C) of the classes.
        """
        people = 1 - (1 - self._seen(detected) * self.people).prod(1)
        if self.in_domain_score is None:
            words = self.words(detected, logits)
            return WordProbabilities(words, people, words.new_ones(len(words)))
        in_domain = self.in_domain_score(cells)
        share = DIMMED + (1 - DIMMED) * in_domain[:, None]
        return WordProbabilities(self.words(detected, logits, share), people, in_domain)

    def _seen(self, detected: Tensor) -> Tensor:
        behind = len(self.refutable) - self.first - detected.shape[1]
        return F.pad(detected.float().sigmoid(), (self.first, behind))

    def _allowed(self, logits: Tensor) -> Tensor:
        """Near 0 for an animal or vehicle that the classifier does not see, else up to 1."""
        meant = self._sums(logits, torch.ones_like(self.weights))
        return torch.where(self.refutable, (meant / REFUTING).clamp(1e-3, 1.0), 1.0)

    def _sums(self, logits: Tensor, weights: Tensor) -> Tensor:
        """Weighted sums of the classes' probabilities for each word: (B, V)."""
        probabilities = logits.float().softmax(-1)[:, -IMAGENET_CLASSES:]
        shares = probabilities[:, self.classes] * weights.float()  # (B, P)
        # An export would take `len` of a tensor for a constant.
        sums = shares.new_zeros(shares.shape[0], len(self.refutable))
        return sums.scatter_add(1, self.named.expand_as(shares), shares)


def number_forms(word: str) -> tuple[str, ...]:
    """A word, and what would be several or one of it, by English's regular endings."""
    one = [word[: -len(ending)] for ending in ("es", "s") if word.endswith(ending)]
    several = [f"{word}s", f"{word}es"]
    y = [f"{word[:-3]}y"] if word.endswith("ies") else [f"{word.removesuffix('y')}ies"]
    return (word, *one, *several, *y)


def _pairs(column: dict[str, int]) -> dict[tuple[int, int], float]:
    """How readily each class is called by each word of the vocabulary."""
    pairs: dict[tuple[int, int], float] = {}
    for thing in imagenet_objects().values():
        for word, weight in _words(thing):
            if word in column:
                for number in thing.numbers:
                    pair = (number - 1, column[word])
                    pairs[pair] = max(weight, pairs.get(pair, 0.0))
    return pairs


def _words(thing: ImageNetObject) -> Iterator[tuple[str, float]]:
    yield from _forms(thing.forms, 1.0)
    for other in thing.others:
        yield from _forms(other, SYNONYM)


def _forms(forms: Forms, weight: float) -> Iterator[tuple[str, float]]:
    for name, share in ((forms.one, 1.0), (forms.several, PLURAL)):
        for word in (name or "").split():
            yield word, weight * share

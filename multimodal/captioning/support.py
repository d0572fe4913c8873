"""What is believed to be in a photo: a probability for every word of the vocabulary.

Two witnesses are heard: the word detector, which learnt from the captions of the training photos,
and the encoder's ImageNet classifier, whose classes are named by words that people say (see
`naming`). The decoder reads the list of words with their probabilities, as it learnt to do from
captions alone; that such a list can carry words of which no captioned photo was ever seen is from
Venugopalan et al. 2017 (Captioning Images with Diverse Objects).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from multimodal.captioning.hallucination import named_objects
from multimodal.captioning.imagenet_names import GROUPS
from multimodal.captioning.naming import IMAGENET_CLASSES, Forms, Thing, things

PLURAL, SYNONYM = 0.4, 0.25  # how much less often a class is called so than by its name
LEAST = 1e-5  # of any probability
MOST = 6.0  # nats that evidence can speak for or against a word
MENTIONED = 0.8  # how often people mention what the classifier is sure of
REFUTING = 0.05  # below this probability the classifier speaks against an animal or a vehicle


class Witnesses(NamedTuple):
    """What is said of every word of the vocabulary; every tensor (B, V), from 0 to 1.

    Attributes:
        seen: by the word detector, the probability of the word; 0 for words it does not know.
        allowed: by the classifier, 0 for an animal or a vehicle that it would hardly overlook and
            does not see, else 1.
        named: by the classifier, the probability that what it sees is mentioned by this word.
    """

    seen: Tensor
    allowed: Tensor
    named: Tensor

    def together(self, share: Tensor | float = 1.0) -> Tensor:
        """The probability of every word, where the detector counts for a share (B, 1)."""
        return 1 - (1 - share * self.seen * self.allowed) * (1 - self.named)

    def against_usual(self, usual: Tensor, trust: Tensor) -> Tensor:
        """How much more probable every word is than usual, in nats: (B, V).

        Args:
            usual: (B, V) or (V,) the share of captions with each word.
            trust: (B, 1) how much the detector is believed; the less, the nearer to the usual.
        """
        detected = self.seen.amax(0) > 0
        usual = usual.clamp(min=LEAST).log()
        seen = trust * self.seen.clamp(min=LEAST).log() + (1 - trust) * usual
        shown = torch.where(detected, seen.exp() * self.allowed, 0.0)
        both = 1 - (1 - shown) * (1 - self.named)
        return (both.clamp(min=LEAST).log() - usual).clamp(-MOST, MOST)


class ClassWords(nn.Module):
    """The words by which ImageNet's classes are called, as columns of a vocabulary of V words.

    Nothing of it is learnt or saved: it is made anew from the vocabulary.

    Args:
        vocabulary: all words, the special ones too.
    """

    classes: Tensor  # (P,) of every pair of a class and a word, the class
    words: Tensor  # (P,) the word
    weights: Tensor  # (P,) how readily the class is called so, from 0 to 1
    objects: Tensor  # (V,) whether a word names one of COCO's objects
    refutable: Tensor  # (V,) whether the classifier hardly ever overlooks what a word means

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__()
        column = {word: number for number, word in enumerate(vocabulary)}
        pairs: dict[tuple[int, int], float] = {}
        for thing in things().values():
            for word, weight in _words(thing):
                if word in column:
                    for number in thing.numbers:
                        pair = (number - 1, column[word])
                        pairs[pair] = max(weight, pairs.get(pair, 0.0))
        classes, words = zip(*pairs, strict=True) if pairs else ((), ())
        refutable = torch.zeros(len(column), dtype=torch.bool)
        refutable[[column[word] for word in _seldom_missed() if word in column]] = True
        buffers = {
            "classes": torch.tensor(classes, dtype=torch.int64),
            "words": torch.tensor(words, dtype=torch.int64),
            "weights": torch.tensor(list(pairs.values())),
            "refutable": refutable,
            "objects": torch.tensor([bool(named_objects([word])) for word in column]),
        }
        for name, values in buffers.items():
            self.register_buffer(name, values, persistent=False)

    @property
    def named(self) -> Tensor:
        """Whether there is a class for a word: (V,)."""
        named = torch.zeros_like(self.refutable)
        named[self.words] = True
        return named

    def meant(self, logits: Tensor) -> Tensor:
        """The probability of all classes together that a word can mean: (B, C) → (B, V)."""
        return self._sums(logits, torch.ones_like(self.weights))

    def called(self, logits: Tensor) -> Tensor:
        """How likely the classifier's answer is called by each word: (B, C) → (B, V)."""
        return self._sums(logits, self.weights).clamp(max=1.0)

    def _sums(self, logits: Tensor, weights: Tensor) -> Tensor:
        """Logits of the classes, ImageNet's being the last 1,000, → weighted sums for each word."""
        probabilities = logits.float().softmax(-1)[:, -IMAGENET_CLASSES:]
        sums = probabilities.new_zeros(len(logits), len(self.refutable))
        return sums.index_add_(1, self.words, probabilities[:, self.classes] * weights.float())

    def witnesses(self, detected: Tensor, logits: Tensor, first: int) -> Witnesses:
        """What detector and classifier say of every word of the vocabulary.

        Args:
            detected: (B, W) logits of the word detector for the words from number `first` on.
            logits: (B, C) of the classes.
            first: the number of the first word that the detector knows.
        """
        named = MENTIONED * self.called(logits)
        seen = torch.zeros_like(named)
        seen[:, first : first + detected.shape[1]] = detected.float().sigmoid()
        doubted = (self.meant(logits) / REFUTING).clamp(max=1.0)
        return Witnesses(seen, torch.where(self.refutable, doubted, 1.0), named)


def _words(thing: Thing) -> Iterator[tuple[str, float]]:
    yield from _forms(thing.forms, 1.0)
    for other in thing.others:
        yield from _forms(other, SYNONYM)


def _forms(forms: Forms, weight: float) -> Iterator[tuple[str, float]]:
    for name, share in ((forms.one, 1.0), (forms.several, PLURAL)):
        for word in (name or "").split():
            yield word, weight * share


def _seldom_missed() -> set[str]:
    groups = [group for group in GROUPS if group.seldom_missed]
    common = ", ".join(f"{group.donors}, {group.general}" for group in groups)
    return {word for text in common.split(", ") for word in Forms.parse(text).said()}

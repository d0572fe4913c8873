"""How probable every word of the vocabulary is, given a photo.

Two kinds of evidence are combined: the word detector, which learnt from the captions of the
training photos, and the encoder's ImageNet classifier, whose classes are named by words that people
say (see `naming`). The decoder reads the list of words with their probabilities, as it learnt to do
from captions alone; that such a list can carry words of which no captioned photo was ever seen is
from Venugopalan et al. 2017 (Captioning Images with Diverse Objects). The search adds to the logit
of every word how much more probable the evidence makes it than it usually is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from multimodal.captioning.familiarity import Familiarity
from multimodal.captioning.hallucination import named_objects
from multimodal.captioning.imagenet_names import Forms, Thing, refutable_words, things
from multimodal.captioning.naming import IMAGENET_CLASSES

PLURAL, SYNONYM = 0.4, 0.25  # how much less often a class is called so than by its name
MENTIONED = 0.8  # how often people mention what the classifier is sure of
LEAST = 3e-5  # of any share of captions

# Chosen on coco-mini and Flickr8k dev. Nats are natural logarithms of odds.
REFUTING = 0.15  # below this probability the classifier speaks against an animal or a vehicle
DIMMED = 0.5  # the least that the detector's words count in the list
SHOWN = 0.3  # how much of the cells an unfamiliar photo shows the decoder
SUPPORTED = 0.2  # a probability from which a word is supported
NAMED = 0.1  # a probability from which the name of a class is spoken for
HOME, ABROAD = 0.0, 1.2  # weights of what is detected: in a familiar photo, and in a strange one
NAMED_HOME = 0.0  # the weight of what the classifier says in a familiar photo
UNSUPPORTED = 3.0  # nats that a word without support loses there
UNSEEN = -2.0  # nats for the name of an object that the classifier knows and does not see
PEOPLE = 0.55  # the probability of anybody from which people are spoken of there
PEOPLE_STEEPNESS = 100.0  # nats that they lose for each unit below it, up to `MOST_AGAINST`
MOST_FOR, MOST_AGAINST = 7.0, 5.0  # nats

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
        familiarity: (B,) how much they are like those that were learnt from, from 0 to 1.
        logit_bias: (B, V) what the logit of every word gains, in nats.
    """

    words: Tensor
    familiarity: Tensor
    logit_bias: Tensor

    @property
    def visible(self) -> Tensor:
        """How much of the cells (B,) the decoder is shown."""
        return SHOWN + (1 - SHOWN) * self.familiarity


class WordEvidence(nn.Module):
    """The words by which ImageNet's classes are called, and how usual every word is.

    Args:
        vocabulary: all words, the special ones too; V of them, beginning with `first` special ones.
        first: the number of the first ordinary word.
        cell_size: D.
        rank: of `Familiarity`; 0 for a captioner that was not calibrated: any photo is familiar,
            and there is no evidence.
    """

    classes: Tensor  # (P,) of every pair of a class and a word, the class
    named: Tensor  # (P,) the word
    weights: Tensor  # (P,) how readily the class is called so, from 0 to 1
    refutable: Tensor  # (V,) whether the classifier hardly ever overlooks what a word means
    objects: Tensor  # (V,) whether a word names one of COCO's objects
    people: Tensor  # (V,) whether a word names a person
    content: Tensor  # (V,) whether a word is true of some photos only
    usual: Tensor  # (2, V) the share of captions with each word: at home, and in the wide world

    def __init__(self, vocabulary: Sequence[str], first: int, cell_size: int, rank: int) -> None:
        super().__init__()
        self.first = first
        column = {word: number for number, word in enumerate(vocabulary)}
        pairs = _pairs(column)
        classes, named = zip(*pairs, strict=True) if pairs else ((), ())
        seldom_missed = frozenset(refutable_words())
        said = [named_objects([word]) for word in column]
        ordinary = [n >= first and word not in _FUNCTION_WORDS for n, word in enumerate(column)]
        buffers = {
            "classes": torch.tensor(classes, dtype=torch.int64),
            "named": torch.tensor(named, dtype=torch.int64),
            "weights": torch.tensor(list(pairs.values())),
            "refutable": torch.tensor([word in seldom_missed for word in column]),
            "objects": torch.tensor([bool(objects) for objects in said]),
            "people": torch.tensor([objects == ("person",) for objects in said]),
            "content": torch.tensor(ordinary),
        }
        for name, values in buffers.items():
            self.register_buffer(name, values, persistent=False)
        self.familiarity: Familiarity | None = None
        if rank:
            self.familiarity = Familiarity(cell_size, rank)
            self.register_buffer("usual", torch.ones(2, len(column)))

    @property
    def nameable(self) -> Tensor:
        """Whether there is a class for a word: (V,)."""
        nameable = torch.zeros_like(self.refutable)
        nameable[self.named] = True
        return nameable

    def support(
        self, words: Sequence[Sequence[int]], probabilities: Tensor
    ) -> tuple[tuple[float, ...], list[float]]:
        """How probable it is that every word of a sentence belongs to the photo.

        Args:
            words: for every word the numbers of its forms, such as those of "dog" and "dogs".
            probabilities: (V,) of every word of the vocabulary.

        Returns:
            The support of every word, 1 for words that are true of any photo; and of those words
            alone that name an object.
        """
        named, support, objects = self.objects | self.nameable, [], []
        for forms in words:
            content = [number for number in forms if self.content[number]]
            support.append(float(probabilities[content].max()) if content else 1.0)
            if any(named[number] for number in content):
                objects.append(support[-1])
        return tuple(support), objects

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

    def combine(
        self, cells: Tensor, detected: Tensor, logits: Tensor, weight: float
    ) -> WordProbabilities:
        """Combine the evidence of the word detector and of the classifier.

        Args:
            cells: (B, S, D) of the photos.
            detected: (B, W) logits of the word detector.
            logits: (B, C) of the classes.
            weight: of the evidence.
        """
        if self.familiarity is None:
            words = self.words(detected, logits)
            return WordProbabilities(words, words.new_ones(len(words)), torch.zeros_like(words))
        familiar = self.familiarity(cells)[:, None]
        words = self.words(detected, logits, DIMMED + (1 - DIMMED) * familiar)
        logit_bias = weight * self._evidence(detected, logits, familiar)
        logit_bias[:, : self.first] = 0.0
        return WordProbabilities(words, familiar[:, 0], logit_bias)

    def _evidence(self, detected: Tensor, logits: Tensor, familiar: Tensor) -> Tensor:
        home, world = self.usual.float().clamp(min=LEAST)
        usual = home.log() * familiar + ((home + world) / 2).log() * (1 - familiar)
        seen = self._seen(detected) * self._allowed(logits)
        meant = self._sums(logits, torch.ones_like(self.weights))
        looked_for = self._looked_for(detected)
        of_detector = (seen.clamp(min=1e-5).log() - usual).clamp(-MOST_AGAINST, 3.0)
        of_detector = torch.where(looked_for, of_detector, 0.0)
        # What the classifier sees needs no support of the detector.
        of_detector = torch.where(meant > 0.3, of_detector.clamp(min=0.0), of_detector)
        strange = 1 - familiar
        unsupported = self.content & (seen < SUPPORTED) & (meant < NAMED)
        of_detector = of_detector - UNSUPPORTED * strange * unsupported
        of_detector = of_detector - strange * self._nobody(seen)
        of_classifier = self._of_classifier(logits, meant, looked_for, usual)
        return (HOME * familiar + ABROAD * strange) * of_detector + (
            NAMED_HOME * familiar + strange
        ) * of_classifier

    def _of_classifier(
        self, logits: Tensor, meant: Tensor, looked_for: Tensor, usual: Tensor
    ) -> Tensor:
        """What speaks for the names of the classes that are seen, and against those that are not.

        Synonyms and more general words are not spoken for: a sentence needs one name.
        """
        one = self._sums(logits, (self.weights == 1.0).float())
        several = self._sums(logits, (self.weights == PLURAL).float())
        for_one = ((MENTIONED * one).clamp(min=1e-5).log() - usual) * (one > NAMED)
        for_several = ((0.3 * several).clamp(min=1e-5).log() - usual - 1) * (several > NAMED)
        named = torch.maximum(for_one, for_several).clamp(0.0, MOST_FOR)
        refuted = self._allowed(logits).log().clamp(min=-4.0)
        unseen = ~looked_for & (meant < 0.05) & (self.objects | self.nameable)
        return named + refuted + UNSEEN * unseen

    def _nobody(self, seen: Tensor) -> Tensor:
        """What words for people lose where nobody is seen: (B, V) nats."""
        anybody = 1 - (1 - seen * self.people).prod(1, keepdim=True)
        against = ((PEOPLE - anybody) * PEOPLE_STEEPNESS).clamp(0.0, MOST_AGAINST)
        return against * self.people

    def _seen(self, detected: Tensor) -> Tensor:
        seen = detected.new_zeros(len(detected), len(self.refutable), dtype=torch.float32)
        seen[:, self.first : self.first + detected.shape[1]] = detected.float().sigmoid()
        return seen

    def _looked_for(self, detected: Tensor) -> Tensor:
        looked_for = torch.zeros_like(self.refutable)
        looked_for[self.first : self.first + detected.shape[1]] = True
        return looked_for

    def _allowed(self, logits: Tensor) -> Tensor:
        """Near 0 for an animal or vehicle that the classifier does not see, else up to 1."""
        meant = self._sums(logits, torch.ones_like(self.weights))
        return torch.where(self.refutable, (meant / REFUTING).clamp(1e-3, 1.0), 1.0)

    def _sums(self, logits: Tensor, weights: Tensor) -> Tensor:
        """Weighted sums of the classes' probabilities for each word: (B, V)."""
        probabilities = logits.float().softmax(-1)[:, -IMAGENET_CLASSES:]
        sums = probabilities.new_zeros(len(logits), len(self.refutable))
        return sums.index_add_(1, self.named, probabilities[:, self.classes] * weights.float())


def number_forms(word: str) -> tuple[str, ...]:
    """A word, and what would be several or one of it, by English's regular endings."""
    one = [word[: -len(ending)] for ending in ("es", "s") if word.endswith(ending)]
    several = [f"{word}s", f"{word}es"]
    y = [f"{word[:-3]}y"] if word.endswith("ies") else [f"{word.removesuffix('y')}ies"]
    return (word, *one, *several, *y)


def _pairs(column: dict[str, int]) -> dict[tuple[int, int], float]:
    """How readily each class is called by each word of the vocabulary."""
    pairs: dict[tuple[int, int], float] = {}
    for thing in things().values():
        for word, weight in _words(thing):
            if word in column:
                for number in thing.numbers:
                    pair = (number - 1, column[word])
                    pairs[pair] = max(weight, pairs.get(pair, 0.0))
    return pairs


def _words(thing: Thing) -> Iterator[tuple[str, float]]:
    yield from _forms(thing.forms, 1.0)
    for other in thing.others:
        yield from _forms(other, SYNONYM)


def _forms(forms: Forms, weight: float) -> Iterator[tuple[str, float]]:
    for name, share in ((forms.one, 1.0), (forms.several, PLURAL)):
        for word in (name or "").split():
            yield word, weight * share

"""Grounding: a caption names what is seen in its photo, and little else.

A decoder that learnt from a few thousand photos ends a sentence as those captions usually end,
whatever it sees. A caption is not grounded where it names an object that detector and classifier
hardly believe in, or passes over what the classifier is sure of; more is asked of photos that are
unlike those that were learnt from. Then

1. further sentences are searched for, from a sharpened list of words; words that nothing supports
   cost extra. The first of them that is grounded and makes sense is the caption.
2. Where there is none, the caption is the classifier's phrase for what it sees, as special as is
   sure enough: "a cheetah", "an animal" (see `naming`); or "a person", if that is surer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.captioning.batches import padded_rows
from multimodal.captioning.imagenet_names import imagenet_objects
from multimodal.captioning.model import CaptionNetwork, Decoder, DecoderMemory
from multimodal.captioning.naming import ClassPrediction
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.captioning.word_evidence import number_forms
from multimodal.recurrent.generation import GenerationOptions, Hypothesis, generate
from multimodal.vocabulary import END, START

# Chosen on coco-mini and Flickr8k dev.
# The least support of an object and of a person, and the probability from which the surest thing
# must not be passed over: of in-domain photos, and of those far outside the training data.
IN_DOMAIN_LIMITS = (0.045, 0.045, 0.8)
OUT_OF_DOMAIN_LIMITS = (0.2, 0.55, 0.5)
SUPPORTED = 0.2  # the least support with which an object may be written for nothing
LISTED, CERTAIN, DOUBTFUL = 0.3, 0.85, 0.3  # from LISTED on a word is CERTAIN, below DOUBTFUL times
UNSUPPORTED_OBJECT, UNSUPPORTED_WORD = 6.0, 2.0  # what words without support cost, in nats
BELIEVED = 0.1  # the least support of a word that names no object
# Of the words of a sentence that makes sense, in nats.
MIN_WORD_LOG_PROB, MIN_MEAN_LOG_PROB = -5.0, -2.0
SOMEBODY = "a person"  # a photo in which nothing else is sure
NOTHING = "something unfamiliar"  # an out-of-domain photo in which nothing is seen
CANDIDATES = 6  # sentences that are searched for


class PhotoEvidence(NamedTuple):
    """What is known of one photo before its sentence is chosen.

    Attributes:
        words: (V,) the probability of every word of the vocabulary, on the processor.
        people: that of anybody being there.
        in_domain_score: how much it is like the photos that were learnt from, from 0 to 1.
        prediction: what the classifier says.
    """

    words: Tensor
    people: float
    in_domain_score: float
    prediction: ClassPrediction


class VocabularyEntry(NamedTuple):
    """What the evidence knows of a word.

    Attributes:
        forms: the numbers of its forms for one and for several; none for a word that is true of any
            photo.
        is_object: whether it names an object.
        is_person: whether it names a person.
    """

    forms: tuple[int, ...]
    is_object: bool
    is_person: bool


class Support(NamedTuple):
    """How probable it is that the words of a sentence belong to the photo.

    Attributes:
        words: of every word, from 0 to 1; 1 for words that are true of any photo.
        objects: of those alone that name an object.
        people: of those of them that name people.
    """

    words: tuple[float, ...]
    objects: tuple[float, ...]
    people: tuple[float, ...]


class Grounding:
    """Tells grounded sentences from others, and searches for them.

    Args:
        network: with a list of words.
        vocabulary: the words behind its ids.
    """

    def __init__(self, network: CaptionNetwork, vocabulary: CaptionVocabulary) -> None:
        if network.word_evidence is None:
            raise AssertionError("grounding needs a list of words")
        self.network = network
        self.vocabulary = vocabulary
        self.evidence = network.word_evidence
        self._entries: dict[str, VocabularyEntry] = {}

    @torch.inference_mode()
    def photos(self, cells: Tensor, predictions: Sequence[ClassPrediction]) -> list[PhotoEvidence]:
        """Collect the evidence of photos: cells (B, S, D), and what the classifier says of each."""
        probabilities = self.network.word_probabilities(cells)
        if probabilities is None:
            raise AssertionError("there are no probabilities without a detector")
        of_photos = (probabilities.people.tolist(), probabilities.in_domain_score.tolist())
        each = zip(probabilities.words.cpu(), *of_photos, predictions, strict=True)
        return [PhotoEvidence(*photo) for photo in each]

    def support(self, words: Sequence[str], photo: PhotoEvidence) -> Support:
        """How much the evidence supports every word of a sentence.

        A word has the support of the likeliest of its forms, such as "dog" and "dogs"; the first
        word for people that of anybody. The classifier's phrase has the classifier's.
        """
        phrase = photo.prediction.phrase
        if phrase is not None and " ".join(words) == phrase.name:
            named = (phrase.probability,)
            return Support((1.0,) * (len(words) - 1) + named, named, ())
        probabilities = photo.words.numpy()
        all_words: list[float] = []
        objects: list[float] = []
        people: list[float] = []
        for word in map(self._entry, words):
            support = max((float(probabilities[form]) for form in word.forms), default=1.0)
            if word.is_person:
                # That somebody is there supports one of the words for people, not "and a woman".
                support = support if people else max(support, photo.people)
                people.append(support)
            if word.is_object:
                objects.append(support)
            all_words.append(support)
        return Support(tuple(all_words), tuple(objects), tuple(people))

    def is_object(self, word: str) -> bool:
        """Whether a word names an object that the evidence knows."""
        return self._entry(word).is_object

    def _entry(self, word: str) -> VocabularyEntry:
        """What the evidence knows of a word, found once."""
        if word not in self._entries:
            evidence = self.evidence
            forms = [n for n in self.vocabulary.encode(number_forms(word)) if evidence.content[n]]
            self._entries[word] = VocabularyEntry(
                tuple(forms),
                bool(evidence.named_objects[forms].any()),
                bool(evidence.people[forms].any()),
            )
        return self._entries[word]

    def is_grounded(self, words: Sequence[str], photo: PhotoEvidence) -> bool:
        """Whether a sentence names nothing unlikely, and what is sure.

        More is asked of a sentence about an out-of-domain photo.
        """
        least, least_person, sure = _limits(photo.in_domain_score)
        for name, probability in photo.prediction.objects[:1]:
            thing = imagenet_objects()[name]
            if probability >= sure and thing.may_be_named and not thing.is_mentioned(words):
                return False
        support = self.support(words, photo)
        return (
            min(support.objects, default=1.0) >= least
            and min(support.people, default=1.0) >= least_person
        )

    @torch.inference_mode()
    def search(
        self, photos: Sequence[PhotoEvidence], cells: Tensor, options: GenerationOptions
    ) -> Iterator[list[Sequence[int]]]:
        """Search for grounded sentences that make sense, as ids, best first, about every photo.

        Args:
            photos: what is known of them.
            cells: (B, S, D) of them.
            options: how to search; the beam has at least `CANDIDATES`.
        """
        decoder = self.network.decoder
        words = torch.stack([photo.words for photo in photos]).to(cells.device)
        sharpened = torch.where(words >= LISTED, CERTAIN, DOUBTFUL * words)
        memory = decoder.encode(cells, self.network.listed(sharpened))
        width = max(CANDIDATES, options.beam_size)
        found = generate(
            decoder.step,
            decoder.start(memory),
            decoder.with_logit_bias(memory, self._bias(words, photos)),
            [[START]] * len(photos),
            end=END,
            options=replace(options, beam_size=width, n_best=width, keep_attention=False),
        )
        for row, (photo, hypotheses) in enumerate(zip(photos, found, strict=True)):
            decoded = [
                (h.tokens, self.vocabulary.decode(h.tokens)) for h in hypotheses if h.finished
            ]
            grounded = [tokens for tokens, words in decoded if self.is_grounded(words, photo)]
            rated = scored(decoder, memory.row(row), grounded, options) if grounded else []
            yield [sentence.tokens for sentence in rated if _makes_sense(sentence)]

    def phrases(self, photo: PhotoEvidence) -> list[list[str]]:
        """What is said of a photo for which there is no grounded sentence: one phrase or none."""
        phrase, anybody = photo.prediction.phrase, photo.people >= OUT_OF_DOMAIN_LIMITS[1]
        if phrase is not None and not (anybody and photo.people > phrase.probability):
            return [phrase.name.split()]
        if photo.in_domain_score >= 0.5 and phrase is None:
            return []
        return [(SOMEBODY if anybody else NOTHING).split()]

    def _bias(self, words: Tensor, photos: Sequence[PhotoEvidence]) -> Tensor:
        """What the logits (B, V) of words gain, in nats: those that nothing supports lose."""
        anybody = (
            words.new_tensor([photo.people >= OUT_OF_DOMAIN_LIMITS[1] for photo in photos]) > 0
        )
        content, objects = self.evidence.content, self.evidence.named_objects
        supported = (words >= SUPPORTED) | (anybody[:, None] & self.evidence.people)
        unlikely_words = content & ~objects & (words < BELIEVED)
        return -UNSUPPORTED_OBJECT * (objects & ~supported) - UNSUPPORTED_WORD * unlikely_words


def _limits(in_domain_score: float) -> tuple[float, ...]:
    """What lies between the limits of out-of-domain and of in-domain photos."""
    share = in_domain_score**2
    both = zip(IN_DOMAIN_LIMITS, OUT_OF_DOMAIN_LIMITS, strict=True)
    return tuple(share * near + (1 - share) * far for near, far in both)


def scored(
    decoder: Decoder,
    memory: DecoderMemory,
    sentences: Sequence[Sequence[int]],
    options: GenerationOptions,
) -> list[Hypothesis]:
    """Score given sentences as a search would, but for what repetition costs.

    Args:
        decoder: whose words they are.
        memory: of the one photo that they are about.
        sentences: as ids, without START and END; at least one.
        options: `length_penalty` and `keep_attention` count.
    """
    rows = padded_rows([[START, *sentence, END] for sentence in sentences])
    log_probs, attention = decoder.score(memory, rows[None].to(memory.image.device))
    return [
        _hypothesis(sentence, of_sentence, None if attention is None else attention[0, n], options)
        for n, (sentence, of_sentence) in enumerate(
            zip(sentences, log_probs[0].tolist(), strict=True)
        )
    ]


def _hypothesis(
    tokens: Sequence[int],
    log_probs: Sequence[float],
    attention: Tensor | None,
    options: GenerationOptions,
) -> Hypothesis:
    length = len(tokens)
    kept = attention is not None and options.keep_attention
    return Hypothesis(
        tokens=tuple(tokens),
        log_probs=tuple(log_probs[:length]),
        end_log_prob=log_probs[length],
        score=sum(log_probs[: length + 1]) / (length + 1) ** options.length_penalty,
        finished=True,
        attention=attention[:length].float().cpu() if attention is not None and kept else None,
    )


def _makes_sense(sentence: Hypothesis) -> bool:
    """Whether no word of a sentence is unlikely behind those before it."""
    words = (*sentence.log_probs, sentence.end_log_prob or 0.0)
    return min(words) > MIN_WORD_LOG_PROB and sum(words) / len(words) > MIN_MEAN_LOG_PROB

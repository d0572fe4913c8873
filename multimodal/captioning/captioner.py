"""The one class that people use: load a captioner, then call it.

captioner = Captioner.from_pretrained()  # the shipped model; or a folder, or a Hub id
captioner.caption("beach.jpg")                       # Caption(text="two dogs run on the beach", …)
captioner.caption(["a.jpg", "b.png"], beam_size=5)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import chain
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from multimodal.captioning.base import CaptionerBase
from multimodal.captioning.caption import Caption
from multimodal.captioning.confidence import Confidence, Figures, caption_figures
from multimodal.captioning.constraints import (
    CopyVocabulary,
    LexicalConstraint,
    constraint_to_mention,
    constraint_to_name,
    with_copied_words,
)
from multimodal.captioning.grounding import NOTHING, Grounding, PhotoEvidence, scored
from multimodal.captioning.imagenet_names import ImageNetObject, mentions
from multimodal.captioning.model import CaptionNetwork, DecoderConfig, DecoderMemory
from multimodal.captioning.naming import (
    ClassPrediction,
    accept_name,
    recognize,
    unmentioned_object,
    with_articles,
)
from multimodal.captioning.vocabulary import CaptionVocabulary, RepetitionCosts, shown
from multimodal.checkpoints import JSON
from multimodal.encoders import (
    TENSORFLOW_CLASSES,
    TORCHVISION_CLASSES,
    Encoder,
    EncoderConfig,
    encode_views,
)
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import parallel_map, split_batch
from multimodal.recurrent.generation import (
    MOST_REQUIREMENTS,
    GenerationOptions,
    Hypothesis,
    generate,
)
from multimodal.settings import require_names
from multimodal.vocabulary import END, PADDING, SPECIAL, START, UNKNOWN

# What a captioner without `RepetitionCosts` may say more than once: those up to version 0.1.
_REPEATABLE = """
    a an the one two three four five several some many another other each both all
    in on at of to for from with without by near over under through across into onto up down out
    off along around behind front beside next between against above below toward towards
    while as after and or that which who is are be being has have his her its their he she it they
    him them 's black white red blue green yellow orange brown grey gray pink purple tan dark light
    colorful small large big little young old older tall long
"""
REPEATABLE = frozenset(_REPEATABLE.split())

_NAMED_CLASSES = (TORCHVISION_CLASSES, TENSORFLOW_CLASSES)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class CaptionOptions(GenerationOptions):
    """How to caption: how to search, and what to speak of.

    Attributes:
        naming: Name what the encoder's classifier is sure of and the sentence has no word for. A
            captioner with a list of words takes back as well what nothing in the photo supports,
            see `grounding`. Sentences that are drawn by `sample` stay as they are.
        must_mention: Sets of words or phrases; a sentence has one of each.
        detected_weight: What the word detector counts beside the decoder; see
            `Decoder.with_detector_bias`. More makes the single words surer and the sentences more
            alike. Scores are those of both.
        repetition_weight: What it counts that people seldom repeat a word; 0 lets everything recur.
            Scores are lower by it.
    """

    detected_weight: float = 0.0
    repetition_weight: float = 1.0
    naming: bool = True
    must_mention: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for alternatives in self.must_mention:
            listed = isinstance(alternatives, Sequence) and not isinstance(alternatives, str)
            if not listed or not all(isinstance(word, str) for word in alternatives):
                raise UserError(f"must_mention takes lists of words, not {alternatives!r}")
        for name in ("detected_weight", "repetition_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UserError(f"{name} must be at least 0, not {getattr(self, name)!r}")


class _Naming(NamedTuple):
    """What is to be named in the caption of a photo.

    Attributes:
        thing: what it is.
        constraint: what the sentence has to mention.
        odds: of the thing against what the sentence says instead.
    """

    thing: ImageNetObject
    constraint: LexicalConstraint
    odds: float


class Captioner(CaptionerBase[CaptionOptions], PretrainedModel):
    """A photo becomes a sentence.

    Args:
        network: what was learnt; it is put into evaluation mode.
        vocabulary: the words behind the network's ids.
        options: how sentences are searched for, unless a call says otherwise.
        repetition: what it costs to say a word again; None for the rule of version 0.1, under which
            a word that names a thing or an action stands once.
        confidence: how probable it is that the objects of a caption are there; None before
            calibration.
    """

    TASK = "captioner"
    network: CaptionNetwork

    def __init__(
        self,
        network: CaptionNetwork,
        vocabulary: CaptionVocabulary,
        options: CaptionOptions,
        repetition: RepetitionCosts | None = None,
        confidence: Confidence | None = None,
    ) -> None:
        self.network = network.eval()
        self.vocabulary = vocabulary
        self.options = options
        self.repetition = repetition
        self.confidence = confidence
        self.grounding: Grounding | None = None
        if network.word_evidence is not None:
            self.grounding = Grounding(network, vocabulary)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a captioner with random weights from the contents of a `config.json`."""
        vocabulary = CaptionVocabulary(
            config["vocabulary"], config.get("tokenizer", "coco-caption")
        )
        costs = config.get("repetition")
        repetition = None if costs is None else RepetitionCosts(**costs)
        encoder = _from_json(EncoderConfig, config["encoder"])
        decoder = _from_json(DecoderConfig, config["decoder"])
        options = _from_json(CaptionOptions, config["generation"])
        network = CaptionNetwork(Encoder(encoder), decoder, vocabulary.words)
        weights = config.get("confidence") or ()
        # Captioners before version 0.1.0 was out had four weights, of another regression.
        confidence = Confidence(*weights) if len(weights) == len(fields(Confidence)) else None
        return cls(network, vocabulary, options, repetition, confidence)

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        costs = None if self.repetition is None else self.repetition.to_json(self.vocabulary.words)
        return {
            "encoder": asdict(self.network.encoder.config),
            "decoder": asdict(self.network.decoder.config),
            "generation": asdict(self.options),
            "vocabulary": self.vocabulary.words[len(SPECIAL) :],
            "tokenizer": self.vocabulary.tokenizer,
            "repetition": costs,
            "confidence": None if self.confidence is None else self.confidence.to_json(),
        }

    @property
    def size(self) -> int:
        """See `CaptionerBase`."""
        return self.network.encoder.config.size

    @property
    def crop(self) -> bool:
        """See `CaptionerBase`."""
        return self.network.encoder.config.fit == "crop"

    def encode_images(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Encode upright RGB pictures of any size: (B, S, D), of which to generate often."""
        return encode_views(
            self.network.encoder, [self.preprocess(picture) for picture in pictures]
        )

    @torch.inference_mode()
    def generate(
        self, cells: Tensor, options: CaptionOptions, constraints: Sequence[LexicalConstraint] = ()
    ) -> list[list[Hypothesis]]:
        """Search for the n best sentences of every picture, as ids.

        Args:
            cells: (B, S, D) of the pictures.
            options: how to search.
            constraints: what the sentences about each picture have to mention; none for nothing.
        """
        # Drawing takes numbers from one stream: that stays in order.
        parts = [slice(len(cells))] if options.sample else split_batch(len(cells))
        found = parallel_map(
            lambda rows: self._generate(cells[rows], options, constraints[rows]), parts
        )
        return list(chain.from_iterable(found))

    def decoder_memory(self, cells: Tensor, options: CaptionOptions) -> DecoderMemory:
        """Compute what the decoder attends to: cells (B, S, D) → DecoderMemory."""
        return self.network.encode(cells, options.detected_weight)

    def _generate(
        self, cells: Tensor, options: CaptionOptions, constraints: Sequence[LexicalConstraint]
    ) -> list[list[Hypothesis]]:
        decoder = self.network.decoder
        memory = self.decoder_memory(cells, options)
        start = decoder.start(memory)
        prompts = [[START]] * len(cells)
        if not any(constraint.requirements for constraint in constraints):
            return generate(decoder.step, start, memory, prompts, end=END, options=options)
        banned = [constraint.banned for constraint in constraints]
        copies = CopyVocabulary.collect(memory, constraints)
        extra = range(len(self.vocabulary), len(self.vocabulary) + copies.donors.shape[1])
        options = replace(options, once=(*options.once, *extra))
        required = [constraint.requirements for constraint in constraints]
        return generate(
            with_copied_words(decoder),
            start,
            copies,
            prompts,
            end=END,
            options=options,
            requirements=required,
            banned=banned,
        )

    def preprocess(self, picture: Image.Image) -> np.ndarray:
        """See `CaptionerBase`."""
        return self.network.encoder.preprocess(picture)

    def caption_preprocessed(
        self, names: Sequence[str], views: Sequence[np.ndarray], options: CaptionOptions
    ) -> list[Caption]:
        """See `CaptionerBase`."""
        return self.caption_cells(names, encode_views(self.network.encoder, views), options)

    def caption_cells(
        self, names: Sequence[str], cells: Tensor, options: CaptionOptions
    ) -> list[Caption]:
        """Caption cells (B, S, D), as one batch; see `caption_preprocessed`."""
        constraint = constraint_to_mention(options.must_mention, self.vocabulary)
        found = self.generate(cells, options, [constraint] * len(cells))
        predictions = self._recognize(cells)
        captions = [
            replace(self._caption(name, of_photo, constraint), objects=prediction.objects)
            for name, of_photo, prediction in zip(names, found, predictions, strict=True)
        ]
        naming = options.naming and not options.sample
        if self.grounding is not None:
            photos = self.grounding.photos(cells, predictions)
            if naming and not constraint.requirements:
                for number, grounded in self._ground(captions, photos, cells, options):
                    captions[number] = grounded
            each = zip(captions, photos, strict=True)
            captions = [self._supported(caption, photo) for caption, photo in each]
        elif naming and len(constraint.requirements) < MOST_REQUIREMENTS:
            for number, named in self._name(captions, predictions, cells, options):
                captions[number] = named
        return [
            replace(caption, unmentioned=self._unmentioned(caption.words, options.must_mention))
            for caption in captions
        ]

    def _ground(
        self,
        captions: Sequence[Caption],
        photos: Sequence[PhotoEvidence],
        cells: Tensor,
        options: CaptionOptions,
    ) -> Iterator[tuple[int, Caption]]:
        """Grounded captions, for the places of those that are not."""
        if self.grounding is None:
            return
        both = enumerate(zip(captions, photos, strict=True))
        doubted = [n for n, (c, photo) in both if not self.grounding.is_grounded(c.words, photo)]
        if not doubted:
            return
        memory = self.decoder_memory(cells[doubted], options)
        doubted_photos = [photos[number] for number in doubted]
        searched = self.grounding.search(doubted_photos, cells[doubted], options)
        for row, (number, sentences) in enumerate(zip(doubted, searched, strict=True)):
            words = [self.vocabulary.decode(found) for found in sentences[: options.n_best]]
            words = words or self.grounding.phrases(photos[number])
            if words:
                plain = captions[number]
                others = (plain, *plain.alternatives)
                best, *rest = (*self._scored(words, memory.row(row), plain, options), *others)
                rest = [replace(other, alternatives=()) for other in rest[: options.n_best - 1]]
                yield number, replace(best, alternatives=tuple(rest))

    @torch.inference_mode()
    def _scored(
        self,
        sentences: Sequence[Sequence[str]],
        memory: DecoderMemory,
        plain: Caption,
        options: CaptionOptions,
    ) -> Iterator[Caption]:
        """Captions of given words, scored as the decoder sees the photo of a plain caption."""
        ids = [self.vocabulary.encode(words) for words in sentences]
        rated = scored(self.network.decoder, memory, ids, options)
        for words, hypothesis in zip(sentences, rated, strict=True):
            caption = self._sentence(plain.source, hypothesis, LexicalConstraint())
            text = self.vocabulary.join(words)  # a phrase has words that the vocabulary lacks
            yield replace(caption, text=text, words=shown(words), objects=plain.objects)

    def _supported(self, caption: Caption, photo: PhotoEvidence) -> Caption:
        """The caption with the support of its words and the confidence in it."""
        if self.grounding is None:
            return caption
        support, confidence = self.grounding.support(caption.words, photo), None
        if self.confidence is not None:
            confidence = self.confidence(support.objects, photo.in_domain_score)
        if confidence is not None and caption.text == NOTHING:
            confidence = 0.0
        others = tuple(self._supported(other, photo) for other in caption.alternatives)
        return replace(caption, support=support.words, confidence=confidence, alternatives=others)

    def confidence_figures(self, captions: Sequence[Caption], cells: Tensor) -> list[Figures]:
        """What `Confidence` is fitted to, for captions of cells (B, S, D).

        Raises:
            UserError: the captioner has no list of words.
        """
        if self.grounding is None:
            raise UserError("only a captioner with word_list_size has figures of confidence")
        photos = self.grounding.photos(cells, self._recognize(cells))
        each = zip(captions, photos, strict=True)
        support = self.grounding.support
        return [caption_figures(support(c.words, p).objects, p.in_domain_score) for c, p in each]

    def _recognize(self, cells: Tensor) -> list[ClassPrediction]:
        encoder = self.network.encoder
        if encoder.head is None or encoder.config.classes not in _NAMED_CLASSES:
            return [ClassPrediction()] * len(cells)
        with torch.inference_mode():
            return recognize(encoder.classify(cells))

    def _name(
        self,
        captions: Sequence[Caption],
        predictions: Sequence[ClassPrediction],
        cells: Tensor,
        options: CaptionOptions,
    ) -> Iterator[tuple[int, Caption]]:
        """Captions that name what is surely there, for the places of those that do not."""
        wanted: dict[int, _Naming] = {}
        for number, (caption, prediction) in enumerate(zip(captions, predictions, strict=True)):
            naming = self._naming(caption, prediction, options)
            if naming is not None:
                wanted[number] = naming
        if not wanted:
            return
        # A name that does not come easily is found by a wider beam, and the whole of it comes back:
        # its best sentence may not make sense.
        width = 2 * options.beam_size
        search = replace(options, beam_size=width, n_best=width)
        constraints = [naming.constraint for naming in wanted.values()]
        found = self.generate(cells[list(wanted)], search, constraints)
        for (number, naming), of_photo in zip(wanted.items(), found, strict=True):
            named = self._named(captions[number], naming, of_photo, options.n_best)
            if named is not None:
                yield number, named

    def _naming(
        self, caption: Caption, prediction: ClassPrediction, options: CaptionOptions
    ) -> _Naming | None:
        thing = unmentioned_object(caption.words, prediction.objects)
        if thing is None:
            return None
        required = constraint_to_mention(options.must_mention, self.vocabulary)
        constraint = constraint_to_name(thing, required, self.vocabulary)
        if constraint is None:
            return None
        refuted = prediction.refuted_by(thing)
        if not refuted.isdisjoint(caption.words):
            constraint = constraint.without(refuted, self.vocabulary)
        return _Naming(thing, constraint, prediction.odds(thing, caption.words))

    def _named(
        self, plain: Caption, naming: _Naming, found: Sequence[Hypothesis], n_best: int
    ) -> Caption | None:
        """What takes the place of a plain caption, if any sentence makes sense and is worth it."""
        thing, constraint, odds = naming
        sentences = [
            hypothesis
            for hypothesis in found
            if hypothesis.unmet == 0
            and not thing.is_misplaced(constraint.words(hypothesis.tokens, self.vocabulary))
        ]
        if not sentences or not accept_name(odds, plain.score - sentences[0].score):
            return None
        named = self._caption(plain.source, sentences[:n_best], constraint)
        return replace(named, objects=plain.objects)

    def _caption(
        self, name: str, hypotheses: Sequence[Hypothesis], constraint: LexicalConstraint
    ) -> Caption:
        best, *others = [self._sentence(name, hypothesis, constraint) for hypothesis in hypotheses]
        return replace(best, alternatives=tuple(others))

    def _sentence(
        self, name: str, hypothesis: Hypothesis, constraint: LexicalConstraint
    ) -> Caption:
        words = constraint.words(hypothesis.tokens, self.vocabulary)
        words = with_articles(words, constraint.beginnings(self.vocabulary))
        attention = None
        if hypothesis.attention is not None:
            grid = self.network.encoder.grid
            attention = hypothesis.attention.unflatten(1, grid).numpy()
        return Caption(
            source=name,
            text=self.vocabulary.join(words),
            score=hypothesis.score,
            words=shown(words),
            word_scores=hypothesis.log_probs,
            attention=attention,
        )

    def search_options(self, changes: Mapping[str, Any]) -> CaptionOptions:
        """How pictures are captioned, with some options changed by name.

        Special words are never written, and what people seldom repeat costs `repetition_weight`
        times what `repetition` says.
        """
        require_names(changes, (field.name for field in fields(CaptionOptions)))
        options = CaptionOptions(**{**vars(self.options), **changes})
        if options.detected_weight and self.network.decoder.detector is None:
            raise UserError("detected_weight: this captioner looks for no words")
        banned = (PADDING, START, UNKNOWN, *options.banned)
        return self._limiting_repetition(replace(options, banned=banned))

    def _limiting_repetition(self, options: CaptionOptions) -> CaptionOptions:
        weight = options.repetition_weight
        if not weight:
            return options if self.repetition else replace(options, no_repeat_ngram=0)
        if self.repetition is None:
            words = enumerate(self.vocabulary.words)
            once = tuple(n for n, word in words if n >= len(SPECIAL) and word not in REPEATABLE)
            return replace(options, once=(*once, *options.once))
        again, doubled = self.repetition.by_id(self.vocabulary.words, weight)
        return replace(options, repeat_costs=again, double_costs=doubled)

    def _unmentioned(
        self, words: Sequence[str], sets: Iterable[Sequence[str]]
    ) -> tuple[tuple[str, ...], ...]:
        cut = self.vocabulary.tokenize
        mentioned = (any(mentions(words, " ".join(shown(cut(p)))) for p in one) for one in sets)
        return tuple(tuple(one) for one, found in zip(sets, mentioned, strict=True) if not found)


def _from_json(kind: type[T], values: dict[str, Any]) -> T:
    """A frozen dataclass from its JSON form, in which tuples have become lists."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

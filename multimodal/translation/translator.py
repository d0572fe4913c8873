"""The one class that people use: load a translator, then give it sentences.

translator = Translator.from_pretrained()
translator.translate("Two dogs run on the beach.", to="de").text
translator.translate(["A man sleeps.", "", "A cat."], to="fr", beam_size=5, n_best=3)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import parallel_map, split_batch
from multimodal.recurrent.generation import (
    MOST_REQUIREMENTS,
    GenerationOptions,
    Hypothesis,
    Requirement,
    generate,
)
from multimodal.settings import require_names
from multimodal.subwords import BYTES, SubwordVocabulary
from multimodal.translation.base import Batches, TranslatorBase
from multimodal.translation.batches import END, language_token, padded_sources
from multimodal.translation.channel import source_log_probs
from multimodal.translation.domain import Domain
from multimodal.translation.language_decoder import LanguageDecoder
from multimodal.translation.languages import Language
from multimodal.translation.model import TranslationNetwork, TranslatorConfig
from multimodal.translation.names import SOURCE, SubstitutedSentence, substitute_names
from multimodal.translation.translation import (
    BUCKET,
    CLOSE,
    CONSIDERED,
    ReadSentence,
    Translation,
    prepared,
    told,
)

_END, _BEGIN = 0, 1  # among what may be written


@dataclass(frozen=True)
class _Search:
    """How sentences are translated.

    Attributes:
        to: the language to write.
        options: as the caller wants them.
        weight: see `Translator`.
    """

    to: str
    options: GenerationOptions
    weight: float

    @property
    def looks_back(self) -> bool:
        """Whether there are several translations to choose from, and a weight to choose by."""
        return self.weight > 0 and not self.options.sample and self.options.beam_size > 1

    def beam(self, length: int) -> GenerationOptions:
        """What to search for where sentences have up to so many subwords."""
        options = self.options
        n_best = max(options.n_best, CONSIDERED) if self.looks_back else options.n_best
        return replace(options, n_best=n_best, max_length=length + length // 2 + BUCKET)


class Translator(TranslatorBase[_Search], PretrainedModel):
    """A sentence becomes the same in another language.

    Args:
        network: what was learnt; it is put into evaluation mode, and must not change any more.
        vocabulary: the subwords behind the network's ids.
        languages: by their codes, what was seen of each.
        options: how translations are searched for, unless a call says otherwise; `max_length`
            follows from the source.
        max_length: how many subwords a sentence may have.
        channel_weight: how much it counts, unless a call says otherwise, how well the source can be
            predicted from a translation (the same score of the other direction), where the best of
            a beam search are close; see `multimodal.translation.channel`.
        domains: by languages' codes, what is usual among the sentences that were learnt from.

    Raises:
        UserError: the weight is out of range.
    """

    TASK = "translator"
    network: TranslationNetwork
    vocabulary: SubwordVocabulary
    languages: dict[str, Language]

    def __init__(
        self,
        network: TranslationNetwork,
        vocabulary: SubwordVocabulary,
        languages: Mapping[str, Language],
        options: GenerationOptions,
        max_length: int,
        channel_weight: float = 0.0,
        domains: Mapping[str, Domain] | None = None,
    ) -> None:
        _require_weight(channel_weight)
        self.network = network.eval()
        self.vocabulary = vocabulary
        self.languages = dict(sorted(languages.items()))
        self.options = options
        self.max_length = max_length
        self.channel_weight = channel_weight
        self.domains = dict(sorted((domains or {}).items()))
        self._writers: dict[str, LanguageDecoder] = {}
        self._written = {code: self._subwords_of(code) for code in self.languages}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        vocabulary = SubwordVocabulary.from_json(config["vocabulary"])
        network = TranslationNetwork(TranslatorConfig(**config["network"]), len(vocabulary))
        languages = {
            code: Language.from_json(values) for code, values in config["languages"].items()
        }
        options: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in config["generation"].items()
        }
        return cls(
            network,
            vocabulary,
            languages,
            GenerationOptions(**options),
            config["max_length"],
            float(config.get("channel_weight", 0.0)),
            {code: Domain.from_json(told) for code, told in config.get("domains", {}).items()},
        )

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "generation": asdict(self.options),
            "channel_weight": self.channel_weight,
            "max_length": self.max_length,
            "languages": {code: seen.to_json() for code, seen in self.languages.items()},
            "vocabulary": self.vocabulary.to_json(),
            "domains": {code: domain.to_json() for code, domain in self.domains.items()},
        }

    def search_options(self, changes: Mapping[str, Any]) -> GenerationOptions:
        """How sentences are translated, with some options changed by name.

        The alignment is always kept. `banned` and `once` are numbers of subwords as in the
        vocabulary.
        """
        require_names(changes, (field.name for field in fields(GenerationOptions)))
        return replace(self.options, **{**changes, "keep_attention": True})

    def written(self, code: str) -> list[int]:
        """The subwords that may be written in a language."""
        found: list[int] = self._written[code].tolist()
        return found

    def decoder(self, to: str) -> LanguageDecoder:
        """What writes a language; made when it is first asked for."""
        if to not in self._writers:
            self._writers[to] = LanguageDecoder(self.network, self._written[to])
        return self._writers[to]

    def _search(self, to: str, changes: Mapping[str, Any]) -> _Search:
        changes = dict(changes)
        weight = changes.pop("channel_weight", None)
        weight = self.channel_weight if weight is None else weight
        _require_weight(weight)
        return _Search(to, self.search_options(changes), weight)

    def _cut(self, numbers: Sequence[int], batch_size: int) -> Iterator[Sequence[int]]:
        return (numbers[rows] for rows in split_batch(len(numbers), batch_size))

    def _map(
        self, search: _Search, work: Callable[..., list[Translation]], batches: Batches
    ) -> Iterable[list[Translation]]:
        # Drawing takes numbers from one stream: that stays in order.
        return map(work, batches) if search.options.sample else parallel_map(work, batches)

    def _translate_batch(self, search: _Search, batch: Sequence[ReadSentence]) -> list[Translation]:
        found = self._found(batch, search, batch[0].bucket)
        translations = [
            self._translation(sentence, hypotheses, search.to)
            for sentence, hypotheses in zip(batch, found, strict=True)
        ]
        if not search.options.sample:
            translations = self._with_names(translations, search)
        return translations

    def _with_names(
        self, translations: Sequence[Translation], search: _Search
    ) -> list[Translation]:
        """Translations of which those with names that are hardly known borrow; see `names`."""
        named = list(translations)
        for number, plain in enumerate(translations):
            if plain.source_language != SOURCE:
                continue
            substituted = substitute_names(plain.source, search.to)
            if substituted is not None:
                named[number] = self._named(plain, substituted, search) or plain
        return named

    def _named(
        self, plain: Translation, substituted: SubstitutedSentence, search: _Search
    ) -> Translation | None:
        """A translation with its names, if the search finds a place for each."""
        (sentence,) = prepared(
            [substituted.text], self.vocabulary, self.languages, search.to, SOURCE
        )
        if (
            len(sentence.ids) > self.max_length
            or len(substituted.substitutions) > MOST_REQUIREMENTS
        ):
            return None
        written = set(self._written[search.to].tolist())
        required = substituted.requirements(self.vocabulary.encode, written)
        if not all(required):
            return None
        (found,) = self._found([sentence], search, sentence.bucket, [required])
        found_with = self._translation(sentence, found, search.to)
        text = substituted.returned(found_with.text)
        if text is None:
            return None
        return replace(
            found_with,
            source=plain.source,
            text=text,
            perplexity=plain.perplexity,
            unusual=plain.unusual,
            source_words=substituted.restored(found_with.source_words),
            words=substituted.renamed(found_with.words),
            alternatives=tuple(
                replace(
                    other, source=plain.source, text=substituted.returned(other.text) or other.text
                )
                for other in found_with.alternatives
            ),
        )

    def _found(
        self,
        sentences: Sequence[ReadSentence],
        search: _Search,
        max_length: int,
        required: Sequence[Sequence[Requirement]] = (),
    ) -> list[list[Hypothesis]]:
        """The n best translations of B sentences, as ids, with what each is required to have."""
        ids = [sentence.ids for sentence in sentences]
        found = self._write(ids, search.to, search.beam(max_length), required)
        if search.looks_back:
            close = [_close(best) for best in found]
            doubtful: dict[str, list[int]] = defaultdict(list)
            for number, sentence in enumerate(sentences):
                if sentence.language and len(close[number]) > 1:
                    doubtful[sentence.language].append(number)
            for language, numbers in doubtful.items():
                pairs = [(ids[number], close[number]) for number in numbers]
                weighed = self._weighed(language, pairs, search)
                for number, first in zip(numbers, weighed, strict=True):
                    found[number][: len(first)] = first
        return [best[: search.options.n_best] for best in found]

    def _weighed(
        self,
        language: str,
        pairs: Sequence[tuple[Sequence[int], Sequence[Hypothesis]]],
        search: _Search,
    ) -> list[list[Hypothesis]]:
        """Sentences of one language with their translations → these, by both directions' scores."""
        begin = self.vocabulary.special.index(language_token(language))
        sources = [ids for ids, found in pairs for _ in found]
        translations = [hypothesis.tokens for _, found in pairs for hypothesis in found]
        told = source_log_probs(self.network, translations, sources, begin, self._written[language])
        lengths = torch.tensor([len(ids) + 1 for ids in sources])  # with the end
        back = iter((told / lengths**search.options.length_penalty * search.weight).tolist())
        both = [[(h.score + next(back), h) for h in found] for _, found in pairs]
        return [[h for _, h in sorted(some, key=lambda pair: -pair[0])] for some in both]

    @torch.inference_mode()
    def _write(
        self,
        sentences: Sequence[Sequence[int]],
        to: str,
        options: GenerationOptions,
        required: Sequence[Sequence[Requirement]] = (),
    ) -> list[list[Hypothesis]]:
        """Ids of B sentences → the n best translations of each, as ids."""
        written = self._written[to]
        places = {number: place for place, number in enumerate(written.tolist())}
        options = replace(
            options,
            banned=(_BEGIN, *(places[n] for n in options.banned if n in places)),
            once=tuple(places[n] for n in options.once if n in places),
        )
        memory = self.network.encode(*padded_sources(sentences))
        decoder = self.decoder(to)
        found = generate(
            decoder,
            self.network.start(memory),
            decoder.project(memory),
            [[_BEGIN]] * len(sentences),
            end=_END,
            options=options,
            requirements=[
                [[[places[n] for n in phrase] for phrase in phrases] for phrases in of_sentence]
                for of_sentence in required
            ]
            or None,
        )
        return [[replace(h, tokens=_named(h.tokens, written)) for h in best] for best in found]

    def _subwords_of(self, code: str) -> Tensor:
        """What may be written in a language (N,): its end, its token, what it has used, and bytes.

        Bytes, so that nothing is beyond it.
        """
        special = self.vocabulary.special
        begin = special.index(language_token(code))
        spelling = range(len(special), len(special) + BYTES)
        used = {n for n in self.languages[code].subwords if n < len(self.vocabulary)}
        return torch.tensor([END, begin, *sorted(used.union(spelling) - {*range(len(special))})])

    def _translation(
        self, sentence: ReadSentence, hypotheses: Sequence[Hypothesis], to: str
    ) -> Translation:
        best, *others = [self._told(sentence, hypothesis, to) for hypothesis in hypotheses]
        return replace(best, alternatives=tuple(others))

    def _told(self, sentence: ReadSentence, hypothesis: Hypothesis, to: str) -> Translation:
        attention = hypothesis.attention  # None where nothing was written
        seen = None if attention is None else attention.float().numpy()
        domain = self.domains.get(sentence.language)
        unusual = domain is not None and domain.is_unusual(sentence.text)
        known = self.languages[to].parts if unusual else None
        found = told(
            sentence, hypothesis.tokens, hypothesis.score, seen, to, self.vocabulary, known
        )
        if domain is None:
            return found
        return replace(found, perplexity=domain.perplexity(sentence.text), unusual=unusual)


def _close(found: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The first of what a search found, best first, that are whole and nearly as good as it."""
    least = found[0].score - CLOSE
    return [h for h in found[:CONSIDERED] if h.finished and h.score >= least]


def _require_weight(weight: float) -> None:
    if not 0 <= weight < np.inf:
        raise UserError(f"channel_weight: must be a number of at least 0, not {weight}")


def _named(tokens: Sequence[int], written: Tensor) -> tuple[int, ...]:
    """Numbers among what may be written → the ids of the vocabulary."""
    return tuple(written[list(tokens)].tolist())

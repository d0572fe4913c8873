"""Sentences → sentences in another language, in batches of similar length: without a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeAlias, TypeVar, Unpack, overload

import numpy as np

from multimodal.errors import UserError
from multimodal.recurrent.generation.options import GenerationChanges
from multimodal.subwords import Subwords
from multimodal.translation.languages import Language
from multimodal.translation.translation import (
    ReadSentence,
    Translation,
    language_of,
    prepared,
    resolve_languages,
    too_long,
)

AHEAD = 16  # batches' worth of sentences that are sorted by length together

Search = TypeVar("Search")


class TranslationChanges(GenerationChanges, total=False):
    """Those of `GenerationOptions` that a call changes, and what reading back counts."""

    channel_weight: float | None


Batches: TypeAlias = Sequence[Sequence[ReadSentence]]


class TranslatorBase(ABC, Generic[Search]):
    """A sentence becomes the same in another language; what reads and writes is the subclass's.

    Attributes:
        vocabulary: of all languages.
        languages: by their codes.
        max_length: subwords of the longest sentence that is translated.
    """

    vocabulary: Subwords
    languages: Mapping[str, Language]
    max_length: int

    @abstractmethod
    def _search(self, to: str, changes: Mapping[str, Any]) -> Search:
        """How to write a language, with some options changed by name.

        Raises:
            UserError: an option is unknown or out of range.
        """

    @abstractmethod
    def _translate_batch(self, search: Search, batch: Sequence[ReadSentence]) -> list[Translation]:
        """Translate sentences of one bucket."""

    def _map(
        self, search: Search, work: Callable[..., list[Translation]], batches: Batches
    ) -> Iterable[list[Translation]]:
        """Do the work for every batch, in their order."""
        del search
        return map(work, batches)

    @overload
    def translate(  # type: ignore[overload-overlap]  # a text is no list of sentences
        self, texts: str, to: str, source: str | None = None, **changes: Unpack[TranslationChanges]
    ) -> Translation: ...

    @overload
    def translate(
        self,
        texts: Sequence[str],
        to: str,
        source: str | None = None,
        **changes: Unpack[TranslationChanges],
    ) -> list[Translation]: ...

    def translate(
        self,
        texts: str | Sequence[str],
        to: str,
        source: str | None = None,
        **changes: Unpack[TranslationChanges],
    ) -> Translation | list[Translation]:
        """Translate one sentence or a list of them.

        Args:
            texts: a sentence; or a list, which is translated in batches of similar length and comes
                back in its order.
            to: the code of the language to write, such as "de".
            source: the code of the language that is read; told by its words unless given.
            **changes: for this call `channel_weight`, and fields of GenerationOptions such as
                beam_size, n_best, length_penalty, sample, temperature and seed.

        Returns:
            A Translation, or a list with one for every sentence. In a list, a sentence that is too
            long has its reason in `Translation.error`, and the others are translated all the same.

        Raises:
            UserError: when a single sentence is too long, or a language or an option is unknown.
        """
        if not isinstance(texts, str):
            return list(self.translations(texts, to, source, **changes))
        (translation,) = self.translations([texts], to, source, **changes)
        if translation.error is not None:
            raise UserError(translation.error)
        return translation

    def translations(
        self,
        texts: Iterable[str],
        to: str,
        source: str | None = None,
        *,
        batch_size: int = 32,
        **changes: Unpack[TranslationChanges],
    ) -> Iterator[Translation]:
        """Translate sentences as they come, in their order, `batch_size` at a time.

        A few batches' worth of sentences are held in memory and sorted by length. The other
        arguments are those of `translate`.
        """
        if batch_size < 1:
            raise UserError(f"batch_size: must be at least 1, not {batch_size}")
        to, source = resolve_languages(self.languages, to, source)
        search = self._search(to, changes)
        rest = iter(texts)
        while some := list(islice(rest, AHEAD * batch_size)):
            sentences = prepared(some, self.vocabulary, self.languages, to, source)
            yield from self._translate_sentences(sentences, to, search, batch_size)

    def language_of(self, text: str, but: str = "") -> str:
        """The language that knows most of a text's words; empty where none knows any.

        Args:
            text: any text.
            but: a language that it is not in.
        """
        return language_of(text, self.languages, but)

    def _translate_sentences(
        self, sentences: Sequence[ReadSentence], to: str, search: Search, batch_size: int
    ) -> Iterator[Translation]:
        done: dict[int, Translation] = {}
        waiting: dict[int, list[int]] = defaultdict(list)
        for number, sentence in enumerate(sentences):
            if not sentence.ids:
                done[number] = Translation(sentence.text, "", 0.0, to, sentence.language)
            elif len(sentence.ids) > self.max_length:
                error = too_long(sentence, self.max_length)
                done[number] = Translation(sentence.text, "", -np.inf, to, error=error)
            else:
                waiting[sentence.bucket].append(number)
        batches = [
            numbers
            for _, of_length in sorted(waiting.items())
            for numbers in self._cut(of_length, batch_size)
        ]
        read = [[sentences[number] for number in numbers] for numbers in batches]
        found = self._map(search, lambda batch: self._translate_batch(search, batch), read)
        for numbers, translated in zip(batches, found, strict=True):
            done.update(zip(numbers, translated, strict=True))
        yield from (done[number] for number in range(len(sentences)))

    def _cut(self, numbers: Sequence[int], batch_size: int) -> Iterator[Sequence[int]]:
        """Cut the sentences of one bucket into batches."""
        for begin in range(0, len(numbers), batch_size):
            yield numbers[begin : begin + batch_size]

"""A translator in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, overload

import numpy as np

from multimodal.errors import UserError
from multimodal.portable.byte_pairs import BytePairs
from multimodal.portable.file import Array, ModelFile
from multimodal.portable.options import changed
from multimodal.translation.languages import Language
from multimodal.translation.translation import (
    BUCKET,
    ReadSentence,
    Translation,
    language_of,
    prepared,
    require_languages,
    told,
    too_long,
)

END = 1  # see `multimodal.translation.batches`
AHEAD = 16  # batches' worth of sentences that are sorted by length together


class PortableTranslator:
    """A sentence becomes the same in another language; see `Translator`.

    Args:
        file: made for "translator".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.vocabulary = BytePairs(file["vocabulary"]["merges"], file["vocabulary"]["special"])
        self.languages = {
            code: Language(frozenset(words.split()))
            for code, words in sorted(file["languages"].items())
        }
        self.options: Mapping[str, Any] = file["options"]
        self.max_length = int(file["max_length"])

    @overload
    def translate(
        self, texts: str, to: str, source: str | None = None, **changes: Any
    ) -> Translation: ...

    @overload
    def translate(
        self, texts: Sequence[str], to: str, source: str | None = None, **changes: Any
    ) -> list[Translation]: ...

    def translate(
        self, texts: str | Sequence[str], to: str, source: str | None = None, **changes: Any
    ) -> Translation | list[Translation]:
        """Translate one sentence or a list of them; see `Translator.translate`.

        Args:
            texts: a sentence, or a list.
            to: the code of the language to write.
            source: that of the language that is read; told by its words unless given.
            **changes: beam_size, n_best, length_penalty and channel_weight for this call.

        Raises:
            UserError: a single sentence is too long, or a language or an option is unknown.
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
        **changes: Any,
    ) -> Iterator[Translation]:
        """Translate sentences as they come, in their order; see `Translator.translations`."""
        if batch_size < 1:
            raise UserError(f"batch_size: must be at least 1, not {batch_size}")
        require_languages(self.languages, to, source)
        options = changed(self.options, changes)
        rest = iter(texts)
        while some := list(islice(rest, AHEAD * batch_size)):
            sentences = prepared(some, self.vocabulary, self.languages, to, source)
            yield from self._translated(sentences, to, options, batch_size)

    def language_of(self, text: str, but: str = "") -> str:
        """The language that knows most of a text's words; see `Translator.language_of`."""
        return language_of(text, self.languages, but)

    def _translated(
        self, sentences: Sequence[ReadSentence], to: str, options: Mapping[str, Any], size: int
    ) -> Iterator[Translation]:
        done: dict[int, Translation] = {}
        waiting: list[int] = []
        for number, sentence in enumerate(sentences):
            if not sentence.ids:
                done[number] = Translation(sentence.text, "", 0.0, to, sentence.language)
            elif len(sentence.ids) > self.max_length:
                error = too_long(sentence, self.max_length)
                done[number] = Translation(sentence.text, "", -np.inf, to, error=error)
            else:
                waiting.append(number)
        waiting.sort(key=lambda number: sentences[number].bucket)
        for bucket in sorted({sentences[number].bucket for number in waiting}):
            of_length = [number for number in waiting if sentences[number].bucket == bucket]
            for begin in range(0, len(of_length), size):
                some = of_length[begin : begin + size]
                found = self._batch([sentences[n] for n in some], bucket, to, options)
                done.update(zip(some, found, strict=True))
        yield from (done[number] for number in range(len(sentences)))

    def _batch(
        self, batch: Sequence[ReadSentence], bucket: int, to: str, options: Mapping[str, Any]
    ) -> list[Translation]:
        """Sentences of one bucket."""
        codes = list(self.languages)
        known = [codes.index(s.language) if s.language in codes else -1 for s in batch]
        lengths = [len(sentence.ids) + 1 for sentence in batch]
        tokens = np.zeros((len(batch), max(lengths)), np.int64)
        for row, sentence in zip(tokens, batch, strict=True):
            row[: len(sentence.ids) + 1] = [*sentence.ids, END]
        found = self.file.run(
            sentences=tokens,
            sizes=lengths,
            to=np.full(len(batch), codes.index(to)),
            source=known,
            beam_size=options["beam_size"],
            n_best=options["n_best"],
            max_length=bucket + bucket // 2 + BUCKET,
            length_penalty=options["length_penalty"],
            channel_weight=options["channel_weight"] if options["beam_size"] > 1 else 0.0,
        )
        return [
            self._translation(sentence, found, number, to, options["n_best"])
            for number, sentence in enumerate(batch)
        ]

    def _translation(
        self, sentence: ReadSentence, found: Mapping[str, Array], number: int, to: str, best: int
    ) -> Translation:
        several = []
        for place in range(best):
            length = int(found["lengths"][number, place])
            if length:
                words = length - int(found["finished"][number, place])
                several.append(
                    told(
                        sentence,
                        found["tokens"][number, place, :words].tolist(),
                        float(found["scores"][number, place]),
                        found["attention"][number, place, :words],
                        to,
                        self.vocabulary,
                    )
                )
        first, *others = several
        return replace(first, alternatives=tuple(others))

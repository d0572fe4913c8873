"""A translator in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from multimodal.portable.byte_pairs import BytePairs
from multimodal.portable.file import Array, ModelFile
from multimodal.portable.options import changed
from multimodal.translation.base import TranslatorBase
from multimodal.translation.languages import Language
from multimodal.translation.translation import BUCKET, ReadSentence, Translation, told

END = 1  # see `multimodal.translation.batches`

Search: TypeAlias = tuple[str, dict[str, Any]]
"""The language to write, and the options of the graph."""


class PortableTranslator(TranslatorBase[Search]):
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

    def _search(self, to: str, changes: Mapping[str, Any]) -> Search:
        return to, changed(self.options, changes)

    def _translate_batch(self, search: Search, batch: Sequence[ReadSentence]) -> list[Translation]:
        (to, options), bucket = search, batch[0].bucket
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

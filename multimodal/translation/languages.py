"""What a translator has seen of a language: its words, and the subwords that they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Language:
    """A language as it was seen in training.

    Attributes:
        words: in lower case.
        subwords: the ids that its sentences were made of.
    """

    words: frozenset[str] = frozenset()
    subwords: frozenset[int] = frozenset()

    @cached_property
    def parts(self) -> frozenset[str]:
        """The words, and what those with hyphens or apostrophes are put together from."""
        parts = (part for word in self.words for part in re.split(r"['\u2019-]", word))
        return self.words.union(parts)

    def with_more(self, words: Iterable[str], subwords: Iterable[int]) -> Language:
        """The same, and more of it."""
        return Language(self.words.union(words), self.subwords.union(subwords))

    def to_json(self) -> dict[str, str]:
        """Words with spaces between, and a bit for every id up to the last, in hexadecimals."""
        bits = np.zeros(max(self.subwords, default=-1) + 1, np.uint8)
        bits[list(self.subwords)] = 1
        return {
            "words": " ".join(sorted(self.words)),
            "subwords": np.packbits(bits).tobytes().hex(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The language whose `to_json` this is.

        Raises:
            LookupError, ValueError: that is none.
        """
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(values["subwords"]), np.uint8))
        return cls(frozenset(values["words"].split()), frozenset(np.flatnonzero(bits).tolist()))

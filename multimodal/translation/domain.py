"""How usual a sentence is among those that a translator learnt from: a small language model.

A translator that has read photo captions alone writes something for any sentence; whether it is
worth anything depends on how like a caption the sentence is. A bigram model with absolute
discounting (Ney, Essen and Kneser 1994) tells, at no cost beside the translation: words and pairs
of words that came at least twice, the rest backs off. A sentence whose perplexity is above that of
nearly all held-out sentences is unusual.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np

from multimodal.translation.sentences import words_of

LEAST = 2  # times that a word, or a pair of words, came
DISCOUNT = 0.75  # of every count of a pair, for pairs that never came
STRANGERS = 50_000  # words that there may be besides those that came
USUAL = 0.975  # the share of held-out sentences that are usual
_EDGE = "\n"  # before and behind a sentence


@dataclass(frozen=True)
class Domain:
    """What is usual among some sentences of one language.

    Attributes:
        counts: word → how often it came, at least `LEAST` times; among them the sentences' edge.
        pairs: (word, next word) → how often they came side by side, at least `LEAST` times.
        rare: words that came less often, counted as often as they came.
        limit: the perplexity up to which a sentence is usual.
    """

    counts: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int]
    rare: int
    limit: float = math.inf

    @classmethod
    def of(cls, sentences: Iterable[str]) -> Self:
        """Learn from sentences."""
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for sentence in sentences:
            told = _framed(sentence)
            words.update(told[1:])
            pairs.update(pairwise(told))
        kept = {word: count for word, count in words.most_common() if count >= LEAST}
        return cls(
            kept,
            {
                pair: count
                for pair, count in pairs.items()
                if count >= LEAST and kept.keys() >= {*pair}
            },
            words.total() - sum(kept.values()),
        )

    def with_limit(self, held_out: Sequence[str]) -> Self:
        """The same, with a limit that `USUAL` of some sentences keep."""
        told = [self.perplexity(sentence) for sentence in held_out]
        return replace(self, limit=float(np.quantile(told, USUAL)) if told else math.inf)

    def perplexity(self, sentence: str) -> float:
        """Of a sentence, a word; of an empty one 1."""
        told = _framed(sentence)
        if len(told) == 2:
            return 1.0
        nats = [-math.log(self._probability(*pair)) for pair in pairwise(told)]
        return math.exp(sum(nats) / len(nats))

    def is_unusual(self, sentence: str) -> bool:
        """Whether a sentence is unlike nearly all that were held out."""
        return self.perplexity(sentence) > self.limit

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs; the pairs as packed numbers."""
        words = [_EDGE, *(word for word in self.counts if word != _EDGE)]
        number = {word: n for n, word in enumerate(words)}
        rows = sorted((number[a], number[b], count) for (a, b), count in self.pairs.items())
        table = np.array(rows, np.uint32).reshape(-1, 3)
        table[1:, 0] = np.diff(table[:, 0])  # mostly zero, which packs well
        packed = zlib.compress(table.T.astype("<u4").tobytes(), 9)
        return {
            "words": " ".join(words[1:]),
            "counts": " ".join(str(self.counts.get(word, 0)) for word in words),
            "pairs": base64.b64encode(packed).decode(),
            "rare": self.rare,
            "limit": round(self.limit, 1) if math.isfinite(self.limit) else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The one whose `to_json` this is.

        Raises:
            LookupError, ValueError: that is none.
        """
        words = [_EDGE, *values["words"].split(" ")]
        counts = [int(count) for count in values["counts"].split()]
        packed = zlib.decompress(base64.b64decode(values["pairs"]))
        table = np.frombuffer(packed, "<u4").reshape(3, -1).astype(np.int64)
        firsts = table[0].cumsum()
        pairs = {
            (words[a], words[b]): count
            for a, b, count in zip(firsts.tolist(), *table[1:].tolist(), strict=True)
        }
        return cls(
            dict(zip(words, counts, strict=True)),
            pairs,
            int(values["rare"]),
            math.inf if values["limit"] is None else float(values["limit"]),
        )

    def _probability(self, before: str, word: str) -> float:
        """Of a word behind another."""
        left = self._backoff.get(before, 1.0)
        count = self.pairs.get((before, word), 0)
        usual = max(count - DISCOUNT, 0) / self.counts[before] if count else 0.0
        return usual + left * self._alone(word)

    def _alone(self, word: str) -> float:
        """Of a word, whatever is before it."""
        count = self.counts.get(word)
        return (count or (self.rare + 1) / STRANGERS) / self._all

    @cached_property
    def _all(self) -> int:
        return sum(self.counts.values()) + self.rare + 1

    @cached_property
    def _backoff(self) -> dict[str, float]:
        """What the pairs of a word leave to words that never came behind it."""
        left = dict.fromkeys(self.counts, 1.0)
        for (before, _), count in self.pairs.items():
            left[before] -= (count - DISCOUNT) / self.counts[before]
        return {word: max(share, 1e-3) for word, share in left.items()}


def _framed(sentence: str) -> list[str]:
    return [_EDGE, *words_of(sentence), _EDGE]

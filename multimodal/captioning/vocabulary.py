"""The words of a captioner: how captions are cut into them, and what it costs to repeat one.

What a sentence may say twice differs from language to language ("a … a", "un … une … d'un"), and
beam search without any rule says the same thing twice far more often than people do ("a woman and
a woman"). So the training captions tell: a word that people seldom repeat costs the search what it
is improbable, and nothing is forbidden.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal, Self

from multimodal.captioning.spelling import JOINER, spell, unspell
from multimodal.captioning.tokenizer import join_tokens, tokenize
from multimodal.errors import UserError
from multimodal.vocabulary import SPECIAL, WordVocabulary

Tokenizer = Literal["spelling", "coco-caption"]
_CUT: dict[str, Callable[[str], list[str]]] = {"spelling": spell, "coco-caption": tokenize}
_JOIN: dict[str, Callable[[Iterable[str]], str]] = {
    "spelling": unspell,
    "coco-caption": join_tokens,
}

# Chosen on Flickr8k dev, where they lose nothing against a list made by hand and no bigram twice.
_FREE = 0.1  # a word that so large a share of its captions repeats costs nothing
_STEEPNESS = 2.5
_PRIOR = 0.01  # the share of captions that repeat a word of which little is known
_PRIOR_WEIGHT = 10.0  # in captions


class CaptionVocabulary(WordVocabulary):
    """Words and their ids, and how captions are cut into such words and written.

    Args:
        words: the words without the special ones, each once.
        tokenizer: "spelling", people's words (see `spelling`), or "coco-caption", the words of the
            metrics, which captioners up to version 0.1 learnt.

    Raises:
        UserError: when a word stands twice, or there is no such tokenizer.
    """

    def __init__(self, words: Sequence[str], tokenizer: Tokenizer = "spelling") -> None:
        super().__init__(words)
        if tokenizer not in _CUT:
            raise UserError(f"tokenizer: {tokenizer!r} is none of {', '.join(_CUT)}")
        self.tokenizer = tokenizer

    @classmethod
    def learn(cls, captions: Iterable[str], min_count: int = 1) -> Self:
        """The vocabulary of captions: every word that stands in them `min_count` times."""
        return cls.build(map(spell, captions), min_count)

    def tokenize(self, caption: str) -> list[str]:
        """Cut a caption into words."""
        return _CUT[self.tokenizer](caption)

    def join(self, words: Iterable[str]) -> str:
        """Write words as running text."""
        return _JOIN[self.tokenizer](words)


def shown(words: Iterable[str]) -> tuple[str, ...]:
    """Words as they are shown one by one."""
    return tuple(word.removeprefix(JOINER) for word in words)


def learnt(
    vocabulary: CaptionVocabulary, captions: Sequence[Sequence[str]], max_length: int
) -> str:
    """Tell how much of what captions say a captioner can learn.

    Args:
        vocabulary: the words that it learns.
        captions: those that it learns from, cut into words.
        max_length: further words of a caption are cut off.

    Raises:
        UserError: it would learn no word at all.
    """
    counts = Counter(word for words in captions for word in words)
    known = [word for word in counts if word in vocabulary]
    if not known:
        raise UserError("no word of the captions would be learnt: lower min_count")
    share = sum(counts[word] for word in known) / counts.total()
    line = (
        f"learns {len(known):,} of {len(counts):,} words ({100 * share:.1f} % of all that is said)"
    )
    lengths = sorted(map(len, captions))
    usual = lengths[int(0.99 * (len(lengths) - 1))]
    cut = sum(length > max_length for length in lengths) / len(lengths)
    if usual <= max_length:
        return line
    return f"{line}; cuts {100 * cut:.1f} % of the captions short (max_length={usual}: 1 %)"


@dataclass(frozen=True)
class RepetitionCosts:
    """What it costs to say something twice, in nats.

    Attributes:
        again: by word, to say it again.
        doubled: by word, to say it again at once ("in in").
        again_unless, doubled_unless: the same of words that are not named.
    """

    again: Mapping[str, float] = field(default_factory=dict)
    doubled: Mapping[str, float] = field(default_factory=dict)
    again_unless: float = 0.0
    doubled_unless: float = 0.0

    @classmethod
    def learn(cls, captions: Iterable[Sequence[str]]) -> Self:
        """Count how often the words of captions are repeated.

        A word's cost is what the share of its captions that repeat it lacks, as a logarithm, to
        one in ten. Of a word that is rare itself, that share is drawn to one in a hundred.
        """
        counts = _Counts()
        for words in captions:
            counts.add(words)
        rate = sum(counts.doubled.values()) / max(1, sum(counts.stands.values()))
        again = {w: _cost(counts.again[w], n, _PRIOR) for w, n in counts.captions.items()}
        doubled = {w: _cost(n, counts.stands[w], rate) for w, n in counts.doubled.items()}
        return cls(
            again=again,
            doubled=doubled,
            again_unless=_cost(0, 100, _PRIOR),
            doubled_unless=_cost(0, 1000, rate),
        )

    def by_id(
        self, words: Sequence[str], weight: float
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The costs of ids, to say them again and to say them again at once, times a weight."""
        named = words[len(SPECIAL) :]
        none = (0.0,) * len(SPECIAL)
        again = (weight * self.again.get(word, self.again_unless) for word in named)
        doubled = (weight * self.doubled.get(word, self.doubled_unless) for word in named)
        return (*none, *again), (*none, *doubled)

    def to_json(self, words: Iterable[str]) -> dict[str, Any]:
        """All that the constructor needs, for some words only."""
        kept = set(words)
        json = asdict(self)
        for name in ("again", "doubled"):
            costs = json[name].items()
            json[name] = {word: round(cost, 2) for word, cost in costs if word in kept}
        return json


class _Counts:
    """How often words stand in captions, and how often they recur."""

    def __init__(self) -> None:
        self.captions: Counter[str] = Counter()
        self.stands: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        self.doubled: Counter[str] = Counter()

    def add(self, words: Sequence[str]) -> None:
        """Count one more caption."""
        times = Counter(words)
        self.stands.update(words)
        self.captions.update(times.keys())
        self.again.update(word for word, n in times.items() if n > 1)
        self.doubled.update(first for first, second in pairwise(words) if first == second)


def _cost(repeated: int, chances: int, prior: float) -> float:
    share = (repeated + prior * _PRIOR_WEIGHT) / (chances + _PRIOR_WEIGHT)
    # One that is never seen would cost without end.
    return _STEEPNESS * max(0.0, math.log(_FREE / max(share, 1e-5)))

"""Text → tokens: words or characters, each known by itself and by the letters it is made of.

A word that training has never seen still has letters: beside a vector of its own, a word has the
mean of the vectors of its runs of three to five letters (Bojanowski et al. 2017), which are hashed
into a table of fixed size (Weinberger et al. 2009). So "unfunniest" is no stranger to who knows
"unfunny" and "funniest", and the vocabulary can leave rare words out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self, TypeAlias
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.vocabulary import PADDING, WordVocabulary

Kind: TypeAlias = Literal["words", "characters"]

RUNS = (3, 4, 5)
"""How many letters a run has; the beginning and the end of a word count as letters."""

NGRAM_BUCKETS = 2**15
"""Into so many buckets each, tokens and pairs of tokens are hashed."""

_WORD = re.compile(r"n't\b|\w+(?=n't\b)|'\w+|\w+|[^\w\s]")
_TYPEWRITER = str.maketrans(dict.fromkeys("\u2018\u2019\u00b4`", "'"))
_REMEMBERED = 2**16  # words whose runs are kept


class TokenBatch(NamedTuple):
    """B texts as the network reads them, padded to T tokens.

    Attributes:
        words: (B, T) numbers of tokens; PADDING behind the end of a text.
        runs: (R,) the hashed runs of all tokens, one after the other.
        starts: (B · T,) where the runs of each token begin; a token of padding has none.
        ngrams: (B, T, 2) the hashed token, and the hashed pair of it and the one before, below
            2 · NGRAM_BUCKETS; behind the end of a text, 2 · NGRAM_BUCKETS.
        lengths: (B,) how many tokens each text has, at least 1.
    """

    words: Tensor
    runs: Tensor
    starts: Tensor
    ngrams: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """On another device."""
        return TokenBatch(*(tensor.to(device) for tensor in self))


class Tokenizer:
    """What texts are cut into, and the numbers of it.

        tokenizer = Tokenizer.build(["It isn't good."], kind="words", buckets=4096, min_count=1)
        tokenizer.tokenize("It isn't bad.")        # ["It", "is", "n't", "bad", "."]

    Args:
        kind: "words" or "characters".
        vocabulary: those that have a vector of their own.
        buckets: of the table of runs of letters.

    Raises:
        UserError: there is no such kind, or no bucket.
    """

    def __init__(self, kind: Kind, vocabulary: WordVocabulary, buckets: int) -> None:
        if kind not in ("words", "characters"):
            raise UserError(f"tokens: {kind!r} is neither words nor characters")
        if buckets < 1:
            raise UserError(f"buckets: must be at least 1, not {buckets}")
        self.kind: Kind = kind
        self.vocabulary = vocabulary
        self.buckets = buckets
        self._runs = lru_cache(_REMEMBERED)(self._hashed)

    @classmethod
    def build(cls, texts: Iterable[str], kind: Kind, buckets: int, min_count: int) -> Self:
        """Those of some texts, of which tokens that come `min_count` times have a vector each.

        Args:
            texts: to count tokens in.
            kind: "words" or "characters".
            buckets: how many vectors runs of letters share.
            min_count: rarer tokens have no vector of their own.
        """
        cut = ([_known_as(token) for token in split_text(text, kind)] for text in texts)
        return cls(kind, WordVocabulary.build(cut, min_count), buckets)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def tokenize(self, text: str) -> list[str]:
        """A text in its tokens, as they stand in it; white space is none."""
        return split_text(text, self.kind)

    def encode(self, texts: Sequence[Sequence[str]], rounding: int = 1) -> TokenBatch:
        """Cut texts, each of at least one token → what the network reads.

        Args:
            texts: B of them.
            rounding: T is a multiple of it.
        """
        lengths = [len(text) for text in texts]
        steps = -(-max(lengths) // rounding) * rounding
        words = np.full((len(texts), steps), PADDING, dtype=np.int64)
        counts = np.zeros((len(texts), steps), dtype=np.int64)
        ngrams = np.full((len(texts), steps, 2), 2 * NGRAM_BUCKETS, dtype=np.int64)
        runs: list[Sequence[int]] = []
        for row, text in enumerate(texts):
            known = [_known_as(token) for token in text]
            words[row, : len(text)] = self.vocabulary.encode(known)
            of_each = [self._runs(token) for token in known]
            counts[row, : len(text)] = [len(of_one) for of_one in of_each]
            runs += of_each
            ngrams[row, : len(text)] = _ngrams(known)
        ends = counts.ravel().cumsum()
        return TokenBatch(
            torch.from_numpy(words),
            torch.tensor([run for of_one in runs for run in of_one], dtype=torch.long),
            torch.from_numpy(ends - counts.ravel()),
            torch.from_numpy(ngrams),
            torch.tensor(lengths),
        )

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs."""
        return {"kind": self.kind, "buckets": self.buckets, **_words(self.vocabulary)}

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """The tokens whose `to_json` this is.

        Raises:
            UserError, LookupError, TypeError: it is none.
        """
        return cls(json["kind"], WordVocabulary(json["words"]), int(json["buckets"]))

    def _hashed(self, token: str) -> tuple[int, ...]:
        """The buckets of a token's runs of letters, each once."""
        if token in self.vocabulary and self.kind == "characters":
            return (crc32(token.encode()) % self.buckets,)
        framed = f"<{token}>"
        runs = {framed[at : at + n] for n in RUNS for at in range(len(framed) - n + 1)}
        return tuple(sorted({crc32(run.encode()) % self.buckets for run in runs or {framed}}))


def split_text(text: str, kind: Kind) -> list[str]:
    """A text in its words or characters, as they stand in it, without white space.

    "isn't" is two words, as the Penn Treebank has it, so that texts that were cut already and
    texts as people write them are alike.
    """
    if kind == "characters":
        return [character for character in text if not character.isspace()]
    return _WORD.findall(text.translate(_TYPEWRITER))


def _known_as(token: str) -> str:
    """How a token is looked up: in lower case."""
    return token.lower()


def _ngrams(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """The buckets of each token, and of the pair that it ends; the first ends a pair as well."""
    pairs = (f"{before} {token}" for before, token in zip(["", *tokens], tokens, strict=False))
    return [
        (
            crc32(token.encode()) % NGRAM_BUCKETS,
            NGRAM_BUCKETS + crc32(pair.encode()) % NGRAM_BUCKETS,
        )
        for token, pair in zip(tokens, pairs, strict=True)
    ]


def _words(vocabulary: WordVocabulary) -> dict[str, Any]:
    return {"words": vocabulary.to_json()["words"]}

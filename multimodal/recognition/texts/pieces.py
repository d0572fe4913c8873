"""Text → pieces: words or characters, each known by itself and by the letters it is made of.

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

SIGNS = 2**15
"""Into so many buckets each, pieces and pairs of pieces are hashed."""

_WORD = re.compile(r"n't\b|\w+(?=n't\b)|'\w+|\w+|[^\w\s]")
_TYPEWRITER = str.maketrans(dict.fromkeys("\u2018\u2019\u00b4`", "'"))
_REMEMBERED = 2**16  # words whose runs are kept


class TokenBatch(NamedTuple):
    """B texts as the network reads them, padded to T pieces.

    Attributes:
        words: (B, T) numbers of pieces; PADDING behind the end of a text.
        runs: (R,) the hashed runs of all pieces, one after the other.
        starts: (B · T,) where the runs of each piece begin; a piece of padding has none.
        signs: (B, T, 2) the hashed piece, and the hashed pair of it and the one before, below
            2 · SIGNS; behind the end of a text, 2 · SIGNS.
        lengths: (B,) how many pieces each text has, at least 1.
    """

    words: Tensor
    runs: Tensor
    starts: Tensor
    signs: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """On another device."""
        return TokenBatch(*(tensor.to(device) for tensor in self))


class Pieces:
    """What texts are cut into, and the numbers of it.

        pieces = Pieces.build(["It isn't good."], kind="words", buckets=4096, min_count=1)
        pieces.cut("It isn't bad.")        # ["It", "is", "n't", "bad", "."]

    Args:
        kind: "words" or "characters".
        vocabulary: those that have a vector of their own.
        buckets: of the table of runs of letters.

    Raises:
        UserError: there is no such kind, or no bucket.
    """

    def __init__(self, kind: Kind, vocabulary: WordVocabulary, buckets: int) -> None:
        if kind not in ("words", "characters"):
            raise UserError(f"pieces: {kind!r} is neither words nor characters")
        if buckets < 1:
            raise UserError(f"buckets: must be at least 1, not {buckets}")
        self.kind: Kind = kind
        self.vocabulary = vocabulary
        self.buckets = buckets
        self._runs = lru_cache(_REMEMBERED)(self._hashed)

    @classmethod
    def build(cls, texts: Iterable[str], kind: Kind, buckets: int, min_count: int) -> Self:
        """Those of some texts, of which pieces that come `min_count` times have a vector each.

        Args:
            texts: to count pieces in.
            kind: "words" or "characters".
            buckets: how many vectors runs of letters share.
            min_count: rarer pieces have no vector of their own.
        """
        cut = ([_known_as(piece) for piece in cut_text(text, kind)] for text in texts)
        return cls(kind, WordVocabulary.build(cut, min_count), buckets)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def cut(self, text: str) -> list[str]:
        """A text in its pieces, as they stand in it; white space is none."""
        return cut_text(text, self.kind)

    def read(self, texts: Sequence[Sequence[str]], rounding: int = 1) -> TokenBatch:
        """Cut texts, each of at least one piece → what the network reads.

        Args:
            texts: B of them.
            rounding: T is a multiple of it.
        """
        lengths = [len(text) for text in texts]
        steps = -(-max(lengths) // rounding) * rounding
        words = np.full((len(texts), steps), PADDING, dtype=np.int64)
        counts = np.zeros((len(texts), steps), dtype=np.int64)
        signs = np.full((len(texts), steps, 2), 2 * SIGNS, dtype=np.int64)
        runs: list[Sequence[int]] = []
        for row, text in enumerate(texts):
            known = [_known_as(piece) for piece in text]
            words[row, : len(text)] = self.vocabulary.encode(known)
            of_each = [self._runs(piece) for piece in known]
            counts[row, : len(text)] = [len(of_one) for of_one in of_each]
            runs += of_each
            signs[row, : len(text)] = _signs(known)
        ends = counts.ravel().cumsum()
        return TokenBatch(
            torch.from_numpy(words),
            torch.tensor([run for of_one in runs for run in of_one], dtype=torch.long),
            torch.from_numpy(ends - counts.ravel()),
            torch.from_numpy(signs),
            torch.tensor(lengths),
        )

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs."""
        return {"kind": self.kind, "buckets": self.buckets, **_words(self.vocabulary)}

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """The pieces whose `to_json` this is.

        Raises:
            UserError, LookupError, TypeError: it is none.
        """
        return cls(json["kind"], WordVocabulary(json["words"]), int(json["buckets"]))

    def _hashed(self, piece: str) -> tuple[int, ...]:
        """The buckets of a piece's runs of letters, each once."""
        if piece in self.vocabulary and self.kind == "characters":
            return (crc32(piece.encode()) % self.buckets,)
        framed = f"<{piece}>"
        runs = {framed[at : at + n] for n in RUNS for at in range(len(framed) - n + 1)}
        return tuple(sorted({crc32(run.encode()) % self.buckets for run in runs or {framed}}))


def cut_text(text: str, kind: Kind) -> list[str]:
    """A text in its words or characters, as they stand in it, without white space.

    "isn't" is two words, as the Penn Treebank has it, so that texts that were cut already and
    texts as people write them are alike.
    """
    if kind == "characters":
        return [character for character in text if not character.isspace()]
    return _WORD.findall(text.translate(_TYPEWRITER))


def _known_as(piece: str) -> str:
    """How a piece is looked up: in lower case."""
    return piece.lower()


def _signs(pieces: Sequence[str]) -> list[tuple[int, int]]:
    """The buckets of each piece, and of the pair that it ends; the first ends a pair as well."""
    pairs = (f"{before} {piece}" for before, piece in zip(["", *pieces], pieces, strict=False))
    return [
        (crc32(piece.encode()) % SIGNS, SIGNS + crc32(pair.encode()) % SIGNS)
        for piece, pair in zip(pieces, pairs, strict=True)
    ]


def _words(vocabulary: WordVocabulary) -> dict[str, Any]:
    return {"words": vocabulary.to_json()["words"]}

"""Text ↔ ids: words, characters and bytes.

`TextVocabulary` is what all three can do with running text. Tokenised sentences, with a start and
an end, are what `WordVocabulary` alone knows.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError

PADDING, START, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<start>", "<end>", "<unk>")

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_WORD = re.compile(r" ?\w+| ?[^\w\s]|\s")

Ids: TypeAlias = npt.NDArray[np.int64]


class UnknownCharacterError(UserError):
    """A text holds a character that the vocabulary does not.

    Attributes:
        character: the first of them.
        place: where it stands in the text, counted from 0.
    """

    def __init__(self, character: str, place: int) -> None:
        self.character = character
        self.place = place
        super().__init__(f"the character {character!r} at place {place + 1} is not known")


class TextVocabulary(Protocol):
    """What every vocabulary can do with running text.

    Attributes:
        kind: "words", "characters" or "bytes".
        reserved: ids that stand for no piece of text and are never written.
    """

    kind: ClassVar[str]

    @property
    def reserved(self) -> tuple[int, ...]:
        """See the attributes."""

    def __len__(self) -> int:
        """How many ids there are."""

    def encode_text(self, text: str) -> Ids:
        """A text → its ids (N,)."""

    def text_decoder(self) -> Callable[[Iterable[int]], str]:
        """A function that turns the ids of one text, as they come, into its next characters."""

    def cut(self, text: str) -> list[str]:
        """A text in the pieces that are looked at one by one: its words or its characters."""

    def ends(self, ids: Ids) -> Ids:
        """Where in the ids (N,) of a text every piece of `cut` has its last id."""

    def to_json(self) -> dict[str, Any]:
        """All that `vocabulary_from_json` needs."""


class WordVocabulary:
    """Words and their ids; the most frequent word comes first, after four special ones.

    Ids 0 to 3 are padding, the start and the end of a sentence, and a word that is not known.

        vocabulary = WordVocabulary.build([["two", "dogs"], ["a", "dog"]])
        vocabulary.encode(["two", "cats"])             # the id of "two", then UNKNOWN
        vocabulary.decode([4, 5])                      # the words of two ids

    In running text a word carries the space before it, and punctuation and white space are words of
    their own, so that the text is its words in a row (`cut`).

    Args:
        words: the words without the special ones, each once.

    Raises:
        UserError: when a word stands twice.
    """

    kind: ClassVar[str] = "words"
    reserved = (PADDING, START, END, UNKNOWN)

    def __init__(self, words: Sequence[str]) -> None:
        self.words: tuple[str, ...] = (*SPECIAL, *words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            twice = next(word for word, times in Counter(self.words).items() if times > 1)
            raise UserError(f"vocabulary: the word {twice!r} stands twice")

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], min_count: int = 1) -> Self:
        """The vocabulary of tokenised sentences: every word that is seen `min_count` times."""
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = [
            word for word, times in counts.items() if times >= min_count and word not in SPECIAL
        ]
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def encode(self, words: Iterable[str]) -> list[int]:
        """The ids of words; UNKNOWN for a word that is not in the vocabulary."""
        return [self._ids.get(word, UNKNOWN) for word in words]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words of ids."""
        return [self.words[number] for number in ids]

    def encode_text(self, text: str) -> Ids:
        """The ids of the words of a text; see `TextVocabulary`."""
        return np.array(self.encode(self.cut(text)), dtype=np.int64)

    def text_decoder(self) -> Callable[[Iterable[int]], str]:
        """Words in a row; see `TextVocabulary`."""
        return lambda ids: "".join(self.decode(ids))

    @staticmethod
    def cut(text: str) -> list[str]:
        """Words with the space before them, punctuation and white space; nothing is lost."""
        return _WORD.findall(text)

    def ends(self, ids: Ids) -> Ids:
        """Every id is a word of its own."""
        return np.arange(len(ids))

    def to_json(self) -> dict[str, Any]:
        """The words, without the special ones."""
        return {"kind": self.kind, "words": self.words[len(SPECIAL) :]}


class CharacterVocabulary:
    """The characters of any script and their ids, in the order of their code points.

        vocabulary = CharacterVocabulary.build("to be or not to be")
        vocabulary.encode_text("bee")                  # array([2, 3, 3])

    A character that is not known is an error, unless the vocabulary holds U+FFFD, the replacement
    character, which then stands for it.

    Args:
        characters: each once.

    Raises:
        UserError: when a character stands twice.
    """

    kind: ClassVar[str] = "characters"

    def __init__(self, characters: str) -> None:
        self.characters = characters
        codes = _code_points(characters)
        if len(np.unique(codes)) < len(codes):
            twice = next(c for c, times in Counter(characters).items() if times > 1)
            raise UserError(f"vocabulary: the character {twice!r} stands twice")
        unknown = characters.find(REPLACEMENT)  # -1 where there is none
        self.reserved: tuple[int, ...] = (unknown,) if unknown >= 0 else ()
        # One entry for every code point up to the last known one; the one behind is for all others.
        self._ids = np.full(int(codes.max(initial=-1)) + 2, unknown, dtype=np.int64)
        self._ids[codes] = np.arange(len(codes))

    @classmethod
    def build(
        cls, text: str | Iterable[str], min_count: int = 1, *, replace_unknown: bool = False
    ) -> Self:
        """The characters that are seen `min_count` times in a text.

        Args:
            text: any text, whole or in pieces.
            min_count: rarer characters are left out.
            replace_unknown: whether U+FFFD is to stand for what is not known.
        """
        counts = np.zeros(sys.maxunicode + 1, dtype=np.int64)
        for piece in [text] if isinstance(text, str) else text:
            seen = np.bincount(_code_points(piece))
            counts[: len(seen)] += seen
        kept = set(map(chr, np.flatnonzero(counts >= max(1, min_count)).tolist()))
        return cls("".join(sorted(kept | ({REPLACEMENT} if replace_unknown else set()))))

    def __len__(self) -> int:
        return len(self.characters)

    def extended(self, text: str) -> CharacterVocabulary:
        """The same ids, and behind them new ones for the characters of a text that lack one."""
        new = sorted(set(text) - set(self.characters))
        return CharacterVocabulary(self.characters + "".join(new))

    def encode_text(self, text: str) -> Ids:
        """The ids of the characters of a text.

        Raises:
            UnknownCharacterError: when one is not known and nothing may stand for it.
        """
        codes = _code_points(text)
        ids: Ids = self._ids[np.minimum(codes, len(self._ids) - 1)]
        unknown = np.flatnonzero(ids < 0)
        if len(unknown):
            place = int(unknown[0])
            raise UnknownCharacterError(text[place], place)
        return ids

    def text_decoder(self) -> Callable[[Iterable[int]], str]:
        """Characters in a row; see `TextVocabulary`."""
        return lambda ids: "".join(map(self.characters.__getitem__, ids))

    @staticmethod
    def cut(text: str) -> list[str]:
        """The characters."""
        return list(text)

    def ends(self, ids: Ids) -> Ids:
        """Every id is a character of its own."""
        return np.arange(len(ids))

    def to_json(self) -> dict[str, Any]:
        """The characters."""
        return {"kind": self.kind, "characters": self.characters}


class ByteVocabulary:
    """The 256 bytes of UTF-8: every text can be read, whatever its script."""

    kind: ClassVar[str] = "bytes"
    reserved: tuple[int, ...] = ()

    def __len__(self) -> int:
        return 256

    def encode_text(self, text: str) -> Ids:
        """The bytes of a text; see `TextVocabulary`."""
        encoded = text.encode("utf-8", "surrogatepass")
        return np.frombuffer(encoded, np.uint8).astype(np.int64)

    def text_decoder(self) -> Callable[[Iterable[int]], str]:
        """Characters as soon as their last byte is there; U+FFFD for bytes that are none."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return lambda ids: decoder.decode(bytes(ids))

    @staticmethod
    def cut(text: str) -> list[str]:
        """The characters, of one to four bytes."""
        return list(text)

    def ends(self, ids: Ids) -> Ids:
        """A character ends before the next byte that does not continue one, as 10xxxxxx does."""
        begins = np.flatnonzero(ids & 0b11000000 != 0b10000000)
        return np.append(begins[1:], len(ids))[: len(begins)] - 1

    def to_json(self) -> dict[str, Any]:
        """Nothing but its kind."""
        return {"kind": self.kind}


def vocabulary_from_json(json: Mapping[str, Any]) -> TextVocabulary:
    """The vocabulary whose `to_json` this is.

    Raises:
        UserError: when there is no such kind.
        LookupError: when something is missing.
    """
    kind = json["kind"]
    if kind == WordVocabulary.kind:
        return WordVocabulary(json["words"])
    if kind == CharacterVocabulary.kind:
        return CharacterVocabulary(json["characters"])
    if kind == ByteVocabulary.kind:
        return ByteVocabulary()
    raise UserError(f"vocabulary: {kind!r} is none of words, characters and bytes")


def _code_points(text: str) -> Ids:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)

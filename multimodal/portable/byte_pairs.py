"""Subwords by byte pair encoding in plain Python; see `multimodal.subwords.SubwordVocabulary`."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from multimodal.errors import UserError

# GPT-2's cut (Radford et al. 2019): contractions, letters, digits, signs, white space. Python's
# expressions know no classes of letters: the text is cut by a letter for the class of each
# character, L, N, S(pace) or O(ther), with an A in place of an apostrophe.
_CUT = re.compile(r" ?L+| ?N+| ?[OA]+|[S ]+(?![LNOA])|[S ]+".replace(" ", "B"))
_CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")


def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte: itself where it is printable, else one from U+0100."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in shown}
    hidden = (byte for byte in range(256) if byte not in letters)
    return letters | {byte: chr(256 + number) for number, byte in enumerate(hidden)}


_LETTERS = byte_letters()
_BYTES = {letter: byte for byte, letter in _LETTERS.items()}


class BytePairs:
    """Pieces of words and their ids, without a library.

    Args:
        merges: "left right", in the order of their learning.
        special: what no text holds.

    Raises:
        UserError: a merge joins pieces that are not there.
    """

    def __init__(self, merges: Sequence[str], special: Sequence[str]) -> None:
        pairs = [(left, right) for left, _, right in (m.partition(" ") for m in merges)]
        pieces = dict.fromkeys([*special, *sorted(_BYTES), *map("".join, pairs)])
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        for piece in (piece for pair in pairs for piece in pair):
            if piece not in self._ids:
                raise UserError(f"vocabulary: {piece!r} is merged, but nothing makes it")
        self.special = tuple(special)
        self._pieces = tuple(self._ids)
        self._ranks = {pair: number for number, pair in reversed(list(enumerate(pairs)))}
        self._merged = lru_cache(2**14)(self._merge)

    def encode(self, text: str) -> list[int]:
        """A text → its ids; white space around it does not count."""
        text = text.strip().encode("utf-8", "replace").decode()
        if not text:
            return []
        return [number for word in cut(f" {text}") for number in self._merged(shown(word))]

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """Ids → the text; special ones say nothing, bytes that are no UTF-8 become U+FFFD."""
        return self._written(ids).strip()

    def words(self, ids: Sequence[int]) -> tuple[list[str], list[int]]:
        """Words, and for every id the number of the word that it is a part of."""
        pieces = [self._pieces[number] for number in ids]
        parts = [shown(word) for word in cut(self._written(ids))]
        ends = list(accumulate(map(len, parts)))
        places = accumulate(len(piece) for piece in pieces)
        owners = [min(bisect_left(ends, place), len(ends) - 1) for place in places]
        return [_text(word).strip() for word in parts], owners

    def _written(self, ids: Iterable[int]) -> str:
        first = len(self.special)
        return _text("".join(self._pieces[number] for number in ids if number >= first))

    def _merge(self, word: str) -> tuple[int, ...]:
        """The pieces of a word: the earliest merge first, wherever it stands."""
        pieces = list(word)
        while len(pieces) > 1:
            pairs = set(pairwise(pieces))
            pair = min(pairs, key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if pair not in self._ranks:
                break
            joined: list[str] = []
            for piece in pieces:
                if joined and (joined[-1], piece) == pair:
                    joined[-1] += piece
                    joined.append("")  # what is joined takes no part in another pair
                else:
                    joined.append(piece)
            pieces = [piece for piece in joined if piece]
        return tuple(self._ids[piece] for piece in pieces)


def cut(text: str) -> list[str]:
    """A text in words with the space before them, numbers, signs and white space."""
    classes = "".join(map(_class, text))
    words: list[str] = []
    place = 0
    while place < len(text):
        short = _CONTRACTION.match(text, place)
        end = (short or _cut_at(classes, place)).end()
        words.append(text[place:end])
        place = end
    return words


def _cut_at(classes: str, place: int) -> re.Match[str]:
    found = _CUT.match(classes, place)
    if found is None:  # every class begins a word
        raise AssertionError(classes[place])
    return found


@lru_cache(2**12)
def _class(character: str) -> str:
    if character == " ":
        return "B"
    if character == "'":
        return "A"
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        return "S"
    kind = unicodedata.category(character)[0]
    return kind if kind in "LN" else "O"


def shown(text: str) -> str:
    """A letter for every byte of a text."""
    return "".join(map(_LETTERS.__getitem__, text.encode("utf-8", "replace")))


def _text(letters: str) -> str:
    return bytes(map(_BYTES.__getitem__, letters)).decode("utf-8", "replace")

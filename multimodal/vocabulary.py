"""Text ↔ ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from multimodal.errors import UserError

PADDING, START, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<start>", "<end>", "<unk>")


class WordVocabulary:
    """Words and their ids; the most frequent word comes first, after four special ones.

    Ids 0 to 3 are padding, the start and the end of a sentence, and a word that is not known.

        vocabulary = WordVocabulary.build([["two", "dogs"], ["a", "dog"]])
        vocabulary.encode(["two", "cats"])             # the id of "two", then UNKNOWN
        vocabulary.decode([4, 5])                      # the words of two ids

    Args:
        words: the words without the special ones, each once.

    Raises:
        UserError: when a word stands twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words: tuple[str, ...] = (*SPECIAL, *words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            twice = next(word for word, times in Counter(self.words).items() if times > 1)
            raise UserError(f"vocabulary: the word {twice!r} stands twice")

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], at_least: int = 1) -> Self:
        """The vocabulary of tokenised sentences: every word that is seen `at_least` times."""
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = [word for word, times in counts.items() if times >= at_least and word not in SPECIAL]
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

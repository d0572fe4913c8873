"""Words that a translator has never seen are kept as they are, where they seem to be names.

A word that is put together from long subwords, such as a German compound, is translated by its
parts and best left to the network. One that has to be spelled out, nearly letter by letter, means
nothing to it: the words that were written while the attention lay on it give way to it (Luong et
al. 2015, Addressing the rare word problem in neural machine translation).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from multimodal.subwords import Subwords
from multimodal.translation.sentences import words_of

SPELLED = 3.0  # letters of a subword, on average: a word of shorter ones is spelled out


class Alignment(NamedTuple):
    """A translation, word by word.

    Attributes:
        source_words: (S,) what was read.
        words: (T,) what was written.
        weights: (T, S) where the attention lay.
        text: the translation as it is read.
    """

    source_words: Sequence[str]
    words: Sequence[str]
    weights: npt.NDArray[np.float32]
    text: str


def is_spelled(word: str, vocabulary: Subwords) -> bool:
    """Whether a word has to be spelled out in short pieces."""
    pieces = vocabulary.encode(word)
    return len(pieces) > 1 and len(word) / len(pieces) < SPELLED


def keep_unknown(aligned: Alignment, unknown: Sequence[str], vocabulary: Subwords) -> Alignment:
    """Put spelled words that are unknown in the place of what was written while they were read.

    Args:
        aligned: the translation.
        unknown: the unknown words of the source, in lower case.
        vocabulary: tells which of them are spelled.
    """
    names = {word for word in unknown if is_spelled(word, vocabulary)}
    for column, word in enumerate(aligned.source_words):
        if names.intersection(words_of(word)):
            aligned = _kept(aligned, column)
    return aligned


def _kept(aligned: Alignment, column: int) -> Alignment:
    """Write a source word in the place of the run of words that looked at it most."""
    word = aligned.source_words[column]
    if word in aligned.words or not aligned.words:
        return aligned
    looking = aligned.weights.argmax(1) == column
    looking &= np.array([re.search(r"\w", w) is not None for w in aligned.words])
    if not looking.any():
        return aligned
    first = int(np.argmax(np.where(looking, aligned.weights[:, column], -1.0)))
    begin, end = first, first + 1
    while begin and looking[begin - 1]:
        begin -= 1
    while end < len(looking) and looking[end]:
        end += 1
    return _with_word(aligned, begin, end, word)


def replace_invented(aligned: Alignment, known: Collection[str]) -> Alignment:
    """Put source words in the place of written words that their language does not have.

    A network that does not know what to say puts subwords together to a word that looks like one.
    In a usual sentence that may be a compound; in an unusual one it is an accident, which should
    not be taken for a word of the language.

    Args:
        aligned: the translation.
        known: the words of its language and the parts of those with hyphens or apostrophes, in
            lower case.
    """
    for row in reversed(range(len(aligned.words) if aligned.source_words else 0)):
        word = aligned.words[row]
        read = aligned.source_words[int(aligned.weights[row].argmax())]
        if re.search(r"\w", word) and word.lower() not in known and word != read:
            aligned = _with_word(aligned, row, row + 1, read)
    return aligned


def _with_word(aligned: Alignment, begin: int, end: int, word: str) -> Alignment:
    """Write a word in the place of those from `begin` to before `end`."""
    place = spans(aligned.words, aligned.text)
    text = aligned.text[: place[begin][0]] + word + aligned.text[place[end - 1][1] :]
    weights = np.concatenate(
        [
            aligned.weights[:begin],
            aligned.weights[begin:end].mean(0, keepdims=True),
            aligned.weights[end:],
        ]
    )
    words = [*aligned.words[:begin], word, *aligned.words[end:]]
    return Alignment(aligned.source_words, words, weights, text)


def spans(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand in it: the first character, and the one behind the last."""
    spans, end = [], 0
    for word in words:
        begin = max(text.find(word, end), end)
        end = begin + len(word)
        spans.append((begin, end))
    return spans

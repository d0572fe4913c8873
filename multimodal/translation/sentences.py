"""Sentences as the network sees them: without what only says that one begins and ends.

The capital of the first letter and the full stop behind the last word are taken away before a
sentence is read, and given to its translation: so "Two dogs run." and "two dogs run", as a
captioner writes it, are translated alike, and each into its own form. A first word stays as it is
where it would be rarer without its capital, as a German noun or a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from multimodal.subwords import Subwords

WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_STOP = "."


class SurfaceForm(NamedTuple):
    """How a sentence begins and ends.

    Attributes:
        small: whether it begins with a small letter.
        stopped: whether a full stop ends it.
    """

    small: bool
    stopped: bool

    @classmethod
    def of(cls, text: str) -> SurfaceForm:
        """The manner of a sentence."""
        text = text.strip()
        return cls(text[:1].islower(), text.endswith(_STOP) and not text.endswith(".."))

    def capitalize(self, text: str) -> str:
        """A bare sentence, or its first word, with a capital unless this manner has none."""
        return text if self.small else text[:1].upper() + text[1:]

    def restore(self, text: str) -> str:
        """A bare sentence in this manner."""
        return f"{self.capitalize(text)}{_STOP}" if self.stopped and text else self.capitalize(text)


def strip_sentence(text: str) -> str:
    """A sentence in one line, without the full stop at its end."""
    text = " ".join(text.split())
    return text[:-1].rstrip() if SurfaceForm.of(text).stopped else text


def uncapitalised(text: str) -> str:
    """The same with a small first letter."""
    return text[:1].lower() + text[1:]


def words_of(text: str) -> list[str]:
    """The words in lower case, without punctuation; what is looked up, not what is read."""
    return WORD.findall(text.lower())


def encode_sentences(texts: Sequence[str], vocabulary: Subwords) -> list[list[int]]:
    """The ids of sentences, of each the form with the fewer subwords, the small one if in doubt."""
    stripped = [strip_sentence(text) for text in texts]
    small = vocabulary.encode_all([uncapitalised(text) for text in stripped])
    plain = vocabulary.encode_all(stripped)
    return [a if len(a) <= len(b) else b for a, b in zip(small, plain, strict=True)]


def truecase(texts: Iterable[str]) -> list[str]:
    """Bare sentences of one language, to learn subwords from.

    A first word has a small letter, unless it has a capital more often where it is not the first.
    """
    stripped = [strip_sentence(text) for text in texts]
    within = Counter(word for text in stripped for word in WORD.findall(text)[1:])

    def form(text: str) -> str:
        first = WORD.match(text)
        if first and within[first[0]] > within[uncapitalised(first[0])]:
            return text
        return uncapitalised(text)

    return [form(text) for text in stripped]

"""A caption in another language: its words, and which of the caption's words they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypedDict

import numpy as np
import numpy.typing as npt

from multimodal.translation.copying import spans
from multimodal.translation.sentences import words_of

if TYPE_CHECKING:
    from multimodal.translation.translation import Translation

Weights = npt.NDArray[np.float32]

ASIDE = 1e-6  # what punctuation counts beside letters


class TranslatedWord(TypedDict):
    """A word of a translation."""

    word: Annotated[str, "as the translation has it"]
    kept: Annotated[bool, "whether it is the caption's own word, which the translator did not know"]


def translated_words(translation: Translation) -> list[TranslatedWord]:
    """The words of a translation as they are read: with spaces between them they are its text."""
    whole = translation.text.split()
    kept = _kept(translation)
    parts = translation.words
    inside = _overlaps(parts, whole, translation.text) > 0
    return [
        {"word": word, "kept": any(parts[n] in kept for n in np.flatnonzero(inside[:, place]))}
        for place, word in enumerate(whole)
    ]


def alignment(translation: Translation, words: Sequence[str]) -> Weights:
    """Where the translator looked while it wrote, word by word.

    A translator cuts at punctuation ("t", "-", "shirt") and a captioner before clitics ("do",
    "n't"), so that words are told by the characters that they have in common: over the parts of a
    caption's word the attention is summed, over the letters of a translated word it is meant.

    Args:
        translation: of a caption.
        words: the caption's, as the captioner cuts them.

    Returns:
        (translated words, words); what is missing to 1 in a row went to the end of the caption.
    """
    whole = translation.text.split()
    weights = translation.alignment
    if weights is None or not weights.size:
        return np.zeros((len(whole), len(words)), np.float32)
    read = _overlaps(translation.source_words, words, translation.source)
    read /= read.sum(1, keepdims=True).clip(min=1)
    written = _overlaps(translation.words, whole, translation.text)
    letters = [any(map(str.isalnum, part)) for part in translation.words]
    written *= np.where(letters, 1, ASIDE)[:, None]
    written /= written.sum(0).clip(min=ASIDE)
    aligned: Weights = (written.T @ weights @ read).astype(np.float32)
    return aligned


def _kept(translation: Translation) -> set[str]:
    """The words of the source that nobody knew, as they are written there."""
    unknown = set(translation.unknown)
    return {word for word in translation.source_words if unknown.intersection(words_of(word))}


def _overlaps(parts: Sequence[str], words: Sequence[str], text: str) -> npt.NDArray[np.float64]:
    """How many characters each part has in common with each word (parts, words) of a text."""
    ours, theirs = (np.array(spans(cut, text)).reshape(-1, 1, 2) for cut in (parts, words))
    theirs = theirs.swapaxes(0, 1)
    ends = np.minimum(ours[..., 1], theirs[..., 1])
    begins = np.maximum(ours[..., 0], theirs[..., 0])
    shared: npt.NDArray[np.float64] = (ends - begins).clip(min=0).astype(np.float64)
    return shared

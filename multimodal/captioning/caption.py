"""What a captioner says of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Recognition(NamedTuple):
    """A thing in a photo, with the probability that the classifier gives it."""

    name: str
    probability: float


@dataclass(frozen=True)
class Caption:
    """What the captioner says of one picture.

    Attributes:
        source: the name of the picture's file, or what stands for it.
        text: the sentence, in lower case and without a full stop; empty where there is an error.
        score: what sentences are ranked by: the log-probability of the whole sentence in nats over
            its length to the power of `length_penalty`; the nearer to 0, the surer.
        words: the words of the sentence.
        word_scores: log p of every word given the picture and the words before it, in nats.
        attention: (T, h, w) where the network looked for every word, each map with the sum 1, from
            the top left of the picture; None unless asked for, or for a decoder without attention.
        alternatives: the other sentences of the n best, best first.
        support: for every word, how probable it is that it belongs to the photo, by the word
            detector and the classifier together, from 0 to 1; 1 for words that are true of any
            photo. Empty for a captioner without a list of words.
        confidence: the calibrated probability that all objects that the sentence names are there; 0
            where nothing is known of the photo, None for a captioner that was not calibrated.
        objects: what the encoder's classifier recognised, surest first; empty where it has none.
        unmentioned: the sets of `must_mention` of which the sentence has no word.
        error: why there is no caption, in one line; None when all went well.
    """

    source: str
    text: str
    score: float
    words: tuple[str, ...] = ()
    word_scores: tuple[float, ...] = ()
    attention: npt.NDArray[np.float32] | None = None
    alternatives: tuple[Caption, ...] = ()
    support: tuple[float, ...] = ()
    confidence: float | None = None
    objects: tuple[Recognition, ...] = ()
    unmentioned: tuple[tuple[str, ...], ...] = ()
    error: str | None = None

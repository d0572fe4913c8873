"""Frames of characters and blanks → texts (connectionist temporal classification).

A path has one symbol a frame; its text is what is left when repeats become one and blanks vanish.
Many paths say the same text, whose probability is the sum of theirs (Graves et al. 2006, eq. 3).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.recognition.handwriting.transcription import Line

BLANK = 0

WIDTH = 16
"""Of the beam that looks for alternatives, at least."""

Frames: TypeAlias = npt.NDArray[np.float32]
"""(T, 1 + V) natural logarithms of probabilities: of the blank, and of the V characters."""

UNLIKELY = -9.0
"""Symbols of a frame less probable than this (its logarithm) are not followed by the beam."""


def best_path(frames: Frames, alphabet: str) -> str:
    """The text of the most probable path: the most probable symbol of every frame."""
    path = frames.argmax(-1)
    new = np.diff(path, prepend=BLANK) != 0
    return "".join(alphabet[symbol - 1] for symbol in path[new & (path != BLANK)])


def best_texts(frames: Frames, alphabet: str, width: int) -> list[str]:
    """The most probable texts, best first: a beam search over prefixes (Hannun et al. 2014).

    Args:
        frames: of one line.
        alphabet: the V characters.
        width: how many prefixes go on after every frame, and how many texts come back at most.
    """
    beam: dict[str, tuple[float, float]] = {"": (0.0, -math.inf)}
    for frame in frames.tolist():
        beam = _step(beam, frame, alphabet)
        if len(beam) > width:
            best = sorted(beam, key=lambda prefix: -_sum(*beam[prefix]))[:width]
            beam = {prefix: beam[prefix] for prefix in best}
    return sorted(beam, key=lambda text: -_sum(*beam[text]))


def lines_said(frames: Sequence[Frames], alphabet: str, alternatives: int) -> list[Line]:
    """Lines of no strokes yet, each by its frames.

    Args:
        frames: of every line.
        alphabet: the V characters.
        alternatives: how many of the most probable texts each is to tell; 0 takes the most probable
            path instead of a beam search.
    """
    if alternatives:
        return [_ranked(each, alphabet, alternatives) for each in frames]
    texts = [best_path(each, alphabet).strip() for each in frames]
    return [
        Line(text, chance / max(1, len(text)), ())
        for text, chance in zip(texts, log_probabilities(frames, texts, alphabet), strict=True)
    ]


def log_probabilities(frames: Sequence[Frames], texts: Sequence[str], alphabet: str) -> list[float]:
    """The natural logarithm of the probability of a text for each line: of all its paths.

    Args:
        frames: (T, 1 + V) log-probabilities of each line.
        texts: one for each line.
        alphabet: the V characters.
    """
    return [
        _log_probability(each, text, alphabet) for each, text in zip(frames, texts, strict=True)
    ]


def _log_probability(frames: Frames, text: str, alphabet: str) -> float:
    """See `log_probabilities`; by the forward variables of Graves et al. 2006, equations 6 and 7.

    States are the text's characters with a blank before, between and behind them; a path goes on
    to the next state or, past a blank between two different characters, to the one after that.
    """
    states = np.full(2 * len(text) + 1, BLANK)
    states[1::2] = [alphabet.index(character) + 1 for character in text]
    skips = np.zeros(len(states), np.bool_)
    skips[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    told = frames[:, states].astype(np.float64)  # (T, states)
    paths = np.where(np.arange(len(states)) < 2, told[0], -np.inf)
    for frame in told[1:]:
        before = np.concatenate([[-np.inf, -np.inf], paths])
        past = np.where(skips, before[:-2], -np.inf)
        paths = frame + np.logaddexp(np.logaddexp(paths, before[1:-1]), past)
    return float(np.logaddexp.reduce(paths[-2:]))


def _ranked(frames: Frames, alphabet: str, alternatives: int) -> Line:
    found = best_texts(frames, alphabet, max(WIDTH, 2 * alternatives))
    texts = list(dict.fromkeys(text.strip() for text in found))
    chances = log_probabilities([frames] * len(texts), texts, alphabet)
    order = sorted(range(len(texts)), key=lambda number: -chances[number])[:alternatives]
    ranking = tuple((texts[n], chances[n] / max(1, len(texts[n]))) for n in order)
    return Line(*ranking[0], (), ranking)


def _step(
    beam: dict[str, tuple[float, float]], frame: list[float], alphabet: str
) -> dict[str, tuple[float, float]]:
    """One frame further; of each prefix, what ends in a blank and what ends in its character."""
    in_blank: dict[str, float] = defaultdict(lambda: -math.inf)
    in_character: dict[str, float] = defaultdict(lambda: -math.inf)
    likely = [n for n in range(1, len(frame)) if frame[n] >= UNLIKELY]
    for prefix, (blank, character) in beam.items():
        both = _sum(blank, character)
        in_blank[prefix] = _sum(in_blank[prefix], both + frame[BLANK])
        for symbol in likely:
            letter, chance = alphabet[symbol - 1], frame[symbol]
            if prefix.endswith(letter):  # one without a blank between them is the same one
                in_character[prefix] = _sum(in_character[prefix], character + chance)
                come_from = blank
            else:
                come_from = both
            longer = prefix + letter
            in_character[longer] = _sum(in_character[longer], come_from + chance)
    ends = {
        prefix: (in_blank[prefix], in_character[prefix]) for prefix in {**in_blank, **in_character}
    }
    return {prefix: both for prefix, both in ends.items() if max(both) > -math.inf}


def _sum(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    larger, smaller = max(one, other), min(one, other)
    if smaller == -math.inf:
        return larger
    return larger + math.log1p(math.exp(smaller - larger))

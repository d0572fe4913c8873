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
import torch
import torch.nn.functional as F

BLANK = 0

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


def log_probabilities(frames: Sequence[Frames], texts: Sequence[str], alphabet: str) -> list[float]:
    """The natural logarithm of the probability of a text for each line: of all its paths."""
    if not frames:
        return []
    lengths = torch.tensor([len(each) for each in frames])
    batch = torch.zeros(int(lengths.max()), len(frames), 1 + len(alphabet))
    for number, each in enumerate(frames):
        batch[: len(each), number] = torch.from_numpy(each)
    codes = [[alphabet.index(character) + 1 for character in text] for text in texts]
    sizes = torch.tensor([len(code) for code in codes])
    flat = torch.tensor([symbol for code in codes for symbol in code], dtype=torch.int64)
    losses = F.ctc_loss(batch, flat, lengths, sizes, reduction="none")
    return [-float(loss) for loss in losses]


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

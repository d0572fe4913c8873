"""What is wrong with a written line, and how doubtful it is that it says its text.

See `multimodal.handwriting.legibility` for the idea.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from multimodal.handwriting.options import HandwritingOptions
from multimodal.handwriting.placing import joined, placed
from multimodal.handwriting.style import Style
from multimodal.handwriting.written import WrittenLine
from multimodal.seeds import derived_seed
from multimodal.strokes import Drawing

MOST_POINTS, WIDEST = 60, 4.0
"""A piece fails where the window dwells on a character for more points, or where the piece is so
many times as wide as its characters usually are."""

NOT_ENDED = 1000
"""How much it counts that a line did not end, where the faults of two are weighed."""


TEMPERATURE = 6.0
"""By which odds are divided: neighbouring points say much the same, so that their sums are too
sure. On UNIPEN's dev split 4 to 8 do about equally well, 1 and 2 less."""

_ALIKE = (
    "ao bl ce da el ft gy hn il ji kh lt mn nu oa pg qg rv sr tl un vr wv xy yg zr "
    "AH BR CG DO EF FE GC HN IJ JI KR LI MN NM OQ PD QO RK SJ TI UV VU WN XY YX ZL "
    "06 17 25 38 49 53 61 72 83 97 ., ,. ;: :; !| ?7 '` \"' -_ += *+ /( \\| () )( [( ]) {( }) "
    "<( >) =- &8 %# $S #% @a ^' _- `' |! ~-"
)
_LOOKALIKES = {pair[0]: pair[1] for pair in _ALIKE.split()}  # what a letter is easily taken for


@dataclass(frozen=True)
class TextChunk:
    """What is written in one go.

    Attributes:
        text: at least one character, all of which can be written.
        style: in which style.
    """

    text: str
    style: Style


Candidates: TypeAlias = Callable[
    [Sequence[TextChunk], Sequence[int], HandwritingOptions], tuple[list[WrittenLine], list[float]]
]
"""Pieces, each of several candidates several times, and a seed for each → lines, and how doubtful
it is that each says its piece."""


Judge: TypeAlias = Callable[[Sequence[Drawing], Sequence[str]], Sequence[int]]
"""Whoever reads pieces back: drawings and what they should say → how many errors are in each."""


def lookalike(text: str) -> str:
    """A text of the same length in which every letter is one that it is easily taken for."""
    return "".join(_LOOKALIKES.get(letter, letter) for letter in text)


def misread_nll(
    line: WrittenLine, text: str, nats: npt.NDArray[np.float32], begun: int = 0
) -> float:
    """How doubtful it is that a line says its text: -log of the probability, in nats.

    Args:
        line: with the negative log-likelihood of its points as what they should be.
        text: what it should say.
        nats: (N,) the negative log-likelihood of its points if what it says is the `lookalike` of
            the text.
        begun: how many cells come before those of the text.
    """
    # The window leads the pen: a point belongs to what was looked at when the one before was drawn.
    told = (nats - line.nats)[1:]
    odds = np.bincount(line.looks[:-1], told, begun + len(text))[begun:][: len(text)]
    compared = [letter in _LOOKALIKES for letter in text]
    return float(np.logaddexp(0, -odds[compared] / TEMPERATURE).sum())


def count_faults(line: WrittenLine, piece: TextChunk, scale: float) -> int:
    """What is wrong with a line: 0 where its window came to the end by way of all characters.

    Args:
        line: what was written.
        piece: what it should say, and in which style.
        scale: the network's unit.
    """
    counts = np.bincount(line.looks, minlength=len(piece.text) + 1)
    missed = sum(
        1 for letter, count in zip(piece.text, counts, strict=False) if letter != " " and not count
    )
    dwelt = int((counts[: len(piece.text)] > MOST_POINTS).sum())
    width = float(np.ptp(line.rows[:, 0].cumsum())) * scale
    wide = int(width > WIDEST * piece.style.pace * (len(piece.text) + 1))
    return missed + dwelt + wide + (0 if line.ended else NOT_ENDED)


def best_candidates(
    write: Candidates,
    pieces: Sequence[TextChunk],
    scale: float,
    options: HandwritingOptions,
    batch_size: int,
    judge: Judge | None = None,
) -> list[WrittenLine]:
    """Write a few candidates of each piece, and keep the most legible.

    Others are written where all fail, and where a judge can read none of them.

    What is written of a piece depends on its place among the pieces, and on the options.

    Args:
        write: writes candidates; gives them, and how doubtful each is.
        pieces: what to write.
        scale: the network's unit, in the units of the data.
        options: see `HandwritingOptions`.
        batch_size: candidates in one batch.
        judge: who reads them back; nobody unless given.
    """
    best: dict[int, tuple[tuple[int, int, float], WrittenLine]] = {}
    left = list(range(len(pieces)))
    for attempt in range(options.attempts):
        numbered = range(attempt * options.num_candidates, (attempt + 1) * options.num_candidates)
        numbers = [number for number in left for _ in numbered]
        seeds = [
            derived_seed(options.seed, number, candidate)
            for number in left
            for candidate in numbered
        ]
        for begin in range(0, len(numbers), batch_size):
            some = numbers[begin : begin + batch_size]
            of_some = [pieces[n] for n in some]
            lines, doubts = write(of_some, seeds[begin : begin + batch_size], options)
            errors = _misread(lines, of_some, scale, judge)
            for number, line, wrong, doubtful in zip(some, lines, errors, doubts, strict=True):
                rank = count_faults(line, pieces[number], scale), wrong, doubtful
                if number not in best or rank < best[number][0]:
                    best[number] = (rank, line)
        may_be_misread = len(numbered) * (attempt + 1) < options.max_candidates
        left = [n for n in left if best[n][0][0] or (best[n][0][1] and may_be_misread)]
        if not left:
            break
    return [best[number][1] for number in range(len(pieces))]


def _misread(
    lines: Sequence[WrittenLine], pieces: Sequence[TextChunk], scale: float, judge: Judge | None
) -> Sequence[int]:
    """How many errors a judge finds in each line; none without a judge."""
    if judge is None:
        return [0] * len(lines)
    texts = [piece.text for piece in pieces]
    there = [placed(line, text, scale) for line, text in zip(lines, texts, strict=True)]
    return judge([joined([one], 0.0) for one in there], texts)

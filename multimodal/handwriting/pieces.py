"""Pieces of text → written lines: begun in their hands, written at once, the best drafts kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from multimodal.handwriting.alphabet import encode
from multimodal.handwriting.batches import inputs_of
from multimodal.handwriting.generation import WrittenLine, write_lines
from multimodal.handwriting.legibility import Written, doubt, lookalike, nats_as
from multimodal.handwriting.model import POINT, PenState, WriterNetwork, padded_texts
from multimodal.handwriting.options import WritingOptions
from multimodal.handwriting.pen import Pens, PenWeights
from multimodal.handwriting.placing import joined, placed
from multimodal.handwriting.styles import Style
from multimodal.strokes import Drawing
from multimodal.training import derived_seed

AT_ONCE = 256  # pieces in one batch; more gain nothing and take memory

MOST_POINTS, WIDEST = 60, 4.0
"""A piece fails where the window dwells on a character for more points, or where the piece is so
many times as wide as its characters usually are."""

NOT_ENDED = 1000
"""How much it counts that a line did not end, where the faults of two are weighed."""


@dataclass(frozen=True)
class Piece:
    """What is written in one go.

    Attributes:
        text: at least one character, all of which can be written.
        style: in whose hand.
    """

    text: str
    style: Style


Judge: TypeAlias = Callable[[Sequence[Drawing], Sequence[str]], Sequence[int]]
"""Whoever reads pieces back: drawings and what they should say → how many errors are in each."""


def write_pieces(
    weights: PenWeights,
    pieces: Sequence[Piece],
    scale: float,
    options: WritingOptions,
    judge: Judge | None = None,
) -> list[WrittenLine]:
    """Write a few drafts of each piece, and keep the most legible.

    Others are written where all fail, and where a judge can read none of them.

    What is written of a piece depends on its place among the pieces, and on the options.

    Args:
        weights: laid out for single steps.
        pieces: what to write.
        scale: the network's unit, in the units of the data.
        options: see `WritingOptions`.
        judge: who reads them back; nobody unless given.
    """
    best: dict[int, tuple[tuple[int, int, float], WrittenLine]] = {}
    left = list(range(len(pieces)))
    for attempt in range(options.attempts):
        drafts = range(attempt * options.drafts, (attempt + 1) * options.drafts)
        numbers = [number for number in left for _ in drafts]
        seeds = [derived_seed(options.seed, number, draft) for number in left for draft in drafts]
        for begin in range(0, len(numbers), AT_ONCE):
            some = [pieces[n] for n in numbers[begin : begin + AT_ONCE]]
            of_some = _Drafts(some, seeds[begin : begin + AT_ONCE], scale)
            lines, doubts = of_some.written(weights, options)
            errors = _misread(lines, some, scale, judge)
            for number, line, wrong, doubtful in zip(
                numbers[begin:], lines, errors, doubts, strict=False
            ):
                rank = faults(line, pieces[number], scale), wrong, doubtful
                if number not in best or rank < best[number][0]:
                    best[number] = (rank, line)
        may_be_misread = len(drafts) * (attempt + 1) < options.most_drafts
        left = [n for n in left if best[n][0][0] or (best[n][0][1] and may_be_misread)]
        if not left:
            break
    return [best[number][1] for number in range(len(pieces))]


def _misread(
    lines: Sequence[WrittenLine], pieces: Sequence[Piece], scale: float, judge: Judge | None
) -> Sequence[int]:
    """How many errors a judge finds in each line; none without a judge."""
    if judge is None:
        return [0] * len(lines)
    texts = [piece.text for piece in pieces]
    there = [placed(line, text, scale) for line, text in zip(lines, texts, strict=True)]
    return judge([joined([one], 0.0) for one in there], texts)


def faults(line: WrittenLine, piece: Piece, scale: float) -> int:
    """What is wrong with a line: 0 where its window came to the end by way of all characters."""
    counts = np.bincount(line.looks, minlength=len(piece.text) + 1)
    missed = sum(
        1 for letter, count in zip(piece.text, counts, strict=False) if letter != " " and not count
    )
    dwelt = int((counts[: len(piece.text)] > MOST_POINTS).sum())
    width = float(np.ptp(line.rows[:, 0].cumsum())) * scale
    wide = int(width > WIDEST * piece.style.pace * (len(piece.text) + 1))
    return missed + dwelt + wide + (0 if line.ended else NOT_ENDED)


@dataclass(frozen=True)
class _Drafts:
    """Pieces to write in one batch.

    Attributes:
        pieces: a piece of several drafts several times.
        seeds: one for each.
        scale: the network's unit, in the units of the data.
    """

    pieces: Sequence[Piece]
    seeds: list[int]
    scale: float

    @torch.inference_mode()
    def written(
        self, weights: PenWeights, options: WritingOptions
    ) -> tuple[list[WrittenLine], list[float]]:
        """The lines, and how doubtful it is that each says its piece; 0 without a choice."""
        network = weights.network
        begun = [_begun(piece) for piece in self.pieces]
        texts = [start + piece.text for start, piece in zip(begun, self.pieces, strict=True)]
        hands = torch.tensor([piece.style.hand for piece in self.pieces])
        memory = network.memory(padded_texts([encode(text) for text in texts]))
        state, first = self._begin(network, memory, hands)
        lengths = torch.tensor([len(text) + 1 for text in texts])  # with the end
        pens = Pens(weights, memory, hands, state)
        lines = write_lines(pens, first, lengths, network.output, self.seeds, options.bias)
        doubts = [0.0] * len(lines)
        if options.drafts > 1:
            others = [
                s + lookalike(piece.text) for s, piece in zip(begun, self.pieces, strict=True)
            ]
            memory = network.memory(padded_texts([encode(other) for other in others]))
            state, _ = self._begin(network, memory, hands)
            nats = nats_as(network, Written(lines, first, hands), memory, state, weights.dtype)
            doubts = [
                doubt(line, piece.text, of_other, len(start))
                for line, piece, of_other, start in zip(
                    lines, self.pieces, nats, begun, strict=True
                )
            ]
        own = [
            line if not start else _after(line, len(start))
            for line, start in zip(lines, begun, strict=True)
        ]
        return own, doubts

    def _begin(
        self, network: WriterNetwork, memory: Tensor, hands: Tensor
    ) -> tuple[PenState, Tensor]:
        """The state before each line's first point, and the point that comes first (B, 4).

        Where there is a primer, the network has read all of it but its last point, which comes
        first.
        """
        primers = [piece.style.primer for piece in self.pieces]
        state = network.initial_state(len(primers))
        first = torch.zeros(len(primers), POINT)
        for primer in {id(primer): primer for primer in primers if primer is not None}.values():
            rows = torch.tensor([number for number, other in enumerate(primers) if other is primer])
            read = primer.array
            read[-1, 2] = 1  # the pen is lifted before the next word
            points = torch.from_numpy(inputs_of(read, self.scale)).expand(len(rows), -1, -1)
            *_, after = network.unroll(points[:, :-1], memory[rows], hands[rows])
            first[rows] = points[:, -1]
            state = _replaced(state, rows, after)
        return state, first


def _begun(piece: Piece) -> str:
    """What stands before a piece: the text that a line is written on from."""
    return "" if piece.style.primer is None else f"{piece.style.primer.text} "


def _replaced(state: PenState, rows: Tensor, others: PenState) -> PenState:
    window = type(state.window)(
        *(a.index_copy(0, rows, b.to(a)) for a, b in zip(state.window, others.window, strict=True))
    )
    upper = tuple(
        a.index_copy(0, rows, b.to(a)) for a, b in zip(state.upper, others.upper, strict=True)
    )
    return PenState(window, upper)


def _after(line: WrittenLine, begun: int) -> WrittenLine:
    """A line without the point that it was written on from; `begun` characters stood before it."""
    kept = slice(min(1, len(line.rows) - 1), None)  # a line that ended at once is a dot
    rows = line.rows[kept].copy()
    rows[:1, :2] = 0
    return replace(line, rows=rows, looks=(line.looks[kept] - begun).clip(0), nats=line.nats[kept])

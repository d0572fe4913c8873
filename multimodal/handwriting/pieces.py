"""Pieces of text → written lines: begun in their hands, written at once, mended where they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from multimodal.handwriting.alphabet import encode
from multimodal.handwriting.batches import inputs_of
from multimodal.handwriting.generation import WrittenLine, write_lines
from multimodal.handwriting.model import POINT, PenState, WriterNetwork, padded_texts
from multimodal.handwriting.options import WritingOptions
from multimodal.handwriting.pen import Pens, PenWeights
from multimodal.handwriting.styles import Primer, Style
from multimodal.training import derived_seed

AT_ONCE = 256  # pieces in one batch; more gain nothing and take memory

MOST_POINTS, WIDEST = 60, 4.0
"""A piece fails where the window dwells on a character for more points, or where the piece is so many
times as wide as its characters usually are."""

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


def write_pieces(
    weights: PenWeights, pieces: Sequence[Piece], scale: float, options: WritingOptions
) -> list[WrittenLine]:
    """Write pieces; whichever fails is written anew, from the next of its own seeds.

    What is written of a piece depends on its place among the pieces, and on the options.

    Args:
        weights: laid out for single steps.
        pieces: what to write.
        scale: the network's unit, in the units of the data.
        options: see `WritingOptions`.
    """
    best: dict[int, tuple[int, WrittenLine]] = {}
    left = list(range(len(pieces)))
    for attempt in range(options.attempts):
        for begin in range(0, len(left), AT_ONCE):
            some = left[begin : begin + AT_ONCE]
            seeds = [derived_seed(options.seed, number, attempt) for number in some]
            lines = _write(weights, [pieces[n] for n in some], scale, seeds, options.bias)
            for number, line in zip(some, lines, strict=True):
                found = faults(line, pieces[number], scale)
                if number not in best or found < best[number][0]:
                    best[number] = (found, line)
        left = [number for number in left if best[number][0]]
        if not left:
            break
    return [best[number][1] for number in range(len(pieces))]


def faults(line: WrittenLine, piece: Piece, scale: float) -> int:
    """What is wrong with a line: 0 where its window came to the end and looked at every character."""
    counts = np.bincount(line.looks, minlength=len(piece.text) + 1)
    missed = sum(
        1 for letter, count in zip(piece.text, counts, strict=False) if letter != " " and not count
    )
    dwelt = int((counts[: len(piece.text)] > MOST_POINTS).sum())
    width = float(np.ptp(line.rows[:, 0].cumsum())) * scale
    wide = int(width > WIDEST * piece.style.pace * (len(piece.text) + 1))
    return missed + dwelt + wide + (0 if line.ended else NOT_ENDED)


@torch.inference_mode()
def _write(
    weights: PenWeights, pieces: Sequence[Piece], scale: float, seeds: list[int], bias: float
) -> list[WrittenLine]:
    network = weights.network
    primers = [piece.style.primer for piece in pieces]
    begun = ["" if primer is None else f"{primer.text} " for primer in primers]
    texts = [encode(start + piece.text) for start, piece in zip(begun, pieces, strict=True)]
    memory = network.memory(padded_texts(texts))
    hands = torch.tensor([piece.style.hand for piece in pieces])
    state, first = _begin(network, primers, memory, hands, scale)
    lengths = torch.tensor([len(text) for text in texts])
    pens = Pens(weights, memory, hands, state)
    lines = write_lines(pens, first, lengths, network.output, seeds, bias)
    return [
        line if not start else _after(line, len(start))
        for line, start in zip(lines, begun, strict=True)
    ]


def _begin(
    network: WriterNetwork,
    primers: Sequence[Primer | None],
    memory: Tensor,
    hands: Tensor,
    scale: float,
) -> tuple[PenState, Tensor]:
    """The state before each line's first point, and the point that comes first (B, 4).

    Where there is a primer, the network has read all of it but its last point, which comes first.
    """
    state = network.initial_state(len(primers))
    first = torch.zeros(len(primers), POINT)
    for primer in {id(primer): primer for primer in primers if primer is not None}.values():
        rows = torch.tensor([number for number, other in enumerate(primers) if other is primer])
        read = primer.array
        read[-1, 2] = 1  # the pen is lifted before the next word
        points = torch.from_numpy(inputs_of(read, scale)).expand(len(rows), -1, -1)
        *_, after = network.unroll(points[:, :-1], memory[rows], hands[rows])
        first[rows] = points[:, -1]
        state = _replaced(state, rows, after)
    return state, first


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
    rows = line.rows[1:].copy()
    rows[:1, :2] = 0
    looks = (line.looks[1:] - begun).clip(0)
    return WrittenLine(rows, looks, line.ended)

"""Pieces of text → written lines: begun in their styles, written at once, the best kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from multimodal.handwriting.alphabet import encode
from multimodal.handwriting.batches import inputs_of
from multimodal.handwriting.candidates import (
    Judge,
    TextChunk,
    best_candidates,
    lookalike,
    misread_nll,
)
from multimodal.handwriting.generation import write_lines
from multimodal.handwriting.incremental_decoder import DecoderWeights, HandwritingDecoder
from multimodal.handwriting.legibility import WrittenLines, nll_as
from multimodal.handwriting.model import POINT, HandwritingNetwork, PenState, padded_texts
from multimodal.handwriting.options import HandwritingOptions
from multimodal.handwriting.written import WrittenLine

BATCH_SIZE = 256  # pieces in one batch; more gain nothing and take memory


def write_chunks(
    weights: DecoderWeights,
    pieces: Sequence[TextChunk],
    scale: float,
    options: HandwritingOptions,
    judge: Judge | None = None,
) -> list[WrittenLine]:
    """Write candidates of each piece, and keep the most legible; see `best_candidates`.

    Args:
        weights: laid out for single steps.
        pieces: what to write.
        scale: the network's unit, in the units of the data.
        options: see `HandwritingOptions`.
        judge: who reads them back; nobody unless given.
    """

    def candidates(
        some: Sequence[TextChunk], seeds: Sequence[int], options: HandwritingOptions
    ) -> tuple[list[WrittenLine], list[float]]:
        return _Candidates(some, list(seeds), scale).written(weights, options)

    return best_candidates(candidates, pieces, scale, options, BATCH_SIZE, judge)


@dataclass(frozen=True)
class _Candidates:
    """Pieces to write in one batch.

    Attributes:
        pieces: a piece of several candidates several times.
        seeds: one for each.
        scale: the network's unit, in the units of the data.
    """

    pieces: Sequence[TextChunk]
    seeds: list[int]
    scale: float

    @torch.inference_mode()
    def written(
        self, weights: DecoderWeights, options: HandwritingOptions
    ) -> tuple[list[WrittenLine], list[float]]:
        """The lines, and how doubtful it is that each says its piece; 0 without a choice."""
        network = weights.network
        begun = [_begun(piece) for piece in self.pieces]
        texts = [start + piece.text for start, piece in zip(begun, self.pieces, strict=True)]
        embeddings = torch.tensor([piece.style.embedding for piece in self.pieces])
        memory = network.memory(padded_texts([encode(text) for text in texts]))
        state, first = self._begin(network, memory, embeddings)
        lengths = torch.tensor([len(text) + 1 for text in texts])  # with the end
        pens = HandwritingDecoder.start(weights, memory, embeddings, state)
        lines = write_lines(pens, first, lengths, network.output, self.seeds, options.bias)
        doubts = [0.0] * len(lines)
        if options.num_candidates > 1:
            others = [
                s + lookalike(piece.text) for s, piece in zip(begun, self.pieces, strict=True)
            ]
            memory = network.memory(padded_texts([encode(other) for other in others]))
            state, _ = self._begin(network, memory, embeddings)
            nats = nll_as(
                network, WrittenLines(lines, first, embeddings), memory, state, weights.dtype
            )
            doubts = [
                misread_nll(line, piece.text, of_other, len(start))
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
        self, network: HandwritingNetwork, memory: Tensor, embeddings: Tensor
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
            *_, after = network.unroll(points[:, :-1], memory[rows], embeddings[rows])
            first[rows] = points[:, -1]
            state = _replaced(state, rows, after)
        return state, first


def _begun(piece: TextChunk) -> str:
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

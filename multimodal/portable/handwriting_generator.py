"""A writer of handwriting in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np

from multimodal.errors import UserError
from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.candidates import TextChunk, best_candidates, lookalike, misread_nll
from multimodal.handwriting.options import HandwritingChanges, HandwritingOptions
from multimodal.handwriting.pages import PageWriter
from multimodal.handwriting.written import WrittenLine, most_points
from multimodal.portable.file import Array, ModelFile
from multimodal.seeds import uniforms

BATCH_SIZE = 128  # pieces in one batch
UNIFORMS = 4  # random numbers of a point


class PortableHandwritingGenerator(PageWriter):
    """A text becomes handwriting; see `multimodal.handwriting.generator.HandwritingGenerator`.

    Args:
        file: made for "handwriting-generator".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.scale = float(file["scale"])
        self.paces = tuple(float(pace) for pace in file["paces"])
        self.gallery: list[list[float]] = file["gallery"]
        self.options = HandwritingOptions(bias=float(file["bias"]))

    @property
    def writer_embedding_size(self) -> int:
        """See `PageWriter`."""
        return len(self.gallery[0])

    @property
    def characters(self) -> str:
        """Every character that can be written."""
        return CHARACTERS

    def writer_embedding_of(self, number: int) -> tuple[float, ...]:
        """See `PageWriter`."""
        return tuple(self.gallery[number - 1])

    def write_texts(
        self, pieces: Sequence[TextChunk], **options: Unpack[HandwritingChanges]
    ) -> list[WrittenLine]:
        """See `PageWriter`."""
        for piece in pieces:
            if piece.style.primer is not None:
                raise UserError(
                    f"style {piece.style.name!r}: written on from a sample, which {self.file.path}"
                    " cannot; use the model itself"
                )
        chosen = self.options.changed(options)
        return best_candidates(self._candidates, pieces, self.scale, chosen, BATCH_SIZE, self.judge)

    def _candidates(
        self, pieces: Sequence[TextChunk], seeds: Sequence[int], options: HandwritingOptions
    ) -> tuple[list[WrittenLine], list[float]]:
        """The lines, and how doubtful it is that each says its piece; 0 without a choice."""
        texts = [encode(piece.text) for piece in pieces]
        lengths = [len(text) for text in texts]
        found = self.file.run(
            texts=padded(texts),
            others=padded([encode(lookalike(piece.text)) for piece in pieces]),
            lengths=lengths,
            styles=np.zeros(len(pieces)),
            embeddings=[piece.style.embedding for piece in pieces],
            uniforms=random_numbers(seeds, most_points(max(lengths))),
            bias=options.bias,
        )
        lines = [_line(found, number) for number in range(len(pieces))]
        others = [row[:n] for row, n in zip(found["other_nats"], found["counts"], strict=True)]
        if options.num_candidates == 1:
            return lines, [0.0] * len(lines)
        doubts = [
            misread_nll(line, piece.text, other)
            for line, piece, other in zip(lines, pieces, others, strict=True)
        ]
        return lines, doubts


def padded(texts: Sequence[Sequence[int]]) -> Array:
    """Numbers of several texts (B, U), zeros behind their ends."""
    rows = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = text
    return rows


def random_numbers(seeds: Sequence[int], points: int) -> Array:
    """(lines, points, 4) in [0, 1), as `HandwritingGenerator` draws them."""
    return uniforms(seeds, 1, points * UNIFORMS).reshape(len(seeds), points, UNIFORMS)


def _line(found: Mapping[str, Array], number: int) -> WrittenLine:
    count = int(found["counts"][number])
    return WrittenLine(
        found["rows"][number, :count],
        found["looks"][number, :count],
        bool(found["ended"][number]),
        found["nats"][number, :count],
    )

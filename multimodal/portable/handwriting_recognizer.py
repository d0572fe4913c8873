"""A reader of handwriting in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from multimodal.errors import UserError
from multimodal.portable.file import ModelFile
from multimodal.recognition.handwriting.decoding import Frames, lines_said
from multimodal.recognition.handwriting.lines import lines_of
from multimodal.recognition.handwriting.tracks import TRACK_FEATURES, Track, track_of
from multimodal.recognition.handwriting.transcription import Transcription
from multimodal.strokes import Drawing

BATCH_SIZE = 16  # lines
SHORTENED = 4  # points of a track in one frame


class PortableHandwritingRecognizer:
    """Handwriting becomes text; see `multimodal.recognition.handwriting.recognizer`.

    Args:
        file: made for "handwriting-recognizer".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.alphabet = str(file["alphabet"])

    @overload
    def read(
        self, drawings: Drawing, *, alternatives: int = 0, one_line: bool = False
    ) -> Transcription: ...

    @overload
    def read(
        self, drawings: Sequence[Drawing], *, alternatives: int = 0, one_line: bool = False
    ) -> list[Transcription]: ...

    def read(
        self,
        drawings: Drawing | Sequence[Drawing],
        *,
        alternatives: int = 0,
        one_line: bool = False,
    ) -> Transcription | list[Transcription]:
        """Read one drawing or a list of them; see `HandwritingRecognizer.read`."""
        if alternatives < 0:
            raise UserError(f"alternatives: must be 0 or more, not {alternatives}")
        if isinstance(drawings, Drawing):
            return self.read([drawings], alternatives=alternatives, one_line=one_line)[0]
        cut = [lines_of(drawing, one_line) for drawing in drawings]
        tracks = [
            track_of([drawing.strokes[n] for n in numbers])
            for drawing, lines in zip(drawings, cut, strict=True)
            for numbers in lines
        ]
        said = iter(lines_said(self.frames(tracks), self.alphabet, alternatives))
        return [
            Transcription(tuple(replace(next(said), strokes=tuple(numbers)) for numbers in lines))
            for lines in cut
        ]

    def frames(self, tracks: Sequence[Track]) -> list[Frames]:
        """What every frame of some tracks says: (⌈T / 4⌉, 1 + V) each."""
        found = [np.zeros((0, 1 + len(self.alphabet)), np.float32) for _ in tracks]
        order = sorted(range(len(tracks)), key=lambda number: len(tracks[number]))
        order = [number for number in order if len(tracks[number])]
        for begin in range(0, len(order), BATCH_SIZE):
            some = order[begin : begin + BATCH_SIZE]
            longest = -(-len(tracks[some[-1]]) // SHORTENED) * SHORTENED
            batch = np.zeros((len(some), longest, TRACK_FEATURES), np.float32)
            for row, number in zip(batch, some, strict=True):
                row[: len(tracks[number])] = tracks[number]
            said = self.file.run(tracks=batch, lengths=[len(tracks[n]) for n in some])
            for number, row, count in zip(some, said["log_probs"], said["frames"], strict=True):
                found[number] = row[:count]
        return found

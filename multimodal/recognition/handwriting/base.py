"""Handwriting → lines of text: all of it that needs no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

from multimodal.errors import UserError
from multimodal.recognition.handwriting.decoding import Frames, lines_said
from multimodal.recognition.handwriting.lines import lines_of
from multimodal.recognition.handwriting.tracks import Track, track_of
from multimodal.recognition.handwriting.transcription import Transcription
from multimodal.strokes import Drawing


class HandwritingRecognizerBase(ABC):
    """Handwriting becomes text.

    Attributes:
        alphabet: the characters that are told apart.
    """

    alphabet: str

    @abstractmethod
    def frames(self, tracks: Sequence[Track]) -> list[Frames]:
        """What every frame of some tracks says: (⌈T / SHORTENED⌉, 1 + V) each.

        They are read in batches of similar length; no track changes what is said of another.
        """

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
        """Read one drawing or a list of them.

        Args:
            drawings: any size, place, slope and sampling; strokes in the order they were drawn.
            alternatives: how many of the most probable texts each line is to tell; more than 0
                takes a beam search instead of the most probable path.
            one_line: whether each drawing is known to be a single line; else it is cut into lines.

        Raises:
            UserError: `alternatives` is negative.
        """
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

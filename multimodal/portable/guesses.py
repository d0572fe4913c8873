"""A recognizer of drawings in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.portable.file import Array, ModelFile
from multimodal.recognition.guess import Guess
from multimodal.recognition.ink import Ink
from multimodal.recognition.views import CHANNELS, look, pictures
from multimodal.strokes import Drawing

BATCH_SIZE = 64  # moments


class PortableRecognizer:
    """A drawing becomes a ranking; see `multimodal.recognition.recognizer.Recognizer`.

    Args:
        file: made for "recognizer".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.categories = tuple(str(name) for name in file["categories"])
        self.picture_size = int(file["picture_size"])

    @overload
    def guess(self, drawings: Drawing, top: int = 5) -> Guess: ...

    @overload
    def guess(self, drawings: Sequence[Drawing], top: int = 5) -> list[Guess]: ...

    def guess(self, drawings: Drawing | Sequence[Drawing], top: int = 5) -> Guess | list[Guess]:
        """Name one drawing or a list of them; see `Recognizer.guess`."""
        if isinstance(drawings, Drawing):
            return self.guess([drawings], top)[0]
        empty = [number for number, drawing in enumerate(drawings, 1) if not len(drawing)]
        if empty:
            raise UserError(f"drawing {empty[0]} has no stroke to guess from")
        return [self._guesses(drawing, [len(drawing)], top)[0] for drawing in drawings]

    @overload
    def guesses(self, drawings: Drawing, top: int = 5) -> list[Guess]: ...

    @overload
    def guesses(self, drawings: Sequence[Drawing], top: int = 5) -> list[list[Guess]]: ...

    def guesses(
        self, drawings: Drawing | Sequence[Drawing], top: int = 5
    ) -> list[Guess] | list[list[Guess]]:
        """Name drawings after every stroke; see `Recognizer.guesses`."""
        if isinstance(drawings, Drawing):
            return self._guesses(drawings, range(1, len(drawings) + 1), top)
        return [self.guesses(drawing, top) for drawing in drawings]

    def _guesses(self, drawing: Drawing, seen: Sequence[int], top: int) -> list[Guess]:
        """Name a drawing after some numbers of its strokes."""
        if top < 1:
            raise UserError(f"top: must be at least 1, not {top}")
        found: list[Guess] = []
        for begin in range(0, len(seen), BATCH_SIZE):
            some = np.array(seen[begin : begin + BATCH_SIZE])
            for row, strokes in zip(self._probabilities(drawing, some), some, strict=True):
                order = np.argsort(-row, kind="stable")[:top]
                ranking = tuple((self.categories[n], float(row[n])) for n in order)
                found.append(Guess(ranking, int(strokes)))
        return found

    def _probabilities(self, drawing: Drawing, seen: npt.NDArray[np.int64]) -> Array:
        """(N, V) after some numbers of strokes (N,)."""
        view = look(Ink.of([drawing]))
        size = self.picture_size
        drawn = pictures(view, seen - 1, size) if size else np.zeros((len(seen), CHANNELS, 1, 1))
        found = self.file.run(
            pieces=view.pieces[None],
            lengths=[len(view.pieces)],
            row=np.zeros(len(seen)),
            end=np.cumsum(view.sizes)[seen - 1] - 1,
            strokes=seen,
            pictures=drawn,
        )
        return found["probabilities"]

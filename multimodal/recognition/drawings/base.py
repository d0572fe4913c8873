"""Drawings → guesses, one by one or many at once: all of it that needs no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import overload

from multimodal.errors import UserError
from multimodal.recognition.guess import Guess
from multimodal.strokes import Drawing


class RecognizerBase(ABC):
    """A drawing becomes a ranking of categories, after every stroke."""

    @abstractmethod
    def _guess_whole(self, drawings: Sequence[Drawing], top: int) -> list[Guess]:
        """Name drawings that have strokes."""

    @abstractmethod
    def _guess_along(self, drawings: Sequence[Drawing], top: int) -> list[list[Guess]]:
        """Name drawings after each of their strokes."""

    @overload
    def guess(self, drawings: Drawing, top: int = 5) -> Guess: ...

    @overload
    def guess(self, drawings: Sequence[Drawing], top: int = 5) -> list[Guess]: ...

    def guess(self, drawings: Drawing | Sequence[Drawing], top: int = 5) -> Guess | list[Guess]:
        """Name one drawing or a list of them.

        Args:
            drawings: any size, place and sampling; a list is read in batches.
            top: how many categories of the ranking to give.

        Raises:
            UserError: a drawing has no stroke, or `top` is below 1.
        """
        if isinstance(drawings, Drawing):
            return self.guess([drawings], top)[0]
        empty = [number for number, drawing in enumerate(drawings, 1) if not len(drawing)]
        if empty:
            raise UserError(f"drawing {empty[0]} has no stroke to guess from")
        return self._guess_whole(drawings, top)

    @overload
    def guesses(self, drawings: Drawing, top: int = 5) -> list[Guess]: ...

    @overload
    def guesses(self, drawings: Sequence[Drawing], top: int = 5) -> list[list[Guess]]: ...

    def guesses(
        self, drawings: Drawing | Sequence[Drawing], top: int = 5
    ) -> list[Guess] | list[list[Guess]]:
        """Name one drawing or a list of them after every stroke, as if it were being drawn.

        Args:
            drawings: as for `guess`; one without strokes has no guesses.
            top: how many categories of each ranking to give.

        Raises:
            UserError: `top` is below 1.
        """
        if isinstance(drawings, Drawing):
            return self._guess_along([drawings], top)[0]
        return self._guess_along(drawings, top)

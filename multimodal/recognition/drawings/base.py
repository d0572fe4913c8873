"""Drawings → predictions, one by one or many at once: all of it that needs no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import overload

from multimodal.errors import UserError
from multimodal.recognition.prediction import Prediction
from multimodal.strokes import Drawing


class RecognizerBase(ABC):
    """A drawing becomes a ranking of categories, after every stroke."""

    @abstractmethod
    def _predict_whole(self, drawings: Sequence[Drawing], top: int) -> list[Prediction]:
        """Name drawings that have strokes."""

    @abstractmethod
    def _predict_steps(self, drawings: Sequence[Drawing], top: int) -> list[list[Prediction]]:
        """Name drawings after each of their strokes."""

    @overload
    def predict(self, drawings: Drawing, top: int = 5) -> Prediction: ...

    @overload
    def predict(self, drawings: Sequence[Drawing], top: int = 5) -> list[Prediction]: ...

    def predict(
        self, drawings: Drawing | Sequence[Drawing], top: int = 5
    ) -> Prediction | list[Prediction]:
        """Name one drawing or a list of them.

        Args:
            drawings: any size, place and sampling; a list is read in batches.
            top: how many categories of the ranking to give.

        Raises:
            UserError: a drawing has no stroke, or `top` is below 1.
        """
        if isinstance(drawings, Drawing):
            return self.predict([drawings], top)[0]
        empty = [number for number, drawing in enumerate(drawings, 1) if not len(drawing)]
        if empty:
            raise UserError(f"drawing {empty[0]} has no stroke to predict from")
        return self._predict_whole(drawings, top)

    @overload
    def predict_steps(self, drawings: Drawing, top: int = 5) -> list[Prediction]: ...

    @overload
    def predict_steps(
        self, drawings: Sequence[Drawing], top: int = 5
    ) -> list[list[Prediction]]: ...

    def predict_steps(
        self, drawings: Drawing | Sequence[Drawing], top: int = 5
    ) -> list[Prediction] | list[list[Prediction]]:
        """Name one drawing or a list of them after every stroke, as if it were being drawn.

        Args:
            drawings: as for `predict`; one without strokes has no predictions.
            top: how many categories of each ranking to give.

        Raises:
            UserError: `top` is below 1.
        """
        if isinstance(drawings, Drawing):
            return self._predict_steps([drawings], top)[0]
        return self._predict_steps(drawings, top)

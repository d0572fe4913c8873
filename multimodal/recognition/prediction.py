"""What a recognizer takes a drawing, a video or a text for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError


@dataclass(frozen=True)
class Prediction:
    """What a recognizer takes something for, as far as it has seen it.

    Attributes:
        ranking: the most probable labels with their probabilities, best first.
        seen: how many strokes, frames or words it had seen; of a video of which not every frame is
            looked at, the number of the last one.
    """

    ranking: tuple[tuple[str, float], ...]
    seen: int

    @classmethod
    def ranked(
        cls,
        labels: Sequence[str],
        probabilities: npt.NDArray[np.floating],
        seen: int,
        top: int | None = None,
    ) -> Prediction:
        """Rank the labels by their probabilities.

        Args:
            labels: V names.
            probabilities: (V,).
            seen: see the attribute.
            top: how many of them to give; all of them for None.

        Raises:
            UserError: `top` is below 1.
        """
        if top is not None and top < 1:
            raise UserError(f"top: must be at least 1, not {top}")
        order = np.argsort(-probabilities, kind="stable")[:top]
        return cls(tuple((labels[n], float(probabilities[n])) for n in order), seen)

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranking[0][0]

    @property
    def probability(self) -> float:
        """Of the most probable label."""
        return self.ranking[0][1]

    def probability_of(self, label: str) -> float:
        """Of any label in the ranking.

        Raises:
            LookupError: there is no such label.
        """
        return dict(self.ranking)[label]

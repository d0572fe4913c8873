"""What a recognizer takes a drawing for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Guess:
    """What the recognizer takes a drawing for.

    Attributes:
        ranking: the most probable categories with their probabilities, best first.
        strokes: how many strokes it had seen.
    """

    ranking: tuple[tuple[str, float], ...]
    strokes: int

    @property
    def category(self) -> str:
        """The most probable category."""
        return self.ranking[0][0]

    @property
    def probability(self) -> float:
        """Of the most probable category."""
        return self.ranking[0][1]

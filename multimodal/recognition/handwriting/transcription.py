"""What a handwriting recognizer says of handwriting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What stands in one line of a drawing.

    Attributes:
        text: without spaces at its ends.
        score: the natural logarithm of the text's probability, divided by its characters.
        strokes: the numbers of the line's strokes in the drawing, from 0.
        alternatives: the most probable texts with their scores, best first, the text being the
            first; empty unless they were asked for.
    """

    text: str
    score: float
    strokes: tuple[int, ...]
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Transcription:
    """What stands in a drawing.

    Attributes:
        lines: from the top; none on an empty canvas.
    """

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines of text, one under the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def score(self) -> float:
        """The mean of the lines' scores, longer lines counting for more; 0 on an empty canvas."""
        weights = [max(1, len(line.text)) for line in self.lines]
        total = sum(line.score * weight for line, weight in zip(self.lines, weights, strict=True))
        return total / sum(weights) if weights else 0.0

"""Figures of plain strokes, to number things beside handwriting."""

from __future__ import annotations

from multimodal.strokes import Drawing

# On a grid of 2 by 4, y down, the baseline at y = 4.
_STROKES = {
    "0": [[(0, 0), (2, 0), (2, 4), (0, 4), (0, 0)]],
    "1": [[(0, 1), (1, 0), (1, 4)]],
    "2": [[(0, 0), (2, 0), (2, 2), (0, 2), (0, 4), (2, 4)]],
    "3": [[(0, 0), (2, 0), (2, 4), (0, 4)], [(0, 2), (2, 2)]],
    "4": [[(0, 0), (0, 2), (2, 2)], [(2, 0), (2, 4)]],
    "5": [[(2, 0), (0, 0), (0, 2), (2, 2), (2, 4), (0, 4)]],
    "6": [[(2, 0), (0, 0), (0, 4), (2, 4), (2, 2), (0, 2)]],
    "7": [[(0, 0), (2, 0), (1, 4)]],
    "8": [[(0, 0), (2, 0), (2, 4), (0, 4), (0, 0)], [(0, 2), (2, 2)]],
    "9": [[(2, 2), (0, 2), (0, 0), (2, 0), (2, 4), (0, 4)]],
}
ADVANCE = 3.0  # from figure to figure, on the grid
HEIGHT = 4.0


def numeral(number: int, height: float) -> Drawing:
    """A number, its figures so high, from x = 0 on; the baseline is y = 0."""
    strokes = [
        [((x + place * ADVANCE) * height / HEIGHT, (y - HEIGHT) * height / HEIGHT) for x, y in one]
        for place, figure in enumerate(str(number))
        for one in _STROKES[figure]
    ]
    return Drawing(strokes)


def width_of(number: int, height: float) -> float:
    """How wide a number is."""
    return (len(str(number)) * ADVANCE - 1) * height / HEIGHT

"""Draw a birthday card for a pen plotter: a cake, balloons' worth of wishes, and a name.

    python examples/birthday_card.py Anna card.gcode      # or .svg, .png, .gif

The card is A6, 148 x 105 mm: drawings on the left, handwriting on the right.
"""

from __future__ import annotations

import sys

import multimodal
from multimodal.strokes import Drawing, Paper, save_drawings

WIDTH, HEIGHT = 148.0, 105.0  # mm


def placed(drawing: Drawing, x: float, y: float, width: float, height: float) -> Drawing:
    """A drawing in a box of the card, in mm from its top left corner."""
    fitted = drawing.fitted(width, height)
    return fitted.moved(x, y)


def main(name: str, path: str, seed: int = 1) -> None:
    """Write a card into a file, of the kind that its ending says."""
    sketcher = multimodal.load_sketcher()
    things = [sketcher.draw(thing, seed=seed)[0] for thing in ("ice cream", "candle")]
    generator = multimodal.load_handwriting_generator()
    greeting = generator.write(f"Happy birthday,\n{name}!", style=5, bias=1.0, seed=seed)
    parts = [
        placed(things[0], 12, 15, 50, 75),
        placed(things[1], 112, 60, 26, 35),
        placed(greeting, 66, 15, 72, 40),
    ]
    card = Drawing(tuple(stroke for part in parts for stroke in part.strokes))
    save_drawings([card], path, paper=Paper(WIDTH, HEIGHT))
    print(f"{path}: {len(card.strokes)} strokes")


if __name__ == "__main__":
    main(*sys.argv[1:3])

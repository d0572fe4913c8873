"""Videos of drawings being made: strokes appear on paper, and the label is known at every frame.

People draw differently, and so do videos: how fast the pen goes and where it rests, where on the
sheet the drawing lies and how large it is, how thick the pen is, the colours of ink and paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps

from multimodal.recognition.arrays import Floats
from multimodal.recognition.drawings.data import frequent_categories
from multimodal.splits import PUBLISHED, SPLITS, Split
from multimodal.strokes import Drawing, read_quickdraw
from multimodal.strokes.raster import add_ink
from multimodal.training import derived_seed

Colour: TypeAlias = tuple[int, int, int]

SMALLEST = 0.6  # of the sheet, that a drawing takes
THINNEST, THICKEST = 0.012, 0.036  # of the sheet's side, that a line is wide
PAUSES = 0.15  # the share of frames in which the pen rests
HASTE = 0.5  # standard deviation of the logarithm of the pen's speed
SPACING = 1 / 64  # of the sheet's side, between points: the pen stops anywhere along a stroke


@dataclass(frozen=True)
class RenderedVideo:
    """A drawing being made.

    Attributes:
        drawing: what is there in the end.
        seed: of all that makes one video differ from another of the same drawing.
    """

    drawing: Drawing
    seed: int

    def pictures(self, frames: int, size: int) -> Iterator[Image.Image]:
        """Its frames: RGB, `size` pixels square, the last one with the finished drawing."""
        random = np.random.default_rng(self.seed)
        shares = progress(random, frames)
        drawing = _placed(self.drawing, size, random)
        line_width = size * random.uniform(THINNEST, THICKEST)
        ink, paper = colours(random)
        sheet, done = Image.new("L", (size, size), 255), 0
        for share in shares:
            begun = drawing.first(math.ceil(share * drawing.points))
            add_ink(sheet, Drawing(begun.strokes[done:]), line_width)
            done = max(len(begun) - 1, 0)
            yield ImageOps.colorize(sheet, ink, paper)


def videos_of_quickdraw(
    folder: str | Path, videos: int | None, least: int
) -> dict[str, dict[str, list[RenderedVideo]]]:
    """Videos of the drawings in a folder of ``<category>.ndjson``.

    Args:
        folder: see `multimodal.strokes.read_quickdraw`.
        videos: at most so many for each category in the training split, a tenth as many in the
            dev split; one of every test drawing. One of every drawing for None.
        least: categories with fewer drawings in all splits are left out.

    Returns:
        Split → category → videos, the same each time.
    """
    parts = {split: read_quickdraw(folder, split) for split in SPLITS}
    names = frequent_categories(list(parts.values()), least)
    most = {"train": videos, "dev": videos and math.ceil(videos / 10), "test": None}
    return {
        split: {name: _rendered(split, name, part[name][: most[split]]) for name in names}
        for split, part in parts.items()
    }


def progress(random: np.random.Generator, frames: int) -> Floats:
    """The share (T,) of a drawing that is there at each frame; it never falls, and ends with 1."""
    speeds = np.exp(HASTE * random.standard_normal(frames))
    speeds[random.random(frames) < PAUSES] = 0
    if not speeds.any():
        speeds[0] = 1
    travelled = np.cumsum(speeds)
    shares: Floats = travelled / travelled[-1]
    return shares


def colours(random: np.random.Generator) -> tuple[Colour, Colour]:
    """Ink and paper: a third black on white, a sixth chalk on a board, the rest pens on papers."""
    kind = random.random()
    if kind < 1 / 3:
        return (0, 0, 0), (255, 255, 255)
    dark, light = _colour(random, 0, 110), _colour(random, 200, 256)
    return (light, dark) if kind < 1 / 2 else (dark, light)


def _rendered(split: Split, category: str, drawings: Sequence[Drawing]) -> list[RenderedVideo]:
    return [
        RenderedVideo(drawing, derived_seed("film", PUBLISHED[split], category, number))
        for number, drawing in enumerate(drawings)
        if len(drawing)
    ]


def _placed(drawing: Drawing, size: int, random: np.random.Generator) -> Drawing:
    """Anywhere on the sheet with its thickest line, mirrored half of the time."""
    reach = THICKEST * size / 2 + 1
    side = random.uniform(SMALLEST, 1) * (size - 2 * reach)
    fitted = drawing.fitted(side, side)
    if random.random() < 0.5:
        fitted = Drawing([(side, 0) + stroke * (-1, 1) for stroke in fitted])
    room = size - side - 2 * reach
    shift = reach + random.uniform(0, 1, 2) * room
    return fitted.moved(*shift.tolist()).resampled(SPACING * size)


def _colour(random: np.random.Generator, low: int, high: int) -> Colour:
    red, green, blue = random.integers(low, high, 3).tolist()
    return red, green, blue

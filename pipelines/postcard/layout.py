"""Where everything stands on a postcard, in millimetres: a photo, a stamp with drawings, writing.

    line = line_height(148, 105, letters=38, alone=False)
    plan = plan_card(148, 105, photo=4 / 3, drawn=True, writing=2 * line)
    plan.photo, plan.stamp, plan.writing         # boxes that do not overlap

Beside each other on a wide card, under each other on a tall one; what is missing leaves its place
to the others. The writing takes as many lines as it needs, up to `MOST_LINES` if that can be, in
letters as large as the card allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes import Drawing

MARGIN, GUTTER = 0.075, 0.055  # of the card's shorter side
LINE_HEIGHTS = (0.125, 0.115, 0.105, 0.095, 0.085, 0.075, 0.065)  # of the shorter side, best first
LETTER = 0.26  # the usual width of a letter, of the height of a line
MOST_LINES = 3
MOST_WRITING = 0.36  # of the card's height, where there is anything else on it
PHOTO_SHARE = 0.6  # of the room's longer side that a photo may take beside a stamp

TOOTH = 2.3  # millimetres from one tooth of a stamp's edge to the next
DEPTH = 0.55  # millimetres that a tooth is cut
INSIDE = 4.0  # millimetres between a stamp's edge and what is drawn in it
APART = 0.14  # between figures, of the height of the tallest of their row
LEAST, MOST = 40.0, 1000.0  # millimetres of a card's side


@dataclass(frozen=True)
class Box:
    """A part of a card, in millimetres from its left upper corner; y grows downwards."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Of its right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Of its lower side."""
        return self.top + self.height

    def inset(self, distance: float) -> Box:
        """The box within it, so far from all four sides."""
        return Box(
            self.left + distance,
            self.top + distance,
            max(self.width - 2 * distance, 0.0),
            max(self.height - 2 * distance, 0.0),
        )

    def overlaps(self, other: Box) -> bool:
        """Whether the two have more than a side in common."""
        aside = self.right <= other.left or other.right <= self.left
        return not (aside or self.bottom <= other.top or other.bottom <= self.top)

    def holds(self, drawing: Drawing, slack: float = 1e-6) -> bool:
        """Whether no point of a drawing is outside."""
        left, top, right, bottom = drawing.bounds
        across = self.left - slack <= left and right <= self.right + slack
        return across and self.top - slack <= top and bottom <= self.bottom + slack


@dataclass(frozen=True)
class CardPlan:
    """Where everything stands.

    Attributes:
        width, height: of the card.
        photo: where the photo is; None without one.
        stamp: the frame of the drawings; None where nothing is drawn.
        writing: where the sentence is.
    """

    width: float
    height: float
    photo: Box | None
    stamp: Box | None
    writing: Box


def line_height(width: float, height: float, letters: int, *, alone: bool) -> float:
    """How high a line is, in millimetres: the largest at which a sentence needs few enough lines.

    Args:
        width: of the card, in millimetres.
        height: likewise.
        letters: of the sentence.
        alone: whether there is nothing else on the card.

    Raises:
        UserError: the card is too small or too large.
    """
    page = _page(width, height)
    room = page.height if alone else MOST_WRITING * height
    short = min(width, height)
    for share in LINE_HEIGHTS:
        lines = _lines(share * short, page.width, letters)
        if lines <= MOST_LINES and lines * share * short <= room:
            return share * short
    smallest = LINE_HEIGHTS[-1] * short
    return min(smallest, room / _lines(smallest, page.width, letters))


def plan_card(
    width: float, height: float, *, photo: float | None, drawn: bool, writing: float
) -> CardPlan:
    """Part a card.

    Args:
        width: of the card, in millimetres.
        height: likewise.
        photo: the width of the photo as part of its height; None for a card without it.
        drawn: whether there is anything to draw.
        writing: how high the lines of the sentence are together, in millimetres; where that is too
            much, there is less room for them.

    Raises:
        UserError: the card is too small or too large.
    """
    page = _page(width, height)
    if photo is None and not drawn:
        tall = min(page.height, writing)
        place = Box(page.left, page.top + (page.height - tall) / 2, page.width, tall)
        return CardPlan(width, height, None, None, place)
    gutter = GUTTER * min(width, height)
    tall = min(writing, MOST_WRITING * height)
    place = Box(page.left, page.bottom - tall, page.width, tall)
    room = Box(page.left, page.top, page.width, page.height - tall - gutter)
    return CardPlan(width, height, *_pictures(room, gutter, photo, drawn=drawn), place)


def text_width(width: float, height: float) -> float:
    """How long a line of writing may be."""
    return _page(width, height).width


def stamp_edge(box: Box) -> Drawing:
    """The edge of a stamp along a box, within it: one stroke, of teeth of equal width."""
    across, down = (max(2, round(side / TOOTH)) for side in (box.width, box.height))
    corners = [
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    ]
    edge: list[tuple[float, float]] = []
    for number, (start, end) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True)):
        edge += _teeth(start, end, across if number % 2 == 0 else down)
    return Drawing([[*edge, edge[0]]])


def arrange(figures: Sequence[Drawing], box: Box) -> list[Drawing]:
    """Put figures side by side into a box, as large as it allows, sizes as they are to each other.

    They stand in rows on ground lines; in how many, decides what makes them largest.

    Args:
        figures: at least one, each with a stroke.
        box: where to.

    Returns:
        The figures in the same order, none of them overlapping another.
    """
    choices = [_rows(figures, count) for count in range(1, len(figures) + 1)]
    best = max(choices, key=lambda rows: _scale(rows, box))
    together = Drawing([stroke for figure in best for stroke in figure])
    left, top, right, bottom = together.bounds
    scale = _scale(best, box)
    dx = box.left + (box.width - scale * (right - left)) / 2 - scale * left
    dy = box.top + (box.height - scale * (bottom - top)) / 2 - scale * top
    return [figure.scaled(scale).moved(dx, dy) for figure in best]


def fit_writing(writing: Drawing, box: Box, *, centred: bool = False) -> Drawing:
    """Put lines of writing into a box: as they are, or smaller where they would not fit.

    They begin at the left unless they are centred, and are in the middle of the height that they
    leave free.

    Args:
        writing: its lines.
        box: in which they have to fit.
        centred: whether they stand in its middle.
    """
    left, top, right, bottom = writing.bounds
    across, down = max(right - left, 1e-9), max(bottom - top, 1e-9)
    scale = min(1.0, box.width / across, box.height / down)
    indent = (box.width - scale * across) / 2 if centred else 0.0
    return writing.scaled(scale).moved(
        box.left + indent - scale * left,
        box.top + (box.height - scale * down) / 2 - scale * top,
    )


def _lines(line: float, width: float, letters: int) -> int:
    return max(1, ceil(letters * LETTER * line / width))


def _page(width: float, height: float) -> Box:
    """The card without its margins."""
    if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
        raise UserError(
            f"a card of {width:g} x {height:g} mm: sides from {LEAST:g} to {MOST:g} expected"
        )
    return Box(0, 0, width, height).inset(MARGIN * min(width, height))


def _pictures(
    room: Box, gutter: float, photo: float | None, *, drawn: bool
) -> tuple[Box | None, Box | None]:
    """Where photo and stamp are in the room above the writing."""
    if photo is None:
        return None, room
    wide = room.width >= room.height
    if not drawn:
        width, height = _fitted(photo, room.width, room.height)
        left = room.left + (room.width - width) / 2
        return Box(left, room.top + (room.height - height) / 2, width, height), None
    if wide:
        width, height = _fitted(photo, PHOTO_SHARE * (room.width - gutter), room.height)
        place = Box(room.left, room.top + (room.height - height) / 2, width, height)
        left = place.right + gutter
        return place, Box(left, room.top, room.right - left, room.height)
    width, height = _fitted(photo, room.width, PHOTO_SHARE * (room.height - gutter))
    place = Box(room.left + (room.width - width) / 2, room.top, width, height)
    top = place.bottom + gutter
    return place, Box(room.left, top, room.width, room.bottom - top)


def _fitted(shape: float, width: float, height: float) -> tuple[float, float]:
    """The largest width and height of a shape (width / height) that fit."""
    return (width, width / shape) if width / shape <= height else (height * shape, height)


def _teeth(
    start: tuple[float, float], end: tuple[float, float], count: int
) -> list[tuple[float, float]]:
    """Points along a side, the last corner left out: half circles, flattened, cut inwards."""
    (x0, y0), (x1, y1) = start, end
    length = hypot(x1 - x0, y1 - y0)
    inwards = np.array((-(y1 - y0), x1 - x0)) / length  # clockwise on paper, y downwards
    share = np.arange(count * 8) / (count * 8)
    depth = DEPTH * np.abs(np.sin(np.pi * share * count))
    points = np.outer(1 - share, start) + np.outer(share, end) + np.outer(depth, inwards)
    return [(float(x), float(y)) for x, y in points]


def _rows(figures: Sequence[Drawing], count: int) -> list[Drawing]:
    """Figures in so many rows under each other, each row centred, on ground lines."""
    parts = np.array_split(np.arange(len(figures)), count)
    rows = [_row([figures[n] for n in part.tolist()]) for part in parts]
    placed: list[Drawing] = []
    top = 0.0
    for row in rows:
        left = min(figure.bounds[0] for figure in row)
        right = max(figure.bounds[2] for figure in row)
        height = -min(figure.bounds[1] for figure in row)
        placed += [figure.moved(-(left + right) / 2, top + height) for figure in row]
        top += height * (1 + APART) or 1.0
    return placed


def _row(figures: Sequence[Drawing]) -> list[Drawing]:
    """Figures beside each other, their lower sides at 0."""
    gap = APART * max(figure.bounds[3] - figure.bounds[1] for figure in figures)
    placed: list[Drawing] = []
    at = 0.0
    for figure in figures:
        left, _, right, bottom = figure.bounds
        placed.append(figure.moved(at - left, -bottom))
        at += right - left + (gap or 1.0)
    return placed


def _scale(figures: Sequence[Drawing], box: Box) -> float:
    """By how much figures become as large as the box allows."""
    left, top, right, bottom = Drawing([s for figure in figures for s in figure]).bounds
    return min(box.width / max(right - left, 1e-9), box.height / max(bottom - top, 1e-9))

"""A prompt and its drawings → one scene.

    prompt = parse_prompt("a crab under an umbrella", sketcher.categories)
    draw_prompt(sketcher, prompt, count=4, seed=7)      # four scenes

Figures have coarse natural sizes, milder than in nature: a crab is smaller than an umbrella.
Several of a kind stand in rows and differ a little in size. What is joined stands side by side on
one ground line. Nothing overlaps unless the place asks for it: inside, in front of, behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from math import ceil, sqrt
from typing import Protocol, TypeAlias, Unpack

from multimodal.sketching.natural_sizes import natural_size
from multimodal.sketching.occlusion import hidden_behind
from multimodal.sketching.options import DrawingChanges
from multimodal.sketching.prompts import Clause, Prompt, PromptObject
from multimodal.strokes.drawing import Drawing

UNIT = 256.0
"""The longer side of a figure of usual size, in the units of a scene."""

GAP = 0.12 * UNIT
"""The least distance between figures that stand beside or above each other."""

SIZE_WORDS = {"": 1.0, "tiny": 0.35, "small": 0.6, "big": 1.5, "huge": 2.2, "giant": 3.0}
"""What a size word multiplies the natural size by."""

LONGEST_ROW = 5  # more figures or clauses are put in several rows
VARIATION = 0.12  # by how much figures of a kind are smaller than their size, at most
GOLDEN = 0.618  # multiples of it, less their whole part, spread evenly over 0 to 1
SPECK = 1e-6  # what is no larger has no size to go by
ROOM = 0.5  # the share of a landmark's box that what is inside may take
SEEN = 0.4  # the share of a landmark's width that what is in front leaves free at the left

Figures: TypeAlias = list[Drawing]
Span: TypeAlias = tuple[float, float]


class Artist(Protocol):
    """Whoever can draw categories, such as a `Sketcher`."""

    @property
    def draw_many(self) -> Callable[..., Sequence[Sequence[Drawing]]]:
        """Takes (category, count) pairs and options; so many drawings for each, in their order."""
        ...


def draw_prompt(
    artist: Artist, prompt: Prompt, count: int = 1, **options: Unpack[DrawingChanges]
) -> list[Drawing]:
    """Draw scenes; all their figures come from one call of the artist.

    Args:
        artist: who draws the figures.
        prompt: what is in every scene.
        count: how many scenes.
        **options: for `artist.draw_many`, such as temperature and seed.
    """
    wanted = [(things.category, things.count * count) for things in prompt.objects]
    drawn = [iter(drawings) for drawings in artist.draw_many(wanted, **options)]
    return [
        lay_out(
            prompt,
            [
                next(drawings)
                for things, drawings in zip(prompt.objects, drawn, strict=True)
                for _ in range(things.count)
            ],
        )
        for _ in range(count)
    ]


def lay_out(prompt: Prompt, drawings: Sequence[Drawing]) -> Drawing:
    """Put the figures of a prompt together in one drawing, with its corner at the origin.

    A single figure stays as it was drawn, but for a size word.

    Args:
        prompt: what is in the scene.
        drawings: one for every figure, in the order of the prompt's text.
    """
    if len(drawings) == 1:
        return drawings[0].scaled(SIZE_WORDS[prompt.objects[0].size])
    figures = place_figures(prompt, drawings)
    return Drawing([stroke for figure in figures for stroke in figure.strokes])


def place_figures(prompt: Prompt, drawings: Sequence[Drawing]) -> Figures:
    """Size and place the figures of a scene, in the order of the prompt's text.

    Args:
        prompt: what is in the scene.
        drawings: one for every figure, in that order.
    """
    supply = iter(drawings)
    figures = _in_rows([_clause_figures(clause, supply) for clause in prompt.clauses])
    (left, _), (top, _) = _spans(figures)
    return _moved(figures, -left, -top)


def _clause_figures(clause: Clause, supply: Iterator[Drawing]) -> Figures:
    figures = _in_rows([_group(things, supply) for things in clause.objects])
    for placing in clause.placings:
        landmarks = [_group(things, supply) for things in placing.landmarks]
        figures = _placed(placing.place, figures, landmarks)
    return figures


def _group(things: PromptObject, supply: Iterator[Drawing]) -> Figures:
    return _in_rows([[_sized(next(supply), things, n)] for n in range(things.count)])


def _sized(drawing: Drawing, things: PromptObject, number: int) -> Drawing:
    (left, right), (top, bottom) = _spans([drawing])
    longer = max(right - left, bottom - top)
    size = UNIT * natural_size(things.category) * SIZE_WORDS[things.size]
    differs = 1 - VARIATION * (number * GOLDEN % 1)
    return drawing.scaled(size * differs / longer) if longer > SPECK else drawing


# ---- side by side ----


def _in_rows(blocks: Sequence[Figures]) -> Figures:
    """Blocks from left to right on one ground line; where they are many, in centred rows."""
    per_row = len(blocks) if len(blocks) <= LONGEST_ROW else ceil(sqrt(2 * len(blocks)))
    rows = ceil(len(blocks) / per_row)
    per_row = ceil(len(blocks) / rows)
    placed: Figures = []
    for first in range(0, len(blocks), per_row):
        row = _row(blocks[first : first + per_row])
        placed += _at("under", row, placed) if placed else row
    return placed


def _row(blocks: Sequence[Figures]) -> Figures:
    row: Figures = []
    for block in blocks:
        row += _at("right of", block, row) if row else block
    return row


# ---- places: how a span of the figures is moved beside a span of their landmark ----


def _centred(figures: Span, landmark: Span) -> float:
    return (sum(landmark) - sum(figures)) / 2


def _before(figures: Span, landmark: Span) -> float:
    return landmark[0] - GAP - figures[1]


def _after(figures: Span, landmark: Span) -> float:
    return landmark[1] + GAP - figures[0]


def _touching(figures: Span, landmark: Span) -> float:
    return landmark[0] - figures[1]


def _level(figures: Span, landmark: Span) -> float:
    return landmark[1] - figures[1]


def _nearer(figures: Span, landmark: Span) -> float:
    """Lower by a step, as what is nearer stands lower in a picture."""
    return _level(figures, landmark) + min(GAP, (figures[1] - figures[0]) / 4)


def _aside(figures: Span, landmark: Span) -> float:
    """Centred, or as far to the right as it takes for the landmark to be seen."""
    free = landmark[0] + SEEN * (landmark[1] - landmark[0])
    return max(_centred(figures, landmark), free - figures[0])


_SPOTS: dict[str, tuple[Callable[[Span, Span], float], Callable[[Span, Span], float]]] = {
    "above": (_centred, _before),
    "under": (_centred, _after),
    "on": (_centred, _touching),
    "next to": (_before, _level),
    "left of": (_before, _level),
    "right of": (_after, _level),
    "inside": (_centred, _centred),
    "in front of": (_aside, _nearer),
}


def _at(place: str, figures: Figures, landmark: Figures) -> Figures:
    """Figures moved to a place beside their landmark."""
    across, along = _SPOTS[place]
    (columns, rows), (landmark_columns, landmark_rows) = _spans(figures), _spans(landmark)
    return _moved(figures, across(columns, landmark_columns), along(rows, landmark_rows))


def _placed(place: str, figures: Figures, landmarks: Sequence[Figures]) -> Figures:
    """Figures at their place, and their landmarks."""
    landmark = landmarks[0]
    if place == "between":
        before, after = landmarks if len(landmarks) > 1 else _halves(landmark)
        return figures + _at("left of", before, figures) + _at("right of", after, figures)
    if place == "behind":
        front = _at("in front of", landmark, figures)
        return _hidden(figures, front) + front
    if place == "inside":
        figures = _shrunk(figures, landmark)
    figures = _at(place, figures, landmark)
    return figures + (_hidden(landmark, figures) if place == "in front of" else landmark)


def _halves(figures: Figures) -> tuple[Figures, Figures]:
    middle = (len(figures) + 1) // 2
    first, second = ([[figure] for figure in part] for part in (figures[:middle], figures[middle:]))
    return _in_rows(first), _in_rows(second)


def _shrunk(figures: Figures, landmark: Figures) -> Figures:
    """Small enough to be inside the landmark's box; never enlarged."""
    sides = zip(_spans(landmark), _spans(figures), strict=True)
    shares = [ROOM * (l1 - l0) / max(f1 - f0, SPECK) for (l0, l1), (f0, f1) in sides]
    return [figure.scaled(min(1.0, *shares)) for figure in figures]


def _hidden(figures: Figures, front: Figures) -> Figures:
    return [reduce(hidden_behind, front, figure) for figure in figures]


def _moved(figures: Figures, dx: float, dy: float) -> Figures:
    return [figure.moved(dx, dy) for figure in figures]


def _spans(figures: Figures) -> tuple[Span, Span]:
    """From left to right and from top to bottom of all figures; an empty drawing takes no place."""
    boxes = [figure.bounds for figure in figures if len(figure)] or [(0.0, 0.0, 0.0, 0.0)]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), max(rights)), (min(tops), max(bottoms))

"""Where drawings stand on a page: one layout for pictures, animations and plotters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.paper import Paper
from multimodal.strokes.plotter import Plotter

GAP = 0.08
"""Empty space around a drawing, as part of its cell."""


@dataclass(frozen=True)
class Sheet:
    """How drawings are shown; every format takes what it has a use for.

    Attributes:
        titles: a text under each drawing; the word of each in ndjson.
        columns: how many stand side by side; None makes the page about square.
        size: the side of the cell of one drawing, in pixels.
        line_width: in pixels; None takes a hundredth of the size.
        animated: an SVG draws itself, in the order of its strokes.
        seconds: how long it takes until an SVG or GIF is drawn.
        flip: a GIF shows one drawing after the other, each as it is, instead of all being drawn.
        plotter: makes an SVG in millimetres for this plotter; G-code is for it, or the usual one.
        paper: shows a single drawing, which is in millimetres, as a page of this paper.
    """

    titles: Sequence[str] | None = None
    columns: int | None = None
    size: float = 256
    line_width: float | None = None
    animated: bool = False
    seconds: float = 4.0
    flip: bool = False
    plotter: Plotter | None = None
    paper: Paper | None = None

    def __post_init__(self) -> None:
        if self.columns is not None and self.columns < 1:
            raise UserError(f"columns={self.columns}: at least 1")
        for name in ("size", "seconds", "line_width"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1e5:
                raise UserError(f"{name}={value}: choose something above 0, and not above 100000")

    @property
    def pen(self) -> float:
        """The width of a line, in pixels."""
        return self.size / 100 if self.line_width is None else self.line_width


class SheetOptions(TypedDict, total=False):
    """Those of the fields of `Sheet` that a call says."""

    titles: Sequence[str] | None
    columns: int | None
    size: float
    line_width: float | None
    animated: bool
    seconds: float
    flip: bool
    plotter: Plotter | None
    paper: Paper | None


@dataclass(frozen=True)
class Page:
    """Drawings that have found their places.

    Attributes:
        width: of the page, in the unit of the cells.
        height: likewise.
        drawings: in the coordinates of the page.
        titles: (x of the middle, y of the baseline, text) of each; empty without titles.
        room: how wide a title may be.
        font_size: of the titles.
        rules: lines to write on: left, right and y of each.
    """

    width: float
    height: float
    drawings: tuple[Drawing, ...]
    titles: tuple[tuple[float, float, str], ...]
    room: float
    font_size: float
    rules: tuple[tuple[float, float, float], ...] = ()

    def enlarged(self, factor: float) -> Page:
        """The same page in a smaller unit."""
        return Page(
            self.width * factor,
            self.height * factor,
            tuple(drawing.scaled(factor) for drawing in self.drawings),
            tuple((x * factor, y * factor, title) for x, y, title in self.titles),
            self.room * factor,
            self.font_size * factor,
            tuple((left * factor, right * factor, y * factor) for left, right, y in self.rules),
        )

    @property
    def every_stroke(self) -> Drawing:
        """All drawings as one."""
        return Drawing([stroke for drawing in self.drawings for stroke in drawing])


def arranged(drawings: Sequence[Drawing], sheet: Sheet, size: float, *, titled: bool) -> Page:
    """Lay drawings out as a sheet says: each in a cell of the size, or one on its paper.

    Args:
        drawings: what is laid out.
        sheet: how.
        size: of a cell, on its side.
        titled: whether titles are drawn.

    Raises:
        UserError: nothing to lay out, titles that are not one for each, or several on one paper.
    """
    if sheet.paper is not None:
        return _on_paper(drawings, sheet.paper)
    return lay_out(drawings, size, sheet.columns, sheet.titles if titled else None)


def _on_paper(drawings: Sequence[Drawing], paper: Paper) -> Page:
    if len(drawings) != 1:
        raise UserError(f"{len(drawings)} pages: a file shows one page of paper")
    right = paper.width - paper.margin
    rules = [(paper.margin, right, y) for y in paper.baselines] if paper.ruled else []
    return Page(paper.width, paper.height, tuple(drawings), (), 0.0, 0.0, tuple(rules))


def lay_out(
    drawings: Sequence[Drawing],
    size: float,
    columns: int | None = None,
    titles: Sequence[str] | None = None,
) -> Page:
    """Give every drawing a square cell, in rows from the top left, and scale it to fill its cell.

    Args:
        drawings: at least one.
        size: the side of a cell, in any unit.
        columns: cells in a row; None makes about as many rows as columns.
        titles: one under every cell, or None.

    Raises:
        UserError: nothing to lay out, or titles that are not one for each.
    """
    if not drawings:
        raise UserError("no drawing to show")
    if titles is not None and len(titles) != len(drawings):
        raise UserError(f"{len(titles)} titles for {len(drawings)} drawings: one for each expected")
    columns = min(columns or math.ceil(math.sqrt(len(drawings))), len(drawings))
    font_size = size / 14
    below = 2 * font_size if titles is not None else 0.0
    corners = [
        (number % columns * size, number // columns * (size + below))
        for number in range(len(drawings))
    ]
    return Page(
        columns * size,
        math.ceil(len(drawings) / columns) * (size + below),
        tuple(
            drawing.fitted(size, size, GAP * size).moved(*corner)
            for drawing, corner in zip(drawings, corners, strict=True)
        ),
        tuple(
            (x + size / 2, y + size + font_size, _printable(title))
            for (x, y), title in zip(corners, titles or (), strict=titles is not None)
        ),
        size * (1 - GAP),
        font_size,
    )


def _printable(title: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in title)
    return " ".join(shown.split())

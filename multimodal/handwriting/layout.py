"""Text → lines, pieces and pages: what is written together, and where it goes.

A line is written in pieces of a word or two, those of many lines at once: short pieces are fast,
cannot run away, and the best of a few candidates is better the shorter they are. They are then set
side by side on one baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from multimodal.errors import UserError
from multimodal.handwriting.placing import PlacedLine, joined, usual_gap
from multimodal.strokes import Drawing
from multimodal.strokes.paper import BASELINE, Paper

Align: TypeAlias = Literal["left", "center", "right"]

PIECE = 8
"""Characters of a piece at most, unless a single word has more."""

LONGEST_WORD = 60
"""Words of more characters are written in parts."""

CHARACTERS_AT_ONCE = 8192
"""Of pages that are written in one batch; a page of more is a batch of its own."""

UNITS_PER_LINE = 155.0
"""Units of the data from one baseline to the next, in letters of size 1."""

ROOM_FOR_CHANCE = 1.06
"""Lines are filled as if letters were so much wider than usual; what is too wide is squeezed."""


@dataclass(frozen=True)
class Layout:
    """How lines stand under each other.

    Attributes:
        line_height: from one baseline to the next, in millimetres.
        width: of the text, in millimetres: longer lines wrap; None lets them be.
        align: where lines that are shorter than the text is wide stand.
        size: of the letters, 1 being usual for the line height.

    Raises:
        UserError: a number is out of range, or `align` is none of the three.
    """

    line_height: float = 10.0
    width: float | None = None
    align: Align = "left"
    size: float = 1.0

    def __post_init__(self) -> None:
        for name in ("line_height", "width", "size"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 5000:
                raise UserError(f"{name}={value}: above 0 and at most 5000 expected")
        if self.align not in get_args(Align):
            raise UserError(f"align={self.align!r}: choose left, center or right")

    @property
    def unit(self) -> float:
        """Millimetres that a unit of the data takes."""
        return self.size * self.line_height / UNITS_PER_LINE

    @classmethod
    def on(cls, paper: Paper, align: Align = "left", size: float = 1.0) -> Layout:
        """The layout of a page.

        Args:
            paper: whose lines count.
            align: of each line.
            size: of the letters, as a share of the usual size.
        """
        return cls(paper.spacing, paper.room, align, size)


def wrapped(text: str, characters: int | None) -> list[str]:
    """The lines of a text, none of more than so many characters; words that are longer are cut."""
    lines = []
    for paragraph in text.split("\n"):
        words = paragraph.split()
        if characters is not None:
            words = [part for word in words for part in _parts(word, characters)]
        line = ""
        for word in words:
            if line and characters is not None and len(line) + 1 + len(word) > characters:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        lines.append(line)
    return lines


def chunks_of(line: str) -> list[str]:
    """A line in pieces of whole words, of about the same length; none for an empty line."""
    words = [part for word in line.split() for part in _parts(word, LONGEST_WORD)]
    whole = len(" ".join(words))
    count = -(-whole // PIECE)
    pieces: list[str] = []
    for word in words:
        if pieces and len(pieces[-1]) + len(word) / 2 < whole / count:
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return pieces


def characters_in(layout: Layout, pace: float) -> int | None:
    """How many characters a line takes in a style that moves by `pace` units a character."""
    if layout.width is None:
        return None
    return max(1, int(layout.width / (layout.unit * pace * ROOM_FOR_CHANCE)))


def set_lines(lines: Sequence[Sequence[PlacedLine]], layout: Layout) -> list[Drawing]:
    """Lines of pieces as drawings in millimetres, each with its baseline at y = 0, aligned."""
    gap = usual_gap([piece for line in lines for piece in line])
    drawings = []
    for line in lines:
        drawing = joined(line, gap).scaled(layout.unit)
        width = drawing.bounds[2]
        if layout.width is not None:
            if width > layout.width:
                squeezed = layout.width / width
                drawing = Drawing([stroke * (squeezed, 1.0) for stroke in drawing])
                width = layout.width
            free = {"left": 0.0, "center": 0.5, "right": 1.0}[layout.align]
            drawing = drawing.moved(free * (layout.width - width), 0)
        drawings.append(drawing)
    return drawings


def stacked(lines: Sequence[Drawing], layout: Layout) -> Drawing:
    """Lines under each other: the top of the first at y = 0."""
    return Drawing(
        [
            stroke
            for number, line in enumerate(lines)
            for stroke in line.moved(0, (number + BASELINE) * layout.line_height)
        ]
    )


def paged(lines: Sequence[str], paper: Paper) -> list[str]:
    """Lines on as many pages as it takes; a page of blank lines is left out."""
    pages = [lines[begin : begin + paper.lines] for begin in range(0, len(lines), paper.lines)]
    return ["\n".join(page) for page in pages if any(page)]


def on_page(lines: Iterable[Drawing], paper: Paper) -> Drawing:
    """Lines under each other on one page; as many as there are, or as there is room for."""
    places = zip(lines, paper.baselines, strict=False)
    return Drawing([stroke for line, y in places for stroke in line.moved(paper.margin, y)])


def batches_of(pages: Sequence[str]) -> Iterator[list[str]]:
    """Pages that are written at once: of a few thousand characters, so that memory has a bound."""
    batch: list[str] = []
    for page in pages:
        if batch and sum(map(len, batch)) + len(page) > CHARACTERS_AT_ONCE:
            yield batch
            batch = []
        batch.append(page)
    if batch:
        yield batch


def _parts(word: str, longest: int) -> list[str]:
    return [word[begin : begin + longest] for begin in range(0, len(word), longest)]

"""A sheet of paper that is written on: its size, its margin, its rules and the pen's width.

paper = Paper.named("A5", ruled=True)
save_drawings([page], "letter.svg", paper=paper)      # the page in millimetres, at its true size
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypedDict, Unpack

from multimodal.errors import UserError

BASELINE = 0.7
"""Where letters stand in a line, as part of the line's height from its top."""

SIZES = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "A6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "postcard": (148.0, 105.0),
}
"""Width and height in millimetres."""


class PaperOptions(TypedDict, total=False):
    """Those of the fields of `Paper` that a call says."""

    width: float
    height: float
    margin: float
    spacing: float
    ruled: bool
    pen_width: float
    pixels_per_mm: float


@dataclass(frozen=True)
class Paper:
    """A sheet of paper, in millimetres.

    Attributes:
        width: of the sheet.
        height: of the sheet.
        margin: what is left free on all four sides.
        spacing: from one line to the next.
        ruled: whether lines to write on are shown; a plotter never draws them.
        pen_width: of the line that the pen draws.
        pixels_per_mm: pixels a millimetre, for pictures.

    Raises:
        UserError: a number is out of range, or the margin leaves no room for a line.
    """

    width: float = 148.0
    height: float = 210.0
    margin: float = 15.0
    spacing: float = 10.0
    ruled: bool = False
    pen_width: float = 0.4
    pixels_per_mm: float = 8.0

    def __post_init__(self) -> None:
        for name in ("width", "height", "spacing", "pen_width", "pixels_per_mm"):
            if not 0 < getattr(self, name) <= 5000:
                raise UserError(f"{name}={getattr(self, name)}: above 0 and at most 5000 expected")
        if not 0 <= self.margin <= 5000:
            raise UserError(f"margin={self.margin}: from 0 to 5000 expected")
        if self.room <= 0 or self.lines < 1:
            raise UserError(
                f"a margin of {self.margin:g} mm and lines of {self.spacing:g} mm leave no room on"
                f" a sheet of {self.width:g} x {self.height:g} mm"
            )

    @classmethod
    def named(cls, size: str, **changes: Unpack[PaperOptions]) -> Self:
        """A sheet of a usual size: "A3" to "A6", "letter", "postcard", or "120x80" in millimetres.

        Raises:
            UserError: no such size, or a change out of range.
        """
        width, height = SIZES.get(size) or SIZES.get(size.upper()) or _measured(size)
        changes.setdefault("width", width)
        changes.setdefault("height", height)
        return cls(**changes)

    @property
    def room(self) -> float:
        """How long a line may be."""
        return self.width - 2 * self.margin

    @property
    def lines(self) -> int:
        """How many lines there is room for."""
        return int((self.height - 2 * self.margin) / self.spacing + 1e-9)

    @property
    def baselines(self) -> tuple[float, ...]:
        """How far below the upper edge the letters of each line stand."""
        return tuple(self.margin + (line + BASELINE) * self.spacing for line in range(self.lines))


def _measured(size: str) -> tuple[float, float]:
    width, _, height = size.lower().partition("x")
    try:
        return float(width), float(height)
    except ValueError:
        known = ", ".join(SIZES)
        raise UserError(f"no paper {size!r}: choose one of {known}, or 120x80 (mm)") from None

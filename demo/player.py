"""Drawings that draw themselves, to choose one from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.element import element
from demo.limits import Limits
from demo.pad import read_pad
from multimodal.errors import UserError
from multimodal.strokes import Drawing, Sheet, smoothed, to_points
from multimodal.strokes.svg_writing import encode_svg

POINTS_A_SECOND, LEAST_SECONDS, MOST_SECONDS = 45, 0.8, 5.0


@dataclass(frozen=True)
class Shown:
    """Drawings on the page.

    Attributes:
        drawings: in the order in which they are shown.
        title: what they show.
        category: the same, where it is a single thing of a kind that the sketcher knows.
        notes: what stands below them.
        chosen: the number of the one that was touched.
    """

    drawings: tuple[Drawing, ...] = ()
    title: str = ""
    category: str | None = None
    notes: tuple[str, ...] = ()
    chosen: int | None = None

    @property
    def wanted(self) -> tuple[Drawing, ...]:
        """The chosen one, or all."""
        return self.drawings if self.chosen is None else (self.drawings[self.chosen],)

    @property
    def value(self) -> dict[str, Any]:
        """What a player is sent: every drawing as an SVG that draws itself, and its points."""
        return {
            "title": self.title,
            "category": self.category,
            "notes": list(self.notes),
            "drawings": [
                {"svg": moving_svg(drawing), "strokes": to_points(drawing)}
                for drawing in self.drawings
            ],
        }


def player(label: str, hint: str = "", **options: Any) -> gr.HTML:
    """Put an empty grid on the page; it has the event `select`, when a drawing is touched.

    Args:
        label: what screen readers call it.
        hint: what stands there while it is empty.
        **options: of `gr.HTML`.
    """
    return element("player", label, hint=hint, **options)


def moving_svg(drawing: Drawing) -> str:
    """An SVG that draws itself; small drawings take less time."""
    seconds = min(MOST_SECONDS, max(LEAST_SECONDS, drawing.points / POINTS_A_SECOND))
    return encode_svg([smoothed(drawing)], Sheet(animated=True, seconds=seconds)).decode()


def read_shown(payload: Any, limits: Limits) -> Shown:
    """What a browser says it shows, as far as it can be believed.

    Raises:
        UserError: it is something else, or too much.
    """
    if payload is None:
        return Shown()
    if not isinstance(payload, Mapping) or not isinstance(payload.get("drawings"), list):
        raise UserError("These are no drawings of this page.")
    if len(payload["drawings"]) > limits.drawings:
        raise UserError(f"Please send at most {limits.drawings} drawings at once.")
    drawings = tuple(read_pad(strokes, limits) for strokes in payload["drawings"])
    chosen, category = payload.get("chosen"), payload.get("category")
    return Shown(
        drawings,
        str(payload.get("title", ""))[: limits.text],
        category if isinstance(category, str) else None,
        chosen=chosen if isinstance(chosen, int) and 0 <= chosen < len(drawings) else None,
    )

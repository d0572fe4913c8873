"""A pad to draw on: mouse, touch, pen or keyboard → a `Drawing`.

    pad = stroke_pad(shared.limits, "What is it?")
    pad.input(shared.polite(guess), [pad], …, trigger_mode="always_last")

Its value is [[[x, y, t, pressure], …], …]: a list of points for each stroke, in units of the pad,
milliseconds and shares of the full pressure. Handlers read it by `read_pad` and answer with strokes
or `suggested` endings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import gradio as gr

from demo.element import element
from demo.limits import Limits
from demo.shared import of_kind
from multimodal.errors import UserError
from multimodal.strokes import Drawing, from_points, smoothed, to_points

SIZE = (600, 600)
"""Of a usual pad, in its own units; it is shown as wide as there is room."""

Strokes: TypeAlias = list[list[list[float]]]
"""What a pad and API clients send: of a drawing the strokes, of each the points, of each x, y, …"""

STROKES = {
    "type": "array",
    "items": {
        "type": "array",
        "items": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 4,
        },
    },
    "description": "strokes: each a list of points [x, y] or [x, y, milliseconds, pressure]; any"
    " unit, x to the right, y down",
}
"""What a drawing is in JSON schema."""


def stroke_pad(
    limits: Limits,
    label: str,
    *,
    hint: str = "Draw here",
    size: tuple[int, int] = SIZE,
    pen: float = 1.0,
    paper: str = "dots",
    **options: Any,
) -> gr.HTML:
    """Put a pad on the page; it has the events `input`, after every change.

    Args:
        limits: how many strokes and points it takes.
        label: what screen readers call it.
        hint: what is written on it while it is empty.
        size: its width and height, in its own units.
        pen: the width of its lines, as a multiple of the usual one.
        paper: with "dots", or with "lines" to write on.
        **options: of `gr.HTML`.
    """
    pad = element(
        "pad",
        label,
        hint=hint,
        width=size[0],
        height=size[1],
        pen=pen,
        paper=paper,
        most_strokes=limits.strokes,
        most_points=limits.points,
        **options,
    )
    of_kind(pad, STROKES)
    return pad


def strokes_input(label: str = "Drawing", *, optional: bool = False) -> gr.JSON:
    """Put what takes a drawing from API clients, and is not seen, on the page."""
    taken = gr.JSON([] if optional else None, label=label, visible=False)
    of_kind(taken, STROKES)
    return taken


def read_pad(strokes: Any, limits: Limits) -> Drawing:
    """Strokes from anybody as a drawing; an empty canvas for none.

    Raises:
        UserError: it is no drawing, or larger than the limits allow.
    """
    if isinstance(strokes, Sequence) and not isinstance(strokes, str):
        points = sum(len(stroke) for stroke in strokes if isinstance(stroke, Sequence))
        if len(strokes) > limits.strokes or points > limits.points:
            raise UserError(
                f"The drawing has {len(strokes):,} strokes and {points:,} points. Please keep it to"
                f" {limits.strokes:,} strokes and {limits.points:,} points."
            )
    return from_points([] if strokes is None else strokes)


def suggested(begun: Drawing, endings: Sequence[Drawing], title: str) -> dict[str, Any]:
    """What a pad is sent to show endings faintly; one that shows something else by now does not.

    Args:
        begun: the unfinished drawing.
        endings: strokes to add to it, for somebody to choose from.
        title: what it becomes by them.
    """
    shown = [to_points(smoothed(ending)) for ending in endings]
    return {"of": begun.points, "endings": shown, "title": title}

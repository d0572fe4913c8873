"""One drawing turning into another, with a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from demo.element import element
from demo.limits import Limits
from demo.pad import read_pad
from multimodal.errors import UserError
from multimodal.strokes import Drawing, Sheet, smoothed, to_points
from multimodal.strokes.svg_writing import encode_svg


def flipbook(label: str, hint: str = "", **options: Any) -> gr.HTML:
    """Put an empty flip book on the page.

    Args:
        label: what screen readers call it.
        hint: what stands there while it is empty.
        **options: of `gr.HTML`.
    """
    return element("flipbook", label, hint=hint, value=None, **options)


def leaves(
    drawings: Sequence[Drawing], ends: tuple[str, str], notes: Sequence[str] = ()
) -> dict[str, Any]:
    """What a flip book is sent.

    Args:
        drawings: from one end to the other.
        ends: what they are called.
        notes: what stands below.
    """
    return {
        "first": ends[0],
        "last": ends[1],
        "notes": list(notes),
        "drawings": [
            {
                "svg": encode_svg([smoothed(drawing)], Sheet()).decode(),
                "strokes": to_points(drawing),
            }
            for drawing in drawings
        ],
    }


def read_leaves(payload: Any, limits: Limits, most: int) -> tuple[str, tuple[Drawing, ...]]:
    """What a browser says it shows: its title and its drawings, as far as it can be believed.

    Raises:
        UserError: it is something else, or too much.
    """
    if not isinstance(payload, Mapping) or not isinstance(payload.get("drawings"), list):
        raise UserError("There is nothing to save yet.")
    if len(payload["drawings"]) > most:
        raise UserError(f"Please send at most {most} drawings at once.")
    title = f"{payload.get('first', '')} to {payload.get('last', '')}"
    return title, tuple(read_pad(strokes, limits) for strokes in payload["drawings"])

"""Buttons that save drawings, one for each format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from demo.element import element
from demo.shared import scratch
from multimodal.errors import UserError
from multimodal.strokes import smoothed
from pipelines.output import named_after
from pipelines.sketch import Sketches, save

FORMATS = {
    ".svg": "SVG",
    ".png": "PNG",
    ".gif": "GIF",
    ".gcode": "G-code",
    ".ndjson": "ndjson",
}
"""What can be saved, and what people call it."""


def saver(label: str = "Save as", endings: Sequence[str] = tuple(FORMATS)) -> gr.HTML:
    """Put the buttons on the page; they have the event `click`, and the ending as their value.

    They are off until `gr.update(ready=True)`, that is, until there is something to save.

    Args:
        label: what stands before them.
        endings: keys of `FORMATS`.
    """
    buttons = [{"ending": ending, "name": FORMATS[ending]} for ending in endings]
    return element("saver", label, endings=buttons, ready=False)


def saved(sketches: Sketches, ending: Any, **how: bool) -> dict[str, Any]:
    """What the buttons are sent: a new file, which the browser then saves; see `new_file`."""
    path = new_file(sketches, ending, **how)
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()


def new_file(sketches: Sketches, ending: Any, *, smooth: bool = True, flip: bool = False) -> Path:
    """Save drawings, to a new folder.

    Args:
        sketches: what is saved; the file is named after the title.
        ending: which format.
        smooth: whether the lines are bent, as the page shows them; ndjson has the bare points.
        flip: whether a GIF shows one drawing after the other.

    Raises:
        UserError: there is no such format, or a drawing does not fit into it.
    """
    if ending not in FORMATS:
        raise UserError(f"There is no such format; please choose one of {', '.join(FORMATS)}.")
    path = scratch() / named_after(sketches.title, ending)
    if smooth and ending != ".ndjson":
        sketches = replace(sketches, drawings=tuple(map(smoothed, sketches.drawings)))
    save(sketches, path, flip=flip)
    return path

"""Read: handwriting on a pad becomes text, while it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.draw_together import LIVE
from demo.pad import Strokes, read_pad, stroke_pad, strokes_input
from demo.shared import Shared

if TYPE_CHECKING:
    from multimodal.recognition.handwriting.transcription import Line

MODEL = "reader-unipen"
SIZE = (1000, 440)
MOST_ALTERNATIVES = 10


class Text(TypedDict):
    """A text that was read."""

    text: Annotated[str, "what stands there"]
    score: Annotated[float, "the mean of ln p over its characters"]


class ReadLine(Text):
    """A line that was read, and what else it may be, best first."""

    alternatives: Annotated[list[Text], "what else it may be, best first"]


class ReadText(TypedDict):
    """What stands in a drawing: all of it, and line by line from the top."""

    text: Annotated[str, "all of it"]
    lines: Annotated[list[ReadLine], "line by line, from the top"]


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    pad = stroke_pad(
        shared.limits,
        "Pad: write by hand, and the network reads it",
        hint="Write something in English. I read along, stroke by stroke.",
        size=SIZE,
        pen=0.6,
        paper="lines",
        elem_id="read-pad",
    )
    text = gr.Textbox(
        label="I read",
        lines=2,
        interactive=False,
        buttons=["copy"],
        placeholder="…",
        elem_id="read-text",
    )

    def reading(strokes: Any) -> str:
        """What stands on the pad by now."""
        drawing = read_pad(strokes, shared.limits)
        return shared.models.handwriting_recognizer.read(drawing).text if drawing else ""

    _endpoint(shared)
    live = {**shared.private, **LIVE, "show_progress": "hidden", "trigger_mode": "always_last"}
    pad.input(shared.polite(reading), pad, text, **live)


def _endpoint(shared: Shared) -> None:
    """What API clients can call."""

    def read_handwriting(drawing: Strokes, alternatives: int) -> ReadText:
        """Read handwriting in English, of one line or several.

        Args:
            drawing: strokes in the order they were written, of each a list of points [x, y]; any
                unit, y downwards.
            alternatives: how many of the most probable texts of every line to tell.
        """
        read = read_pad(drawing, shared.limits)
        found = shared.models.handwriting_recognizer.read(read, alternatives=alternatives)
        return ReadText(text=found.text, lines=[_line(line) for line in found.lines])

    many = gr.Slider(0, MOST_ALTERNATIVES, 0, step=1, label="Alternatives", visible=False)
    shared.endpoint(read_handwriting, [strokes_input(), many])


def _line(line: Line) -> ReadLine:
    others = [Text(text=text, score=score) for text, score in line.alternatives]
    return ReadLine(text=line.text, score=line.score, alternatives=others)

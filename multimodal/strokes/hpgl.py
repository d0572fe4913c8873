"""Drawings as HPGL, the language of Hewlett-Packard's pen plotters (HP 7475A manual, 1984)."""

from __future__ import annotations

from multimodal.strokes.drawing import Array, Drawing

UNITS = 40
"""Of HPGL in a millimetre."""


def hpgl_program(strokes: Drawing, feed: float) -> bytes:
    """Strokes as HPGL: whole units from the lower left corner of the page, one pen.

    Args:
        strokes: in millimetres, y upwards, in the order in which they are drawn.
        feed: speed of drawing, in millimetres a minute.
    """
    lines = ["IN;", "SP1;", f"VS{max(1, round(feed / 600))};"]  # centimetres a second
    lines += [_stroke(stroke) for stroke in strokes]
    lines += ["PU0,0;", "SP0;", "IN;"]
    return ("\n".join(lines) + "\n").encode()


def _stroke(stroke: Array) -> str:
    start, *rest = [f"{round(x * UNITS)},{round(y * UNITS)}" for x, y in stroke.tolist()]
    return f"PU{start};PD{','.join(rest)};PU;"

"""Drawings as G-code: the program of a machine with a pen."""

from __future__ import annotations

from collections.abc import Sequence

from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.plotter import Plotter, plot_order, require_on_page, upwards
from multimodal.strokes.sheet import Sheet, arranged
from multimodal.terminal import counted


def encode_gcode(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    """A sheet of drawings as G-code, in millimetres and absolute coordinates.

    The pen is lifted before anything moves, y is counted upwards as machines do, nothing lies left
    of the plotter's origin or below it, and the pen ends there, lifted.

    Raises:
        UserError: ink that leaves its paper.
    """
    plotter = sheet.plotter or Plotter()
    page = arranged(drawings, sheet, plotter.size, titled=False)
    strokes = page.every_stroke
    require_on_page(strokes, page.width, page.height)
    ordered = plot_order(upwards(strokes, page.height))
    return gcode_program(ordered, page.width, page.height, plotter)


def gcode_program(strokes: Drawing, width: float, height: float, plotter: Plotter) -> bytes:
    """Strokes as G-code.

    Args:
        strokes: in millimetres from the lower left corner of the page, y upwards, in the order in
            which they are drawn.
        width: of the page.
        height: of the page.
        plotter: what draws them.
    """
    left, bottom = plotter.origin
    lines = [
        f"; {counted(len(strokes), 'stroke')} on {width:g} x {height:g} mm",
        "G21",
        "G90",
        plotter.pen_up,
    ]
    for stroke in strokes:
        lines += _stroke(stroke + plotter.origin, plotter)
    lines += [f"G0 {_point(left, bottom)}", "M2"]
    return ("\n".join(lines) + "\n").encode()


def _stroke(stroke: Array, plotter: Plotter) -> list[str]:
    start, *rest = [_point(x, y) for x, y in stroke.tolist()]
    lines = [f"G1 {point} F{plotter.feed:g}" for point in rest]
    return [f"G0 {start}", plotter.pen_down, *lines, plotter.pen_up]


def _point(x: float, y: float) -> str:
    return f"X{x + 0.0:.3f} Y{y + 0.0:.3f}".replace("-0.000", "0.000")

"""Drawings as G-code: the program of a machine with a pen."""

from __future__ import annotations

from collections.abc import Sequence

from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.plotter import Plotter, plot_order
from multimodal.strokes.sheet import Sheet, arranged


def encode_gcode(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    """A sheet of drawings as G-code, in millimetres and absolute coordinates.

    The pen is lifted before anything moves, y is counted upwards as machines do, nothing lies left
    of the plotter's origin or below it, and the pen ends there, lifted.
    """
    plotter = sheet.plotter or Plotter()
    page = arranged(drawings, sheet, plotter.size, titled=False)
    left, bottom = plotter.origin
    turned = Drawing([stroke * (1, -1) + (0, page.height) for stroke in page.every_stroke])
    lines = [
        f"; {len(turned)} strokes on {page.width:g} x {page.height:g} mm",
        "G21",
        "G90",
        plotter.pen_up,
    ]
    for stroke in plot_order(turned):
        lines += _stroke(stroke + plotter.origin, plotter)
    lines += [f"G0 {_point(left, bottom)}", "M2"]
    return ("\n".join(lines) + "\n").encode()


def _stroke(stroke: Array, plotter: Plotter) -> list[str]:
    start, *rest = [_point(x, y) for x, y in stroke.tolist()]
    lines = [f"G1 {point} F{plotter.feed:g}" for point in rest]
    return [f"G0 {start}", plotter.pen_down, *lines, plotter.pen_up]


def _point(x: float, y: float) -> str:
    return f"X{x:.3f} Y{y:.3f}"

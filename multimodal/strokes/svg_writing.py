"""Drawings as SVG: plain, drawing themselves without a script, or in millimetres for a plotter."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

import numpy as np

from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.plotter import Plotter, plot_order, require_on_page
from multimodal.strokes.sheet import Page, Sheet, arranged

HAIRLINE = 0.3  # millimetres: a usual pen
DECIMALS = 3  # of every length
DOT = 0.05  # millimetres: how long a dot is for a plotter
RULE_WIDTH, RULE_COLOUR = 0.15, "#a9bdd6"  # of lines to write on
RULE_FINENESS = 20  # pixels a millimetre, for programs that draw a picture in pixels

_ANIMATION = """\
<style>
.strokes path { animation: stroke-drawn linear both }
.strokes path.dot { animation-name: dot-drawn }
@keyframes stroke-drawn {
  from { stroke-dasharray: 1.01; stroke-dashoffset: 1.01; stroke-opacity: 0 }
  1% { stroke-opacity: 1 }
  to { stroke-dasharray: 1.01; stroke-dashoffset: 0 }
}
@keyframes dot-drawn { from { stroke-opacity: 0 } 1% { stroke-opacity: 1 } }
@media (prefers-reduced-motion: reduce) {
  .strokes path, .strokes path.dot { animation: none }
}
</style>
"""


def encode_svg(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    """A sheet of drawings as SVG; one group a drawing, one path a stroke."""
    if sheet.plotter is not None:
        return _plot(drawings, sheet, sheet.plotter).encode()
    page = arranged(drawings, sheet, sheet.size, titled=True)
    unit, pen = ("px", sheet.pen) if sheet.paper is None else ("mm", sheet.paper.pen_width)
    groups = [
        _group(_animated(drawing, sheet.seconds) if sheet.animated else _plain(drawing))
        for drawing in page.drawings
    ]
    body = (_ANIMATION if sheet.animated else "") + _rules(page) + _inked(groups, pen)
    return _document(page, unit, body + _texts(page)).encode()


def _plot(drawings: Sequence[Drawing], sheet: Sheet, plotter: Plotter) -> str:
    page = arranged(drawings, sheet, plotter.size, titled=False)
    strokes = page.every_stroke
    require_on_page(strokes, page.width, page.height)
    pen = HAIRLINE if sheet.paper is None else sheet.paper.pen_width
    return svg_program(plot_order(strokes), page.width, page.height, pen)


def svg_program(strokes: Drawing, width: float, height: float, pen: float) -> str:
    """Strokes as SVG for a plotter: ink alone, in millimetres, dots as the shortest of lines.

    Args:
        strokes: in millimetres from the upper left corner of the page, in the order in which they
            are drawn.
        width: of the page.
        height: of the page.
        pen: the width of its line.
    """
    lines = (_tiny(stroke[:1], width) if _is_dot(stroke) else stroke for stroke in strokes)
    paths = _plain(Drawing(lines))
    return _sized(width, height, "mm", _inked([_group(paths)], pen))


def _is_dot(stroke: Array) -> bool:
    """Whether all points of a stroke are one, as it is written."""
    return not np.ptp(stroke.round(DECIMALS), axis=0).any()


def _tiny(dot: Array, width: float) -> Array:
    """A dot as a line, which programs for plotters do not pass over."""
    away = -DOT if dot[0, 0] + DOT > width else DOT
    return np.concatenate([dot, dot + np.array((away, 0.0))])


def _document(page: Page, unit: str, body: str) -> str:
    return _sized(page.width, page.height, unit, body)


def _sized(page_width: float, page_height: float, unit: str, body: str) -> str:
    width, height = _number(page_width), _number(page_height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}{unit}" height="{height}{unit}"'
        f' viewBox="0 0 {width} {height}" style="background: #fff">\n{body}</svg>\n'
    )


def _inked(groups: Sequence[str], line_width: float) -> str:
    return (
        f'<g class="strokes" fill="none" stroke="#000" stroke-width="{_number(line_width)}"'
        f' stroke-linecap="round" stroke-linejoin="round">\n{"".join(groups)}</g>\n'
    )


def _group(paths: Iterator[str]) -> str:
    return f"<g>\n{''.join(paths)}</g>\n"


def _plain(drawing: Drawing) -> Iterator[str]:
    for stroke in drawing:
        yield f'<path d="{_data(stroke)}"/>\n'


def _animated(drawing: Drawing, seconds: float) -> Iterator[str]:
    """One path after the other, each for as long as its points are of all points.

    It is dashed while it is being drawn alone: Inkscape 1.2 knows no `pathLength` and would show
    dashes, and resvg draws no dash of a dot.
    """
    delay = 0.0
    for stroke in drawing:
        duration = seconds * len(stroke) / drawing.points
        timing = f"animation-delay: {delay:.3f}s; animation-duration: {duration:.3f}s"
        kind = 'class="dot"' if _is_dot(stroke) else 'pathLength="1"'
        yield f'<path {kind} style="{timing}" d="{_data(stroke)}"/>\n'
        delay += duration


def _rules(page: Page) -> str:
    """Lines to write on, as a picture under the ink: no program takes a picture for strokes."""
    if not page.rules:
        return ""
    width, height = _number(page.width), _number(page.height)
    lines = "".join(
        f"M{_number(left)} {_number(y)}H{_number(right)}" for left, right, y in page.rules
    )
    size = f'width="{_number(page.width * RULE_FINENESS)}"'
    size += f' height="{_number(page.height * RULE_FINENESS)}"'
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}">'
        f'<path d="{lines}" stroke="{RULE_COLOUR}" stroke-width="{RULE_WIDTH}"/></svg>'
    )
    place = f'width="{width}" height="{height}"'
    return f"{svg_image(place, 'image/svg+xml', picture.encode())}\n"


def svg_image(place: str, kind: str, picture: bytes) -> str:
    """An element that shows a picture; Inkscape 1.2 finds it by its older name alone.

    Args:
        place: the attributes that say where.
        kind: of the picture, such as image/jpeg.
        picture: its bytes.
    """
    data = f"data:{kind};base64,{b64encode(picture).decode()}"
    return f'<image xmlns:xlink="http://www.w3.org/1999/xlink" {place} xlink:href="{data}"/>'


def _texts(page: Page) -> str:
    if not page.titles:
        return ""
    texts = "".join(
        f'<text x="{_number(x)}" y="{_number(y)}">{escape(title)}</text>\n'
        for x, y, title in page.titles
    )
    size = _number(page.font_size)
    return f'<g font-family="sans-serif" font-size="{size}" text-anchor="middle">\n{texts}</g>\n'


def _data(stroke: Array) -> str:
    """A path of lines; a dot is a curve, since vpype 1.15 loses lines without a length.

    No point stands there twice in a row: Inkscape 1.2 counts the page's corner as a part of a path
    that is twice the same point.
    """
    points = (f"{_number(x)} {_number(y)}" for x, y in stroke.tolist())
    start, *rest = [point for point, _ in groupby(points)]
    return f"M{start}L{' '.join(rest)}" if rest else f"M{start}Q{start} {start}"


def _number(value: float) -> str:
    shown = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown

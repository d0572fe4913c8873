"""A drawing → a plotter's program: the job behind ``multimodal plot``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from multimodal.atomic import write_bytes
from multimodal.errors import UserError
from multimodal.strokes.cutting import Region, cut, rectangle
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.gcode import gcode_program
from multimodal.strokes.hpgl import hpgl_program
from multimodal.strokes.merging import merged
from multimodal.strokes.paper import Paper
from multimodal.strokes.plotter import EDGE, Plotter, beyond_page, plot_order, upwards
from multimodal.strokes.reading import read_drawings
from multimodal.strokes.route import Route, preview
from multimodal.strokes.sheet import lay_out
from multimodal.strokes.svg_reading import read_svg_page
from multimodal.strokes.svg_writing import svg_program
from pipelines.output import require_free

Dialect: TypeAlias = Literal["grbl-servo", "grbl-z", "hpgl"]

MILLIMETRES = 25.4 / 96  # in a CSS pixel

ENDINGS = {
    ".gcode": "gcode", ".nc": "gcode", ".ngc": "gcode", ".hpgl": "hpgl", ".plt": "hpgl",
    ".svg": "svg",
}  # fmt: skip
"""Ending → what is written."""


@dataclass(frozen=True)
class PlotOptions:
    """How a drawing is plotted; lengths in millimetres.

    Attributes:
        page: the size of the page, such as "A4"; None takes the drawing's own.
        margin: what is left free on all sides.
        true_size: keep the drawing's size, in the middle of the page, instead of filling it.
        pen: the width of the pen.
        merge: how far apart ends of strokes may lie that are drawn as one; 0 for not at all.
        tolerance: how far a line may stray when points are left out.
        order: whether strokes are reordered and turned so that the lifted pen travels little.
        dialect: of the machine, for G-code.
        feed: speed of drawing, in millimetres a minute.
        travel: speed of the lifted pen, in millimetres a minute.
        lift: seconds that it takes to lift or to lower the pen.
        up: the servo's S or the height Z of the lifted pen; None takes M5, or Z 5.
        down: the same of the lowered pen; None takes S 90, or Z 0.
    """

    page: str | None = None
    margin: float = 0.0
    true_size: bool = False
    pen: float = 0.3
    merge: float = 0.05
    tolerance: float = 0.02
    order: bool = True
    dialect: Dialect | None = None
    feed: float = 1500.0
    travel: float = 3000.0
    lift: float = 0.2
    up: float | None = None
    down: float | None = None

    def __post_init__(self) -> None:
        for name in ("pen", "feed", "travel"):
            if not 0 < getattr(self, name) <= 1e5:
                raise UserError(f"{name}={getattr(self, name)}: choose something above 0")
        for name in ("margin", "merge", "tolerance", "lift"):
            if not 0 <= getattr(self, name) <= 1e4:
                raise UserError(f"{name}={getattr(self, name)}: choose 0 or more")

    @property
    def plotter(self) -> Plotter:
        """The machine, for G-code."""
        if self.dialect == "grbl-servo":
            wait = f"\nG4 P{self.lift:g}" if self.lift else ""
            lifted = "M5" if self.up is None else f"M3 S{self.up:g}"
            lowered = f"M3 S{90.0 if self.down is None else self.down:g}"
            return Plotter(feed=self.feed, pen_up=lifted + wait, pen_down=lowered + wait)
        up, down = 5.0 if self.up is None else self.up, self.down or 0.0
        return Plotter(feed=self.feed, pen_up=f"G0 Z{up:g}", pen_down=f"G1 Z{down:g} F600")


@dataclass(frozen=True)
class Plot:
    """A page that is ready to be plotted, in millimetres, y down.

    Attributes:
        strokes: in the order in which they are drawn, none of them beyond the page.
        width: of the page.
        height: of the page.
        lost: how far the drawing goes beyond the page, by edge; empty where all of it is there.
        tight: the same of the margin.
        options: how it is plotted.
    """

    strokes: Drawing
    width: float
    height: float
    lost: dict[str, float]
    tight: dict[str, float]
    options: PlotOptions

    @property
    def route(self) -> Route:
        """The way of the pen, from the page's lower left corner and back."""
        return Route(self.strokes, (0.0, self.height))

    @property
    def told(self) -> str:
        """What is drawn, how far the pen goes, and about how long that takes."""
        route, options, count = self.route, self.options, len(self.strokes)
        seconds = round(route.seconds(options.feed, options.travel, options.lift))
        return (
            f"{count} stroke{'s' if count > 1 else ''} on {self.width:.4g} x {self.height:.4g} mm, "
            f"{route.drawn:.0f} mm drawn, {route.travelled:.0f} mm with the pen up, "
            f"about {seconds // 60} min {seconds % 60} s"
        )


def make_plot(
    path: Path, options: PlotOptions = PlotOptions(), notes: list[str] | None = None
) -> Plot:
    """Read a drawing, and place, merge, simplify and order its strokes.

    Args:
        path: an SVG, or any file that `read_drawings` reads: then its drawings in a grid.
        options: how it is plotted.
        notes: takes what was found wrong with parts of the file.

    Raises:
        UserError: the file cannot be read, has nothing to plot, or the page has no room.
    """
    drawing, width, height = _placed(path, options, [] if notes is None else notes)
    margin = options.margin
    lost = beyond_page(drawing, width, height)
    inner = drawing.moved(-margin, -margin)
    tight = {} if lost else beyond_page(inner, width - 2 * margin, height - 2 * margin)
    if lost:
        page = Region((rectangle(0, 0, width, height),), EDGE)
        kept = [part for stroke in drawing for part in cut(stroke, [page])]
        drawing = Drawing([part.clip((0, 0), (width, height)) for part in kept])
    if not drawing:
        raise UserError(f"{path}: all of it lies beyond a page of {width:.4g} x {height:.4g} mm")
    return Plot(_prepared(drawing, height, options), width, height, lost, tight, options)


def _placed(path: Path, options: PlotOptions, notes: list[str]) -> tuple[Drawing, float, float]:
    """A drawing in millimetres on its page, with the width and height of that."""
    drawing, own = _read(path, notes)
    if options.page is None and own is not None and not options.margin:
        return drawing, *own
    if options.page is None:
        left, top, right, bottom = drawing.bounds
        width, height = own or (right - left + 2 * options.pen, bottom - top + 2 * options.pen)
    else:
        paper = Paper.named(options.page, margin=0)
        width, height = paper.width, paper.height
    if options.true_size or (options.page is None and own is None):
        if own is None:
            left, top, right, bottom = drawing.bounds
            own, drawing = (right - left, bottom - top), drawing.moved(-left, -top)
        return drawing.moved((width - own[0]) / 2, (height - own[1]) / 2), width, height
    return drawing.fitted(width, height, options.margin + options.pen / 2), width, height


def _read(path: Path, notes: list[str]) -> tuple[Drawing, tuple[float, float] | None]:
    """A drawing in millimetres, and the size of its page, if it has one."""
    if path.suffix.lower() == ".svg":
        drawing, size = read_svg_page(path, notes, beyond_page=True)
        page = None if size is None else (size[0] * MILLIMETRES, size[1] * MILLIMETRES)
        return drawing.scaled(MILLIMETRES), page
    drawings = [record.drawing for record in read_drawings(path, notes) if record.drawing]
    if not drawings:
        raise UserError(f"{path}: has no stroke to plot")
    sheet = lay_out(drawings, Plotter().size)
    return sheet.every_stroke, (sheet.width, sheet.height)


def _prepared(drawing: Drawing, height: float, options: PlotOptions) -> Drawing:
    """Strokes merged, simplified and ordered, from the machine's corner."""
    if options.merge:
        drawing = merged(drawing, options.merge)
    if options.tolerance:
        drawing = drawing.simplified(options.tolerance)
    if options.order:
        drawing = upwards(plot_order(upwards(drawing, height)), height)
    return drawing


def require_output(path: Path, options: PlotOptions, *, overwrite: bool) -> None:
    """See to it that a program can be written there, before the drawing is read.

    Args:
        path: of the program.
        options: how it is plotted.
        overwrite: whether a file may be replaced.

    Raises:
        UserError: the ending is of no program or of another dialect's, the folder is not there, or
            the file is already.
    """
    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"{path}: cannot be written: choose one of {', '.join(ENDINGS)}")
    if options.dialect is not None and kind != ("hpgl" if options.dialect == "hpgl" else "gcode"):
        raise UserError(f"{path}: its ending is not of the dialect {options.dialect}")
    require_free(path, overwrite=overwrite)


def require_preview(path: Path, *, overwrite: bool) -> None:
    """See to it that a picture can be written there.

    Raises:
        UserError: another ending than .png, no such folder, or the file is there already.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: a preview is a picture; choose the ending .png")
    require_free(path, overwrite=overwrite)


def write_plot(plot: Plot, path: Path) -> None:
    """Write a plotter's program; the ending says which.

    Raises:
        UserError: it cannot be written.
    """
    data = _WRITERS[ENDINGS[path.suffix.lower()]](plot)
    write_bytes(path, data)


def write_preview(plot: Plot, path: Path) -> None:
    """Write a picture of the page, the way of the lifted pen in red.

    Raises:
        UserError: it cannot be written.
    """
    write_bytes(path, preview(plot.route, plot.width, plot.height, plot.options.pen))


def _gcode(plot: Plot) -> bytes:
    strokes = upwards(plot.strokes, plot.height)
    return gcode_program(strokes, plot.width, plot.height, plot.options.plotter)


def _hpgl(plot: Plot) -> bytes:
    return hpgl_program(upwards(plot.strokes, plot.height), plot.options.feed)


def _svg(plot: Plot) -> bytes:
    return svg_program(plot.strokes, plot.width, plot.height, plot.options.pen).encode()


_WRITERS: dict[str, Callable[[Plot], bytes]] = {"gcode": _gcode, "hpgl": _hpgl, "svg": _svg}

"""Any SVG as a drawing: every visible outline becomes a stroke.

Path data and elliptical arcs are parsed by fontTools; the tree, its styles and its geometry here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fontTools.misc.transform import Transform
from fontTools.svgLib.path.parser import parse_path

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.svg_pen import Flattener
from multimodal.strokes.svg_shapes import (
    SHAPES,
    Size,
    Viewport,
    length,
    path_data,
    transform,
    viewport,
)
from multimodal.strokes.svg_tree import DEEPEST, Element, read_tree

MOST_ELEMENTS, MOST_POINTS = 100_000, 2_000_000
INVISIBLE = {"none", "transparent"}
FINENESS = 2000
"""Curves become lines that stray from them by at most the page's larger side over this."""


def read_svg(path: str | Path) -> Drawing:
    """Read an SVG file as one drawing, in CSS pixels, as a browser would place it.

    Every subpath of a path and every basic shape is a stroke; curves become lines. Nested groups,
    transforms, viewports, `use` and style sheets with plain selectors are followed. Left out is
    what nobody sees: definitions, hidden elements, shapes with neither fill nor outline, a filled
    rectangle under the whole page; and text, pictures and effects, which are no strokes.

    Raises:
        UserError: no SVG, broken, malicious, or without any stroke; the line names file and line.
    """
    path = Path(path)
    root = read_tree(path)
    drawing = _Reader(path, root).read()
    if not drawing:
        raise UserError(f"{path}: no stroke to be seen in this SVG")
    return drawing


@dataclass(frozen=True)
class _Setting:
    """What an element takes over from those around it.

    Attributes:
        matrix: from its coordinates to those of the page.
        page: what 100 % means.
        paint: fill, stroke and visibility.
        above: the elements on the way here, those that `use` named included.
    """

    matrix: Transform
    page: Size
    paint: dict[str, str] = field(default_factory=lambda: {"fill": "black", "stroke": "none"})
    above: tuple[int, ...] = ()

    def inside(self, view: Viewport) -> _Setting:
        return replace(self, matrix=self.matrix.transform(view.matrix), page=view.page)

    def at(self, element: Element) -> _Setting:
        own = element.attributes
        inherited = ("fill", "stroke", "visibility")
        changed = {key: own[key] for key in inherited if own.get(key, "inherit") != "inherit"}
        matrix = self.matrix.transform(transform(own.get("transform", "")))
        above = (*self.above, id(element))
        return replace(self, matrix=matrix, paint=self.paint | changed, above=above)

    @property
    def visible(self) -> bool:
        painted = not {self.paint["fill"], self.paint["stroke"]} <= INVISIBLE
        return painted and self.paint.get("visibility", "visible") == "visible"


class _Reader:
    """Walks a tree and gathers its strokes."""

    def __init__(self, path: Path, root: Element) -> None:
        self.path = path
        self.root = root
        self.named = {element.attributes.get("id"): element for element in root.walk()}
        self.visited = self.points = 0
        self.strokes: list[Array] = []
        with self._blaming(root):
            self.view = viewport(root.attributes, None)
            if min(self.view.size) <= 0:
                raise UserError("a page without any room")
            self.setting = _Setting(self.view.matrix, self.view.page).at(root)

    def read(self) -> Drawing:
        for child in self.root.children:
            self._visit(child, self.setting)
        return Drawing(self.strokes)

    def _visit(self, element: Element, around: _Setting) -> None:
        self.visited += 1
        with self._blaming(element):
            if self.visited > MOST_ELEMENTS or len(around.above) > DEEPEST:
                raise UserError(f"refused: more than {MOST_ELEMENTS} elements, or {DEEPEST} deep")
            if element.attributes.get("display") == "none":
                return
            setting = around.at(element)
            if element.tag in SHAPES:
                self._draw(element, setting)
            elif element.tag == "use":
                self._use(element, setting)
            elif element.tag in ("g", "a", "svg", "switch"):
                self._enter(element, setting)

    def _enter(self, element: Element, setting: _Setting) -> None:
        if element.tag in ("svg", "symbol"):
            setting = setting.inside(viewport(element.attributes, setting.page))
        for child in element.children:
            self._visit(child, setting)

    def _use(self, element: Element, setting: _Setting) -> None:
        reference = element.attributes.get("href", "")
        target = self.named.get(reference.removeprefix("#")) if reference[:1] == "#" else None
        if target is None or id(target) in setting.above:
            return  # nothing, something outside of the file, or itself
        own = element.attributes
        x, y = length(own, "x", setting.page[0]), length(own, "y", setting.page[1])
        setting = replace(setting, matrix=setting.matrix.translate(x, y))
        if target.tag in ("symbol", "svg"):
            sizes = {key: own[key] for key in ("width", "height") if key in own}
            sized = replace(target, attributes=target.attributes | sizes)
            self._enter(sized, setting.at(target))
        else:
            self._visit(target, setting)

    def _draw(self, element: Element, setting: _Setting) -> None:
        if not setting.visible:
            return
        pen = Flattener(setting.matrix, max(self.view.size) / FINENESS)
        data = path_data(element.tag, element.attributes, setting.page)
        try:
            parse_path(data, pen)
        except (ValueError, IndexError, ArithmeticError) as error:
            raise UserError(f"path data cannot be understood: {str(error)[:80]}") from None
        outlines = Drawing(pen.outlines())
        if setting.paint["stroke"] in INVISIBLE and self._is_paper(outlines):
            return
        self.strokes += outlines
        self.points += outlines.points
        if self.points > MOST_POINTS:
            raise UserError(f"refused: more than {MOST_POINTS} points")

    def _is_paper(self, outlines: Drawing) -> bool:
        """Whether a shape is a rectangle under the whole page, and so not drawn on it."""
        if len(outlines) != 1 or outlines.points != 5:
            return False
        left, top, right, bottom = outlines.bounds
        width, height = self.view.size
        near = max(width, height) / FINENESS
        return max(left, top, width - right, height - bottom) <= near

    @contextmanager
    def _blaming(self, element: Element) -> Iterator[None]:
        """Say where in the file an error arose, unless an element further in has said it."""
        try:
            yield
        except _PlacedError:
            raise
        except UserError as error:
            raise _PlacedError(f"{self.path}:{element.line}: {error}") from None


class _PlacedError(UserError):
    """An error whose line names file and line already."""

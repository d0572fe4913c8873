"""Strokes out of SVG files: those that programs draw, and those that people find on the net.

XML is parsed by Expat, style sheets by tinycss2 and cssselect2; what a path means for a pen, and
nothing else, is decided here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fontTools.misc.transform import Identity, Transform

from multimodal.errors import UserError
from multimodal.strokes.css_values import (
    Size,
    css_origin,
    css_placement,
    css_transform,
    reference,
    with_variables,
)
from multimodal.strokes.cutting import Face, Region, box_of, covers_its_box, cut, rectangle
from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.joining import Ink, joined
from multimodal.strokes.outlines import centre_lines, is_freehand
from multimodal.strokes.svg_clips import Box, basic_shape
from multimodal.strokes.svg_css import apply_styles
from multimodal.strokes.svg_document import Document, is_for_us
from multimodal.strokes.svg_paint import (
    INITIAL,
    Paint,
    is_filled,
    is_hidden,
    is_see_through,
    painted,
    pen_of,
)
from multimodal.strokes.svg_path import Outline
from multimodal.strokes.svg_shapes import SHAPES, Viewport, length, outline_of, transform, viewport
from multimodal.strokes.svg_tree import DEEPEST, Element, RefusedError

MOST_ELEMENTS, MOST_POINTS = 100_000, 2_000_000
FINENESS = 2000
"""Curves become lines that stray from them by at most the page's larger side over this."""
NEAR = 20_000
"""Points lie on each other where they are no farther apart than the larger side over this."""

_CONTAINERS = {"g", "a", "svg", "switch"}
_DRAWN = SHAPES | _CONTAINERS | {"use"}
_CHOSEN = _DRAWN | {"text", "image"}  # of the children of a switch
_WHOLE = {"rect", "circle", "ellipse", "polygon"}
_PLACEMENTS = ("translate", "rotate", "scale")
_EFFECTS = ("mask", "filter")
_OWN_BOX = ("fill-box", "stroke-box", "content-box", "border-box")


def read_svg(
    path: str | Path, notes: list[str] | None = None, *, beyond_page: bool = False
) -> Drawing:
    """Read an SVG file as one drawing, in CSS pixels, as a browser would place it.

    Every subpath of a path and every basic shape is a stroke; curves become lines, and pieces of a
    stroke that follow each other become one. Nested groups, transforms, viewports, clip paths,
    `use`, `switch` and style sheets are followed, these for a screen in a light room. Left out is
    what nobody sees: definitions, hidden and transparent elements, shapes with neither fill nor
    outline, a filled rectangle under the whole page, what lies outside of it; and text, pictures
    and effects, which are no strokes.

    Args:
        path: the file.
        notes: takes "path:line: what" for every fault that cost a path or a part of it, and for
            effects that are not applied; without it, one warning tells the first.
        beyond_page: whether to keep what lies outside of the page.

    Raises:
        UserError: no SVG, broken, malicious, or without any stroke; the line names file and line.
    """
    return read_svg_page(path, notes, beyond_page=beyond_page)[0]


def read_svg_page(
    path: str | Path, notes: list[str] | None = None, *, beyond_page: bool = False
) -> tuple[Drawing, Size | None]:
    """As `read_svg`, with the width and height of the page in CSS pixels, if the file says it.

    Args:
        path: of the file.
        notes: takes what is passed over.
        beyond_page: whether ink beyond the page is kept.
    """
    document = Document(Path(path))
    reader = _Reader(document, beyond_page=beyond_page)
    drawing = reader.read()
    found = document.notes
    if not drawing:
        raise UserError(found[0] if found else f"{path}: no stroke to be seen in this SVG")
    if notes is not None:
        notes += found
    elif found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        warnings.warn(f"{found[0]}{more}", stacklevel=3)
    return drawing, reader.view.size if reader.view.known else None


@dataclass(frozen=True)
class _Setting:
    """What an element takes over from those around it.

    Attributes:
        matrix: from its coordinates to those of the page.
        page: what 100 % means.
        paint: the inherited properties.
        above: the elements on the way here, those that `use` named included.
        clips: what cuts its strokes.
        measured: whether all shapes count, seen or not, and nothing is cut.
    """

    matrix: Transform
    page: Size
    paint: Paint
    above: tuple[int, ...] = ()
    clips: tuple[Region, ...] = ()
    measured: bool = False

    def inside(self, view: Viewport) -> _Setting:
        return replace(self, matrix=self.matrix.transform(view.matrix), page=view.page)


class _Reader:
    """Walks a document and gathers its strokes."""

    def __init__(self, document: Document, *, beyond_page: bool) -> None:
        self.document = document
        self.root = document.root
        with document.blaming(self.root):
            apply_styles(self.root, viewport(document.sizes(self.root), None).size)
        self.view = viewport(document.sizes(self.root), None)
        if min(self.view.size) <= 0:
            raise UserError(f"{document.path}:{self.root.line}: a page without any room")
        self.side = max(self.view.size)
        self.visited = self.points = 0
        self.inks: list[Ink] = []
        self.papers: list[Ink] = []
        self.outlines: dict[int, tuple[Element, tuple[Region, ...]]] = {}  # by the number of ink
        page = self._region([rectangle(0, 0, *self.view.size)])
        bounded = self.view.known and not beyond_page
        clips = (page,) if bounded else ()
        self.setting = _Setting(Identity, self.view.size, INITIAL, clips=clips)

    def read(self) -> Drawing:
        self._visit(self.root, self.setting)
        inks = self._centred() if self.outlines else self.inks
        return Drawing(joined(inks or self.papers, self.side / NEAR))

    def _visit(
        self, element: Element, around: _Setting, sizes: Mapping[str, str] | None = None
    ) -> None:
        """Show an element in its place.

        Args:
            element: any; a symbol only where it is used.
            around: where it stands.
            sizes: width and height that a `use` gives to a viewport.
        """
        self.visited += 1
        with self.document.blaming(element):
            if self.visited > MOST_ELEMENTS or len(around.above) > DEEPEST:
                raise RefusedError(
                    f"refused: more than {MOST_ELEMENTS} elements, or {DEEPEST} deep"
                )
            if element.tag not in _DRAWN and sizes is None:
                return
            if element.get("display").strip() == "none" or not is_for_us(element):
                return
            setting = self._within(element, around)
            if setting is not None:
                self._show(element, setting, sizes or {})

    def _show(self, element: Element, setting: _Setting, sizes: Mapping[str, str]) -> None:
        if element.tag in SHAPES:
            self._draw(element, setting)
        elif element.tag == "use":
            self._use(element, setting)
        else:
            self._enter(element, setting, sizes)

    def _within(self, element: Element, around: _Setting) -> _Setting | None:
        """The setting in an element; None where nothing of it can be seen."""
        if is_see_through(element):
            return None
        paint = painted(element, around.paint)
        setting = replace(around, paint=paint, above=(*around.above, id(element)))
        matrix = self._placement(element, setting)
        if matrix is not Identity:
            if matrix[0] * matrix[3] == matrix[1] * matrix[2]:
                return None  # flattened to a line or a point
            setting = replace(setting, matrix=around.matrix.transform(matrix))
        if setting.measured:
            return setting
        if any(self._is_applied(element.get(effect)) for effect in _EFFECTS):
            self.document.note(element, "masks and filters are not applied", once=True)
        clips = self._clips(element, setting)
        return replace(setting, clips=setting.clips + clips) if clips else setting

    def _is_applied(self, effect: str) -> bool:
        """Whether an effect is there: a function of CSS, or something that the file defines."""
        if effect.strip() in ("", "none", "inherit", "initial", "unset"):
            return False
        return reference(effect) is None or self.document.referred(effect) is not None

    def _placement(self, element: Element, setting: _Setting) -> Transform:
        """The matrix of an element's transforms, about their origin."""
        declared = element.declared
        placed = bool(declared) and not declared.keys().isdisjoint((*_PLACEMENTS, "transform"))
        if not placed and "transform" not in element.attributes:
            return Identity
        left, top, *size = self._reference_box(element, setting)
        page = (size[0], size[1])
        outermost = element is self.root
        default = (page[0] / 2, page[1] / 2) if outermost else (0.0, 0.0)
        try:
            matrix = css_placement(lambda name: declared.get(name, ""), page)
            if "transform" in declared:
                value = with_variables(declared["transform"], setting.paint)
                matrix = matrix.transform(css_transform(value or "none", page))
            else:
                matrix = matrix.transform(transform(element.attributes.get("transform", "")))
            x, y = css_origin(element.get("transform-origin"), page, default)
        except UserError as error:  # by CSS, as if it were not there
            self.document.note(element, str(error))
            return Identity
        about = Identity.translate(left + x, top + y)
        return about.transform(matrix).transform(about.inverse())

    def _reference_box(self, element: Element, setting: _Setting) -> Box:
        """What percentages of a transform are of: the viewport, unless a style says otherwise."""
        if element is self.root:
            return (0.0, 0.0, *self.view.size)
        if element.get("transform-box").strip() in _OWN_BOX:
            return self._box(element, setting)
        return (0.0, 0.0, *setting.page)

    def _box(self, element: Element, setting: _Setting) -> Box:
        """Left, top, width and height of what an element holds, in its own coordinates."""
        kept, self.inks = self.inks, []
        try:
            self._show(element, replace(setting, matrix=Identity, clips=(), measured=True), {})
            return box_of([ink.points for ink in self.inks])
        finally:
            self.inks = kept

    def _enter(self, element: Element, setting: _Setting, sizes: Mapping[str, str]) -> None:
        if element is self.root:
            setting = setting.inside(self.view)
        elif element.tag in ("svg", "symbol"):
            own = {**self.document.sizes(element), **sizes}
            view = viewport(own, setting.page)
            if min(view.size) <= 0:
                return
            setting = self._framed(element, own, view, setting).inside(view)
        children = element.children
        if element.tag == "switch":
            children = [child for child in children if child.tag in _CHOSEN and is_for_us(child)]
            children = children[:1]
        for child in children:
            self._visit(child, setting)

    def _framed(
        self, element: Element, own: Mapping[str, str], view: Viewport, setting: _Setting
    ) -> _Setting:
        """The setting cut at the edges of a viewport, unless what flows over is to be seen."""
        if setting.measured or element.get("overflow").strip() in ("visible", "auto"):
            return setting
        x, y = length(own, "x", setting.page[0]), length(own, "y", setting.page[1])
        frame = rectangle(x, y, x + view.size[0], y + view.size[1])
        region = self._region([Face((_mapped(frame.rings[0], setting.matrix),))])
        return replace(setting, clips=(*setting.clips, region))

    def _use(self, element: Element, setting: _Setting) -> None:
        target = self.document.linked(element)
        if target is None or id(target) in setting.above:
            return  # nothing, something outside of the file, or itself
        own = self.document.sizes(element)
        x, y = length(own, "x", setting.page[0]), length(own, "y", setting.page[1])
        setting = replace(setting, matrix=setting.matrix.translate(x, y))
        sizes = {name: own[name] for name in ("width", "height") if name in own}
        self._visit(target, setting, sizes if target.tag in ("symbol", "svg") else None)

    def _draw(self, element: Element, setting: _Setting) -> None:
        if setting.measured:
            self.inks += [Ink(points) for points in self._flattened(element, setting)[0]]
            return
        if is_hidden(setting.paint):
            return
        pen = pen_of(setting.paint, setting.page, self.document)
        if pen is None and not is_filled(setting.paint, self.document):
            return
        points, outline = self._flattened(element, setting)
        if pen is None and self._is_paper(points):
            self.papers += [Ink(each) for each in points]
        elif pen is None and is_freehand(outline):
            self.outlines[len(self.inks)] = element, setting.clips
            self.inks.append(Ink(points[0]))
        else:
            for each, path in zip(points, outline.subpaths, strict=True):
                self.inks += _cut(Ink(each, pen, path.closed or element.tag in _WHOLE), setting)

    def _centred(self) -> list[Ink]:
        """All strokes, those that are saved as outlines by the line that the pen followed."""
        inks = [[ink] for ink in self.inks]
        lines = centre_lines([self.inks[number].points for number in self.outlines])
        for (number, (_, clips)), line in zip(self.outlines.items(), lines, strict=True):
            points = self.inks[number].points if line is None else line
            inks[number] = [Ink(part) for part in cut(points, clips)]
        found = sum(line is not None for line in lines)
        if found:
            element = next(iter(self.outlines.values()))[0]
            rest = len(lines) - found
            others = f"; {rest} more were taken as strokes themselves" if rest else ""
            message = f"outlines of ink: {found} were read as the lines of their pen{others}"
            self.document.note(element, message)
        return [part for parts in inks for part in parts]

    def _flattened(self, element: Element, setting: _Setting) -> tuple[list[Array], Outline]:
        """A shape as lines in the coordinates of the page, and as it is written."""
        outline = outline_of(element.tag, self.document.geometry(element), setting.page)
        if outline.fault:
            self.document.note(element, outline.fault)
        tolerance = self.side / FINENESS
        if setting.measured:  # the scale of these coordinates is not known
            tolerance = max(outline.extent, 1e-9) / FINENESS
        points = outline.flattened(setting.matrix, tolerance)
        self.points += sum(map(len, points))
        if self.points > MOST_POINTS:
            raise RefusedError(f"refused: more than {MOST_POINTS} points")
        return points, outline

    def _is_paper(self, points: Sequence[Array]) -> bool:
        """Whether a filled shape is a rectangle under the whole page, and so not drawn on it."""
        if not self.view.known or len(points) != 1 or len(points[0]) < 4:
            return False
        left, top, width, height = box_of(points)
        near = self.side / FINENESS
        right, bottom = self.view.size[0] - left - width, self.view.size[1] - top - height
        return max(left, top, right, bottom) <= near and covers_its_box(points[0], near)

    def _region(self, faces: Sequence[Face]) -> Region:
        return Region(tuple(faces), self.side / NEAR)

    def _clips(self, element: Element, setting: _Setting) -> tuple[Region, ...]:
        """What an element's `clip-path` leaves of it: nothing said, nothing cut."""
        value = element.get("clip-path")
        if not value or value.strip() == "none":
            return ()
        target = self.document.referred(value)
        if target is not None and target.tag == "clipPath":
            return (self._clip_region(target, element, setting),)
        shape = None if target else basic_shape(value, self._box(element, setting))
        if shape is None:
            return ()
        outline, evenodd = shape
        rings = outline.flattened(setting.matrix, self.side / FINENESS)
        return (self._region([Face(tuple(rings), evenodd)]),)

    def _clip_region(self, clip: Element, element: Element, setting: _Setting) -> Region:
        if id(clip) in setting.above:
            return self._region([])  # it clips itself: an error, of which nothing is seen
        inner = replace(setting, above=(*setting.above, id(clip)), clips=(), paint=INITIAL)
        if clip.get("clipPathUnits").strip() == "objectBoundingBox":
            left, top, width, height = self._box(element, setting)
            matrix = inner.matrix.translate(left, top).scale(width, height)
            inner = replace(inner, matrix=matrix, page=(1.0, 1.0))
        found = self._within(clip, inner)
        faces: list[Face] = []
        for child in clip.children:
            with self.document.blaming(child):
                faces += self._clip_faces(child, found) if found else []
        return self._region(faces)

    def _clip_faces(self, element: Element, around: _Setting) -> list[Face]:
        """The areas that one child of a clip path adds to it."""
        if element.get("display").strip() == "none" or not is_for_us(element):
            return []
        setting = self._within(element, replace(around, measured=False))
        if setting is None:
            return []
        if element.tag == "use":
            target = self.document.linked(element)
            if target is None or target.tag not in SHAPES:
                return []
            own = self.document.sizes(element)
            x, y = length(own, "x", setting.page[0]), length(own, "y", setting.page[1])
            return self._clip_faces(target, replace(setting, matrix=setting.matrix.translate(x, y)))
        if element.tag == "text":
            self.document.note(element, "text in a clip path is not applied", once=True)
        if element.tag not in SHAPES or is_hidden(setting.paint):
            return []
        rings, _ = self._flattened(element, setting)
        evenodd = setting.paint.get("clip-rule", "").strip() == "evenodd"
        return [Face(tuple(rings), evenodd, setting.clips)]


def _cut(ink: Ink, setting: _Setting) -> list[Ink]:
    """What the clips of its setting leave of a stroke."""
    parts = cut(ink.points, setting.clips)
    uncut = len(parts) == 1 and len(parts[0]) == len(ink.points)
    return [Ink(part, ink.pen, ink.closed and uncut) for part in parts]


def _mapped(points: Array, matrix: Transform) -> Array:
    linear, shift = np.array(matrix[:4]).reshape(2, 2), np.array(matrix[4:])
    mapped: Array = points @ linear + shift
    return mapped

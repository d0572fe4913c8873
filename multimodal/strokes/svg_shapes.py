"""The geometry of SVG: lengths, transforms, viewports, and every shape as path data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fontTools.misc.transform import Identity, Transform

from multimodal.errors import UserError
from multimodal.strokes.css_values import PIXELS, Size
from multimodal.strokes.svg_path import NUMBER, Outline, parse_path

Attributes: TypeAlias = Mapping[str, str]

_NUMBER = re.compile(NUMBER)
_LENGTH = re.compile(rf"\s*({NUMBER})\s*([a-zA-Z]*|%)\s*")
_CALL = re.compile(r"\s*,?\s*(\w+)\s*\(([^()]*)\)")
_LIST = re.compile(rf"\s*(?:{NUMBER}(?:\s*,\s*|\s+|(?=[-+.])|\s*$))*")
_FOREIGN = re.compile(r"[^-+.,\d\seE]")

_DEFAULT_SIZE = (300.0, 150.0)  # what CSS gives a picture that states none
_UNSAID = ("", "auto", "inherit", "initial", "unset", "revert")


def numbers_in(text: str) -> list[float]:
    """All numbers in an attribute such as `viewBox`; none where it holds anything else."""
    return [float(each) for each in _NUMBER.findall(text)] if _LIST.fullmatch(text) else []


def length(attributes: Attributes, name: str, whole: float, default: float = 0.0) -> float:
    """A length in CSS pixels; `whole` is what 100 % means.

    Args:
        attributes: of the element.
        name: of the attribute.
        whole: what 100 % means.
        default: where there is no such attribute.

    Raises:
        UserError: it is no length.
    """
    text = attributes.get(name, "").strip()
    if text in _UNSAID:
        return default
    match = _LENGTH.fullmatch(text)
    unit = match[2].lower() if match else ""
    if match is None or unit not in ("", "%", *PIXELS):
        raise UserError(f"{name}={text[:40]!r} is no length")
    return float(match[1]) * (whole / 100 if unit == "%" else PIXELS.get(unit, 1.0))


def diagonal(page: Size) -> float:
    """What 100 % means for a length that is neither along nor down (SVG 2, 8.9)."""
    return math.hypot(*page) / math.sqrt(2)


def transform(text: str) -> Transform:
    """The matrix of a `transform` attribute.

    Raises:
        UserError: it is none.
    """
    matrix, end = Identity, 0
    while match := _CALL.match(text, end):
        values = numbers_in(match[2])
        matrix, end = matrix.transform(_call(match[1], values)), match.end()
    if text[end:].strip(" \t\r\n,") not in ("", "none"):
        raise UserError(f"transform={text[:40]!r} cannot be understood")
    return matrix


@dataclass(frozen=True)
class Viewport:
    """A rectangle with coordinates of its own.

    Attributes:
        matrix: from the coordinates inside to those around it.
        size: width and height, in the coordinates around it.
        page: width and height in the coordinates inside: what 100 % means there.
        known: whether the file says where the viewport ends.
    """

    matrix: Transform
    size: Size
    page: Size
    known: bool = True


def viewport(attributes: Attributes, outer: Size | None) -> Viewport:
    """The viewport of an `svg` or `symbol` element.

    Args:
        attributes: of the element.
        outer: what 100 % means around it; None for the outermost.

    Raises:
        UserError: its sizes are no lengths.
    """
    box = numbers_in(attributes.get("viewBox", ""))
    boxed = len(box) == 4 and min(box[2:]) >= 0
    if boxed and min(box[2:]) == 0:
        return Viewport(Identity, (0.0, 0.0), (0.0, 0.0))
    natural = outer or ((box[2], box[3]) if boxed else _DEFAULT_SIZE)
    width = length(attributes, "width", natural[0], math.nan)
    height = length(attributes, "height", natural[1], math.nan)
    if outer is None and math.isnan(width) != math.isnan(height):  # the ratio gives the other
        ratio = natural[1] / natural[0]
        width, height = (height / ratio, height) if math.isnan(width) else (width, width * ratio)
    size = (
        natural[0] if math.isnan(width) else width,
        natural[1] if math.isnan(height) else height,
    )
    known = boxed or outer is not None or _is_stated(attributes)
    matrix = Identity if outer is None else _shifted(attributes, outer)
    if not boxed or min(size) <= 0:
        return Viewport(matrix, size, size, known)
    view = _view(size, box, attributes.get("preserveAspectRatio", ""))
    return Viewport(matrix.transform(view), size, (box[2], box[3]))


def _is_stated(attributes: Attributes) -> bool:
    sizes = [attributes.get(name, "").strip() for name in ("width", "height")]
    return all(size not in _UNSAID and not size.endswith("%") for size in sizes)


def outline_of(tag: str, attributes: Attributes, page: Size) -> Outline:
    """What a shape draws, nothing where it has no size.

    Args:
        tag: of the shape.
        attributes: of the element.
        page: width and height.

    Raises:
        UserError: one of its lengths is none.
    """
    if tag == "path":
        data = attributes.get("d", "")
        return parse_path(data) if data.strip() != "none" else Outline([])
    if tag in ("polyline", "polygon"):
        return _polyline(attributes.get("points", ""), closed=tag == "polygon")
    return parse_path(_SHAPES[tag](attributes, *page))


def _call(name: str, values: list[float]) -> Transform:
    match name, values:
        case "matrix", [a, b, c, d, e, f]:
            return Transform(a, b, c, d, e, f)
        case "translate", [x, *rest] if len(rest) < 2:
            return Identity.translate(x, *rest)
        case "scale", [x, *rest] if len(rest) < 2:
            return Identity.scale(x, *rest)
        case "rotate", [angle]:
            return Identity.rotate(math.radians(angle))
        case "rotate", [angle, x, y]:
            return Identity.translate(x, y).rotate(math.radians(angle)).translate(-x, -y)
        case "skewX", [angle]:
            return Identity.skew(math.radians(angle), 0)
        case "skewY", [angle]:
            return Identity.skew(0, math.radians(angle))
    raise UserError(f"transform {name[:20]} with {len(values)} numbers cannot be understood")


def _shifted(attributes: Attributes, outer: Size) -> Transform:
    return Identity.translate(length(attributes, "x", outer[0]), length(attributes, "y", outer[1]))


def _view(size: Size, box: list[float], keep: str) -> Transform:
    """Fit a view box into a viewport as `preserveAspectRatio` says."""
    across, down = size[0] / box[2], size[1] / box[3]
    if "none" not in keep:
        across = down = max(across, down) if "slice" in keep else min(across, down)
    spare = size[0] - across * box[2], size[1] - down * box[3]
    placed = [
        room * (0 if f"{axis}Min" in keep else 1 if f"{axis}Max" in keep else 0.5)
        for axis, room in zip(("x", "Y"), spare, strict=True)
    ]
    return Identity.translate(*placed).scale(across, down).translate(-box[0], -box[1])


def _line(attributes: Attributes, width: float, height: float) -> str:
    x1, x2 = (length(attributes, name, width) for name in ("x1", "x2"))
    y1, y2 = (length(attributes, name, height) for name in ("y1", "y2"))
    return f"M{x1} {y1}L{x2} {y2}"


def _polyline(points: str, *, closed: bool) -> Outline:
    """Points up to the first that is none (SVG 2, 9.5.4)."""
    foreign = _FOREIGN.search(points)
    understood = points[: foreign.start()] if foreign else points
    outline = parse_path(f"M{understood}") if understood.strip() else Outline([])
    if foreign and not outline.fault:
        outline.fault = f"{points[foreign.start() :][:20]!r}"
    if outline.fault:
        outline.fault = f"points cannot be understood: {outline.fault.rpartition(': ')[2]}"
    for path in outline.subpaths if closed else ():
        path.curves.append((*path.start, *path.start, *path.start, True))
        path.closed = True
    return outline


def _rect(attributes: Attributes, width: float, height: float) -> str:
    x, w = (length(attributes, name, width) for name in ("x", "width"))
    y, h = (length(attributes, name, height) for name in ("y", "height"))
    if w <= 0 or h <= 0:
        return ""
    rx, ry = _radii(attributes, width, height)
    rx, ry = min(rx, w / 2), min(ry, h / 2)
    if rx == 0 or ry == 0:
        return f"M{x} {y}h{w}v{h}h{-w}Z"
    round_ = f"a{rx} {ry} 0 0 1"
    across, down = w - 2 * rx, h - 2 * ry
    return (
        f"M{x + rx} {y}h{across}{round_} {rx} {ry}v{down}{round_} {-rx} {ry}"
        f"h{-across}{round_} {-rx} {-ry}v{-down}{round_} {rx} {-ry}Z"
    )


def _circle(attributes: Attributes, width: float, height: float) -> str:
    radius = length(attributes, "r", diagonal((width, height)))
    centre = length(attributes, "cx", width), length(attributes, "cy", height)
    return oval(*centre, radius, radius)


def _ellipse(attributes: Attributes, width: float, height: float) -> str:
    cx, cy = length(attributes, "cx", width), length(attributes, "cy", height)
    return oval(cx, cy, *_radii(attributes, width, height))


def _radii(attributes: Attributes, width: float, height: float) -> Size:
    """Both radii; one that is not given is as large as the other, and 0 is a radius (SVG 2, 9)."""
    rx = length(attributes, "rx", width, math.nan)
    ry = length(attributes, "ry", height, math.nan)
    rx, ry = (radius if radius >= 0 else math.nan for radius in (rx, ry))
    rx, ry = (ry if math.isnan(rx) else rx), (rx if math.isnan(ry) else ry)
    return (0.0, 0.0) if math.isnan(rx) else (rx, ry)


def oval(cx: float, cy: float, rx: float, ry: float) -> str:
    """An ellipse as path data, empty where a radius is 0.

    Args:
        cx: x of the centre.
        cy: y of the centre.
        rx: radius along x.
        ry: radius along y.
    """
    if rx <= 0 or ry <= 0:
        return ""
    return f"M{cx + rx} {cy}a{rx} {ry} 0 0 1 {-2 * rx} 0a{rx} {ry} 0 0 1 {2 * rx} 0Z"


_SHAPES: dict[str, Callable[..., str]] = {
    "line": _line,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
}
"""Tag → what writes the shape as path data."""

SHAPES = frozenset({"path", "polyline", "polygon", *_SHAPES})
"""The tags that draw."""

"""The geometry of SVG: lengths, transforms, viewports, and every shape as path data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fontTools.misc.transform import Identity, Transform

from multimodal.errors import UserError

Attributes: TypeAlias = Mapping[str, str]
Size: TypeAlias = tuple[float, float]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LENGTH = re.compile(rf"\s*({_NUMBER.pattern})\s*([a-zA-Z]*|%)\s*")
_CALL = re.compile(r"\s*,?\s*(\w+)\s*\(([^()]*)\)")

_PIXELS = {
    "": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0,
    "em": 16.0, "rem": 16.0, "ex": 8.0,
}  # fmt: skip
_DEFAULT_SIZE = (300.0, 150.0)  # what CSS gives a picture that states none


def numbers_in(text: str) -> list[float]:
    """All numbers in an attribute such as `points` or `viewBox`."""
    return [float(number) for number in _NUMBER.findall(text)]


def length(attributes: Attributes, name: str, whole: float, default: float = 0.0) -> float:
    """A length in CSS pixels; `whole` is what 100 % means.

    Raises:
        UserError: it is no length.
    """
    text = attributes.get(name, "").strip()
    if text in ("", "auto"):
        return default
    match = _LENGTH.fullmatch(text)
    if match is None or match[2].lower() not in (*_PIXELS, "%"):
        raise UserError(f"{name}={text[:40]!r} is no length")
    return float(match[1]) * (whole / 100 if match[2] == "%" else _PIXELS[match[2].lower()])


def transform(text: str) -> Transform:
    """The matrix of a `transform` attribute.

    Raises:
        UserError: it is none.
    """
    matrix, end = Identity, 0
    while match := _CALL.match(text, end):
        matrix, end = matrix.transform(_call(match[1], numbers_in(match[2]))), match.end()
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
    """

    matrix: Transform
    size: Size
    page: Size


def viewport(attributes: Attributes, outer: Size | None) -> Viewport:
    """The viewport of an `svg` or `symbol` element.

    Args:
        attributes: of the element.
        outer: what 100 % means around it; None for the outermost.

    Raises:
        UserError: its sizes are no lengths.
    """
    box = numbers_in(attributes.get("viewBox", ""))
    boxed = len(box) == 4 and min(box[2:]) > 0
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
    matrix = Identity if outer is None else _shifted(attributes, outer)
    if not boxed or min(size) <= 0:
        return Viewport(matrix, size, size)
    view = _view(size, box, attributes.get("preserveAspectRatio", ""))
    return Viewport(matrix.transform(view), size, (box[2], box[3]))


def path_data(tag: str, attributes: Attributes, page: Size) -> str:
    """The outline of a shape as path data, empty where it has none.

    Raises:
        UserError: one of its lengths is none.
    """
    shape = SHAPES[tag]
    if isinstance(shape, str):
        return attributes.get(shape, "") if attributes.get(shape) != "none" else ""
    return shape(attributes, *page)


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


def _polyline(attributes: Attributes, *_: float) -> str:
    values = numbers_in(attributes.get("points", ""))
    pairs = zip(values[::2], values[1::2], strict=False)
    points = "L".join(f"{x} {y}" for x, y in pairs)
    return f"M{points}" if points else ""


def _polygon(attributes: Attributes, *_: float) -> str:
    line = _polyline(attributes)
    return f"{line}Z" if line else ""


def _rect(attributes: Attributes, width: float, height: float) -> str:
    x, w, rx = (length(attributes, name, width) for name in ("x", "width", "rx"))
    y, h, ry = (length(attributes, name, height) for name in ("y", "height", "ry"))
    if w <= 0 or h <= 0:
        return ""
    rx, ry = min(rx or ry, w / 2), min(ry or rx, h / 2)
    if rx <= 0 or ry <= 0:
        return f"M{x} {y}h{w}v{h}h{-w}Z"
    round_ = f"a{rx} {ry} 0 0 1"
    across, down = w - 2 * rx, h - 2 * ry
    return (
        f"M{x + rx} {y}h{across}{round_} {rx} {ry}v{down}{round_} {-rx} {ry}"
        f"h{-across}{round_} {-rx} {-ry}v{-down}{round_} {rx} {-ry}Z"
    )


def _circle(attributes: Attributes, width: float, height: float) -> str:
    radius = length(attributes, "r", math.hypot(width, height) / math.sqrt(2))
    centre = length(attributes, "cx", width), length(attributes, "cy", height)
    return _oval(*centre, radius, radius)


def _ellipse(attributes: Attributes, width: float, height: float) -> str:
    cx, rx = (length(attributes, name, width) for name in ("cx", "rx"))
    cy, ry = (length(attributes, name, height) for name in ("cy", "ry"))
    return _oval(cx, cy, rx or ry, ry or rx)


def _oval(cx: float, cy: float, rx: float, ry: float) -> str:
    if rx <= 0 or ry <= 0:
        return ""
    return f"M{cx + rx} {cy}a{rx} {ry} 0 0 1 {-2 * rx} 0a{rx} {ry} 0 0 1 {2 * rx} 0Z"


SHAPES: dict[str, str | Callable[..., str]] = {
    "path": "d",
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
}
"""Tag → the attribute that is its path data, or the function that writes it."""

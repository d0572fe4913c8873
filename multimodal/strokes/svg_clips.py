"""What cuts the strokes of an SVG: clip paths, and the shapes that CSS knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from multimodal.errors import UserError
from multimodal.strokes.css_values import (
    Size,
    Token,
    css_origin,
    length_of,
    significant,
    split_at,
    tokens_of,
)
from multimodal.strokes.svg_path import Outline, parse_path
from multimodal.strokes.svg_shapes import diagonal, oval

Box = tuple[float, float, float, float]


def basic_shape(text: str, box: Box) -> tuple[Outline, bool] | None:
    """A shape such as `circle(40%)` in a box, and whether areas in it alternate (CSS Shapes 1).

    Args:
        text: the value of `clip-path`.
        box: left, top, width and height of what is clipped.

    Returns:
        None where the value is no shape.

    Raises:
        UserError: a shape that is not understood.
    """
    functions = [token for token in tokens_of(text) if token.type == "function"]
    if len(functions) != 1 or functions[0].lower_name not in _SHAPES:
        return None
    (shape,) = functions
    try:
        data = _SHAPES[shape.lower_name](shape.arguments, box)
    except (IndexError, ValueError):
        raise UserError(f"clip-path {text[:40]!r} cannot be understood") from None
    first = split_at(shape.arguments, ",")[0]
    evenodd = bool(first) and first[0].type == "ident" and first[0].lower_value == "evenodd"
    return parse_path(data), evenodd


def _inset(arguments: Sequence[Token], box: Box) -> str:
    left, top, width, height = box
    tokens = significant(arguments)
    words = [token.lower_value if token.type == "ident" else "" for token in tokens]
    sides = tokens[: words.index("round")] if "round" in words else tokens
    wholes = height, width, height, width
    chosen = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)}[len(sides)]
    up, right, down, before = (
        length_of(sides[at], whole) for at, whole in zip(chosen, wholes, strict=True)
    )
    width, height = width - before - right, height - up - down
    if width <= 0 or height <= 0:
        return ""
    return f"M{left + before} {top + up}h{width}v{height}h{-width}Z"


def _circle(arguments: Sequence[Token], box: Box) -> str:
    radii, (x, y) = _round(arguments, box)
    _, _, width, height = box
    sides = abs(x - box[0]), abs(box[0] + width - x), abs(y - box[1]), abs(box[1] + height - y)
    radius = _radius(radii[0] if radii else None, diagonal((width, height)), sides)
    return oval(x, y, radius, radius)


def _ellipse(arguments: Sequence[Token], box: Box) -> str:
    radii, (x, y) = _round(arguments, box)
    _, _, width, height = box
    across = abs(x - box[0]), abs(box[0] + width - x)
    down = abs(y - box[1]), abs(box[1] + height - y)
    rx = _radius(radii[0] if radii else None, width, across)
    ry = _radius(radii[1] if radii else None, height, down)
    return oval(x, y, rx, ry)


def _polygon(arguments: Sequence[Token], box: Box) -> str:
    left, top, width, height = box
    pairs = [pair for pair in split_at(arguments, ",") if pair and pair[0].type != "ident"]
    points = [(left + length_of(x, width), top + length_of(y, height)) for x, y in pairs]
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"


def _path(arguments: Sequence[Token], _: Box) -> str:
    (text,) = (token.value for token in significant(arguments) if token.type == "string")
    return str(text)


def _round(arguments: Sequence[Token], box: Box) -> tuple[list[Token], Size]:
    """The radii of a round shape, and its centre."""
    left, top, width, height = box
    tokens = significant(arguments)
    words = [token.lower_value if token.type == "ident" else "" for token in tokens]
    if "at" not in words:
        return tokens, (left + width / 2, top + height / 2)
    where = " ".join(token.serialize() for token in tokens[words.index("at") + 1 :])
    x, y = css_origin(where, (width, height), (width / 2, height / 2))
    return tokens[: words.index("at")], (left + x, top + y)


def _radius(token: Token | None, whole: float, sides: Sequence[float]) -> float:
    if token is None or (token.type == "ident" and token.lower_value == "closest-side"):
        return min(sides)
    if token.type == "ident" and token.lower_value == "farthest-side":
        return max(sides)
    return length_of(token, whole)


_SHAPES: dict[str, Callable[[Sequence[Token], Box], str]] = {
    "inset": _inset,
    "circle": _circle,
    "ellipse": _ellipse,
    "polygon": _polygon,
    "path": _path,
}

"""Values of CSS properties, by tinycss2: colours, lengths, transforms, references and variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import tinycss2
from fontTools.misc.transform import Identity, Transform
from tinycss2.color4 import parse_color

from multimodal.errors import UserError

Token: TypeAlias = Any
Size: TypeAlias = tuple[float, float]

PIXELS = {
    "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6, "pt": 96 / 72,
    "pc": 16.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0,
}  # fmt: skip
"""Unit of length → CSS pixels, where letters have their usual size."""

DEEPEST_VARIABLES, LONGEST_VALUE = 20, 10_000
_DEGREES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}


def significant(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without white space and comments."""
    return [token for token in tokens if token.type not in ("whitespace", "comment")]


def split_at(tokens: Sequence[Token], sign: str) -> list[list[Token]]:
    """The significant tokens between signs such as commas; at least one list."""
    parts: list[list[Token]] = [[]]
    for token in significant(tokens):
        if token == sign:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def tokens_of(text: str) -> list[Token]:
    """The significant tokens of a value."""
    return significant(tinycss2.parse_component_value_list(text))


@lru_cache(maxsize=4096)
def paint_is_seen(text: str, colour: bool) -> bool | None:
    """Whether a paint leaves ink, None where it is no paint.

    Args:
        text: a colour or a keyword; no reference.
        colour: whether the current colour would.
    """
    lowered = text.strip().lower()
    if lowered in ("none", "transparent"):
        return False
    if lowered in ("context-fill", "context-stroke") or lowered in _SYSTEM_COLOURS:
        return True
    try:
        parsed = parse_color(text)
    except (ValueError, ArithmeticError, TypeError):  # numbers that no colour has
        return None
    if parsed == "currentcolor":
        return colour
    return None if parsed is None else parsed.alpha > 0


_SYSTEM_COLOURS = {
    "canvas", "canvastext", "linktext", "visitedtext", "activetext", "buttonface", "buttontext",
    "buttonborder", "field", "fieldtext", "highlight", "highlighttext", "mark", "marktext",
    "graytext", "accentcolor", "accentcolortext", "window", "windowtext",
}  # fmt: skip


@lru_cache(maxsize=4096)
def reference(text: str) -> tuple[str, str] | None:
    """The address and what follows it in a value such as `url(#c) none`; None without one."""
    tokens = tokens_of(text)
    if not tokens:
        return None
    first, rest = tokens[0], tinycss2.serialize(tokens[1:]).strip()
    if first.type == "url":
        return first.value.strip(), rest
    if first.type == "function" and first.lower_name == "url":
        inside = significant(first.arguments)
        if len(inside) == 1 and inside[0].type == "string":
            return inside[0].value.strip(), rest
    return None


@lru_cache(maxsize=4096)
def share(text: str) -> float | None:
    """A number or a percentage as a part of 1, such as an opacity; None where it is neither."""
    tokens = tokens_of(text)
    if len(tokens) != 1 or tokens[0].type not in ("number", "percentage"):
        return None
    value = float(tokens[0].value)
    return value / 100 if tokens[0].type == "percentage" else value


def with_variables(text: str, variables: Mapping[str, str], depth: int = 0) -> str | None:
    """A value with its `var(…)` replaced; None where one of them is unknown and has no fallback.

    Args:
        text: the value.
        variables: by name.
        depth: how many are within each other so far.
    """
    if "var(" not in text.lower():
        return text
    if depth > DEEPEST_VARIABLES or len(text) > LONGEST_VALUE:
        return None
    return _replaced(tinycss2.parse_component_value_list(text), variables, depth)


def _replaced(tokens: Sequence[Token], variables: Mapping[str, str], depth: int) -> str | None:
    pieces: list[str] = []
    for token in tokens:
        piece: str | None = token.serialize()
        if token.type == "function" and token.lower_name == "var":
            piece = _variable(token.arguments, variables, depth)
        elif token.type == "function":
            inside = _replaced(token.arguments, variables, depth)
            piece = None if inside is None else f"{token.name}({inside})"
        if piece is None:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _variable(tokens: Sequence[Token], variables: Mapping[str, str], depth: int) -> str | None:
    found = significant(tokens)
    name = found[0].value if found and found[0].type == "ident" else ""
    if name in variables:
        return with_variables(variables[name], variables, depth + 1)
    comma = next((at for at, each in enumerate(tokens) if each == ","), None)
    if comma is None:
        return None
    return with_variables(tinycss2.serialize(tokens[comma + 1 :]), variables, depth + 1)


def length_of(token: Token, whole: float) -> float:
    """A token as a length in CSS pixels; `whole` is what 100 % means.

    Raises:
        UserError: it is no length.
    """
    if token.type == "percentage":
        return float(token.value) * whole / 100
    if token.type == "number":
        return float(token.value)
    if token.type == "dimension" and token.lower_unit in PIXELS:
        return float(token.value) * PIXELS[token.lower_unit]
    raise UserError(f"{token.serialize()[:30]!r} is no length")


def css_transform(text: str, size: Size) -> Transform:
    """The matrix of a `transform` property.

    Args:
        text: its value.
        size: width and height of the box that percentages are of.

    Raises:
        UserError: it is none.
    """
    matrix = Identity
    for token in tokens_of(text):
        if token.type == "ident" and token.lower_value == "none":
            continue
        if token.type != "function":
            raise _no_transform(text)
        matrix = matrix.transform(_function(token, size, text))
    return matrix


def css_placement(get: Callable[[str], str], size: Size) -> Transform:
    """The matrix of the properties `translate`, `rotate` and `scale` (CSS Transforms 2).

    Raises:
        UserError: one of them is not understood.
    """
    matrix = Identity
    for name in ("translate", "rotate", "scale"):
        tokens = tokens_of(get(name))
        if not tokens or (tokens[0].type == "ident" and tokens[0].lower_value == "none"):
            continue
        text = f"{name}({','.join(token.serialize() for token in tokens)})"
        matrix = matrix.transform(css_transform(text, size))
    return matrix


def _function(token: Token, size: Size, text: str) -> Transform:  # noqa: C901 - a table
    name = token.lower_name
    values = [part[0] for part in split_at(token.arguments, ",") if len(part) == 1]
    if len(values) != len(split_at(token.arguments, ",")):
        raise _no_transform(text)
    match name, values:
        case "matrix", [_, _, _, _, _, _]:
            return Transform(*map(_number, values))
        case "translate" | "translate3d", [x, *rest] if len(rest) < 3:
            return Identity.translate(
                length_of(x, size[0]), length_of(rest[0], size[1]) if rest else 0
            )
        case "translatex", [x]:
            return Identity.translate(length_of(x, size[0]), 0)
        case "translatey", [y]:
            return Identity.translate(0, length_of(y, size[1]))
        case "scale" | "scale3d", [x, *rest] if len(rest) < 3:
            return Identity.scale(_number(x), _number(rest[0] if rest else x))
        case "scalex", [x]:
            return Identity.scale(_number(x), 1)
        case "scaley", [y]:
            return Identity.scale(1, _number(y))
        case "rotate" | "rotatez", [angle]:
            return Identity.rotate(_angle(angle))
        case "skew", [x, *rest] if len(rest) < 2:
            return Identity.skew(_angle(x), _angle(rest[0]) if rest else 0)
        case "skewx", [x]:
            return Identity.skew(_angle(x), 0)
        case "skewy", [y]:
            return Identity.skew(0, _angle(y))
        case "translatez", [_]:
            return Identity
    raise _no_transform(text)


def _number(token: Token) -> float:
    if token.type == "percentage":
        return float(token.value) / 100
    if token.type != "number":
        raise UserError(f"{token.serialize()[:30]!r} is no number")
    return float(token.value)


def _angle(token: Token) -> float:
    """An angle in radians."""
    if token.type == "number" and token.value == 0:
        return 0.0
    if token.type == "dimension" and token.lower_unit in _DEGREES:
        return math.radians(float(token.value) * _DEGREES[token.lower_unit])
    raise UserError(f"{token.serialize()[:30]!r} is no angle")


def _no_transform(text: str) -> UserError:
    return UserError(f"transform {text[:40]!r} cannot be understood")


_SIDES = {"left": (0, 0.0), "right": (0, 1.0), "top": (1, 0.0), "bottom": (1, 1.0)}


def css_origin(text: str, size: Size, default: Size) -> Size:
    """The point that a `transform-origin` names, from the corner of its box.

    Args:
        text: the value.
        size: of the box.
        default: where there is no value.

    Raises:
        UserError: it is none.
    """
    tokens = tokens_of(text)[:2]
    if not tokens:
        return default
    found: list[float | None] = [None, None]
    for at, token in enumerate(tokens):
        if token.type == "ident" and token.lower_value in _SIDES:
            axis, part = _SIDES[token.lower_value]
            found[axis] = part * size[axis]
        elif token.type == "ident" and token.lower_value == "center":
            continue
        else:
            found[at if found[at] is None else 1 - at] = length_of(token, size[at])
    x, y = (value if value is not None else size[axis] / 2 for axis, value in enumerate(found))
    return x, y


def path_function(text: str, default: str) -> str:
    """The path data in a value such as `path("M0 0")`; the default where it is none."""
    tokens = tokens_of(text)
    if len(tokens) != 1 or tokens[0].type != "function" or tokens[0].lower_name != "path":
        return "none" if text.strip().lower() == "none" else default
    texts = [token.value for token in tokens[0].arguments if token.type == "string"]
    return str(texts[0]) if texts else default

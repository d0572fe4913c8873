"""Which shapes of an SVG leave ink, and which of them one pen drew."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from tinycss2.color4 import parse_color

from multimodal.errors import UserError
from multimodal.strokes.css_values import Size, paint_is_seen, reference, share, with_variables
from multimodal.strokes.svg_document import Document
from multimodal.strokes.svg_shapes import diagonal, length
from multimodal.strokes.svg_tree import Element

Paint: TypeAlias = Mapping[str, str]
"""Inherited properties, and variables (`--name`)."""

INITIAL: Paint = {"fill": "black", "stroke": "none"}

_INHERITED = {
    "fill", "stroke", "visibility", "stroke-width", "fill-opacity", "stroke-opacity", "color",
    "clip-rule",
}  # fmt: skip
_PAINTS = ("fill", "stroke", "color")
_PAINT_SERVERS = {"linearGradient", "radialGradient", "pattern", "meshgradient", "solidcolor"}


def painted(element: Element, around: Paint) -> Paint:
    """The properties in an element that it takes over or states itself."""
    names = [name for name in element.attributes if name in _INHERITED]
    if element.declared:
        names += [name for name in element.declared if name in _INHERITED]
        variables = {k: v for k, v in element.declared.items() if k.startswith("--")}
        around = {**around, **variables} if variables else around
    if not names:
        return around
    own = dict(around)
    for name in names:
        _take(own, name, with_variables(element.get(name), around))
    return own


def _take(own: dict[str, str], name: str, value: str | None) -> None:
    keyword = (value or "").strip().lower()
    if value is None or keyword in ("", "inherit", "unset", "revert", "revert-layer"):
        return
    if keyword == "initial":
        own.pop(name, None)
        own |= {name: INITIAL[name]} if name in INITIAL else {}
    elif name not in _PAINTS or _is_paint(value):
        own[name] = value


def is_hidden(paint: Paint) -> bool:
    """Whether an element says that it is not seen."""
    return paint.get("visibility", "visible").strip() in ("hidden", "collapse")


def is_see_through(element: Element) -> bool:
    """Whether nothing in an element is seen, for its opacity."""
    value = element.get("opacity")
    part = share(value) if value else None
    return part is not None and part <= 0


def is_filled(paint: Paint, document: Document) -> bool:
    """Whether areas are filled."""
    return _leaves_ink("fill", paint, document)


def pen_of(paint: Paint, page: Size, document: Document) -> str | None:
    """What draws outlines: the name of its colour, None where none are drawn.

    Shades of grey are one pen, for some programs write the pressure of a black one so.

    Args:
        paint: of the element.
        page: width and height.
        document: where references lead.
    """
    if not _leaves_ink("stroke", paint, document):
        return None
    if "stroke-width" in paint:
        try:
            width = length(paint, "stroke-width", diagonal(page), 1.0)
        except UserError:  # by CSS, as if it were not there
            width = 1.0
        if width == 0:
            return None
    value = paint["stroke"]
    return _ink_colour(paint.get("color", "black") if _is_current(value) else value)


def _leaves_ink(name: str, paint: Paint, document: Document) -> bool:
    opacity = paint.get(f"{name}-opacity")
    part = share(opacity) if opacity else None
    if part is not None and part <= 0:
        return False
    colour = paint_is_seen(paint.get("color", "black"), True) is not False
    seen = paint_is_seen(paint[name], colour)
    if seen is not None:
        return seen
    target = document.referred(paint[name])
    if target is not None and target.tag in _PAINT_SERVERS:
        return True
    _, fallback = reference(paint[name]) or ("", "")
    return bool(paint_is_seen(fallback or "none", colour))


def _is_paint(value: str) -> bool:
    return paint_is_seen(value, True) is not None or reference(value) is not None


def _is_current(value: str) -> bool:
    return value.strip().lower() == "currentcolor"


@lru_cache(maxsize=4096)
def _ink_colour(value: str) -> str:
    colour = None if reference(value) else parse_color(value)
    if colour is None or isinstance(colour, str):
        return value.strip()
    red, green, blue = (round(float(part or 0), 3) for part in colour.to("srgb").coordinates)
    return "grey" if red == green == blue else f"{red} {green} {blue}"

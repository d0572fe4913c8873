"""Style sheets in SVG: which properties they declare for each element, by the cascade of CSS.

Sheets are parsed by tinycss2 and their selectors matched by cssselect2. What a declaration says
wins by its importance, its layer, the specificity of its selector and its place, in this order
(CSS Cascade 5); `style` attributes stand above all sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element as Shadow

import tinycss2
from cssselect2 import ElementWrapper, Matcher, SelectorError, compile_selector_list

from multimodal.strokes.css_media import media_applies
from multimodal.strokes.css_values import Size, Token, paint_is_seen, reference, share, significant
from multimodal.strokes.svg_tree import Element, RefusedError
from multimodal.strokes.xml_tree import PREFIXES

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
GEOMETRY = ("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "d")
PROPERTIES = {
    "display", "visibility", "fill", "stroke", "opacity", "fill-opacity", "stroke-opacity",
    "stroke-width", "color", "clip-path", "clip-rule", "fill-rule", "mask", "filter", "overflow",
    "transform", "transform-origin", "transform-box", "translate", "rotate", "scale", *GEOMETRY,
}  # fmt: skip
"""Those that decide what is seen, and where; all others are passed over."""

MOST_SELECTORS = 20_000
MOST_MATCHES = 20_000_000  # elements times selectors without tag, class or id

_KEYWORDS = {"inherit", "initial", "unset", "revert", "revert-layer"}


class Declared(NamedTuple):
    """One declaration of a property."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True)
class _Block:
    """The declarations of a rule, and the layer that it stands in."""

    layer: int
    declared: tuple[Declared, ...]


def apply_styles(root: Element, size: Size) -> None:
    """Resolve style sheets and `style` attributes into what each element has declared.

    Args:
        root: of the file; `declared` of its elements is filled.
        size: width and height of the page, which media queries may ask for.

    Raises:
        RefusedError: sheets with too many selectors, or nested too deeply.
    """
    try:
        _apply(root, size)
    except RecursionError:
        raise RefusedError("refused: a style sheet that is nested too deeply") from None


def _apply(root: Element, size: Size) -> None:
    sheets = [element for element in root.walk() if element.tag == "style"]
    matcher = _matcher(sheets, size) if sheets else None
    if matcher is None:
        for element in root.walk():
            if "style" in element.attributes:
                _declare(element, [])
        return
    elements = [*root.walk()]
    if len(matcher.other_selectors) * len(elements) > MOST_MATCHES:
        raise RefusedError("refused: too many selectors for so many elements")
    shadows = ElementWrapper.from_xml_root(_shadow(root)).iter_subtree()
    for element, shadow in zip(elements, shadows, strict=True):
        _declare(element, matcher.match(shadow))


def _matcher(sheets: Iterable[Element], size: Size) -> Matcher | None:
    """What the sheets say, None where they say nothing."""
    matcher, layers = Matcher(), _Layers()
    for sheet in sheets:
        media = tinycss2.parse_component_value_list(sheet.attributes.get("media", ""))
        kind = sheet.attributes.get("type", "").split(";")[0].strip().lower()
        if kind in ("", "text/css") and media_applies(media, size):
            rules = tinycss2.parse_stylesheet(sheet.text, skip_comments=True, skip_whitespace=True)
            for prelude, block in _rules(rules, size, layers, ""):
                _add(matcher, prelude, block)
    return matcher if matcher.order else None


def _add(matcher: Matcher, prelude: Sequence[Token], block: _Block) -> None:
    try:
        selectors = compile_selector_list(prelude)
    except (SelectorError, RecursionError):
        return  # by the grammar of CSS, a rule whose selector is not understood does not count
    for selector in selectors:
        matcher.add_selector(selector, block)
    if matcher.order > MOST_SELECTORS:
        raise RefusedError(f"refused: more than {MOST_SELECTORS} selectors in style sheets")


class _Layers:
    """Numbers the cascade layers as they appear; what stands in none comes after them all."""

    NONE = 1 << 30

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        if not name:
            return self.NONE
        return self.numbers.setdefault(name, len(self.numbers))

    def unnamed(self) -> str:
        return f" {len(self.numbers)}"


def _rules(
    rules: Iterable[Any], size: Size, layers: _Layers, layer: str
) -> Iterator[tuple[Sequence[Token], _Block]]:
    """The style rules that apply, with those in the blocks of `@media` and its like."""
    for rule in rules:
        if rule.type == "qualified-rule":
            yield rule.prelude, _Block(layers.number(layer), _declarations(rule.content))
        elif rule.type == "at-rule":
            yield from _at_rule(rule, size, layers, layer)


def _at_rule(
    rule: Any, size: Size, layers: _Layers, layer: str
) -> Iterator[tuple[Sequence[Token], _Block]]:
    keyword = rule.lower_at_keyword
    if keyword == "layer":
        names = [name.strip() for name in tinycss2.serialize(rule.prelude).split(",")]
        names = [f"{layer}.{name}" if layer else name for name in names if name]
        for name in names or [layers.unnamed()]:
            layers.number(name)
        layer = names[0] if names else layers.unnamed()
    elif keyword == "media":
        if not media_applies(rule.prelude, size):
            return
    elif keyword != "supports" or not _supported(rule.prelude):
        return  # such as @import, @charset, @font-face and @keyframes, which draw nothing here
    if rule.content is not None:
        inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        yield from _rules(inside, size, layers, layer)


def _supported(prelude: Sequence[Token]) -> bool:
    """Whether a condition of `@supports` holds, where every plain property is taken to."""
    tokens = significant(prelude)
    words = [token.lower_value if token.type == "ident" else "" for token in tokens]
    if words[:1] == ["not"]:
        return not _supported(tokens[1:])
    terms = [
        _supported(token.content)
        if token.type == "() block" and _is_condition(significant(token.content))
        else token.type in ("() block", "function")
        for token in tokens[::2]
    ]
    return any(terms) if "or" in words else all(terms)


def _is_condition(tokens: Sequence[Token]) -> bool:
    if not tokens:
        return False
    first = tokens[0]
    return bool(first.type == "() block" or (first.type == "ident" and first.lower_value == "not"))


def _shadow(element: Element) -> Shadow:
    """A tree as cssselect2 wants it."""
    attributes = {_qualified(name): value for name, value in element.attributes.items()}
    shadow = Shadow(f"{{{SVG_NAMESPACE}}}{element.tag or 'other'}", attributes)
    shadow.extend([_shadow(child) for child in element.children])
    return shadow


def _qualified(name: str) -> str:
    for namespace, prefix in PREFIXES.items():
        if name.startswith(prefix):
            return f"{{{namespace}}}{name[len(prefix) :]}"
    return name


def _declare(element: Element, matches: Sequence[tuple[Any, int, str | None, _Block]]) -> None:
    """Lay declarations over each other, the weakest first."""
    layered = [
        ((-block.layer if each.important else block.layer, specificity, order), each)
        for specificity, order, pseudo, block in matches
        if pseudo is None
        for each in block.declared
    ]
    layered.sort(key=lambda pair: pair[0])  # in a block, the later of two stays the later
    own = _own(element.attributes.get("style", ""))
    ordered = [
        *(each for _, each in layered if not each.important),
        *(each for each in own if not each.important),
        *(each for _, each in layered if each.important),
        *(each for each in own if each.important),
    ]
    for each in ordered:
        element.declared[each.name] = each.value


@lru_cache(maxsize=4096)
def _own(text: str) -> tuple[Declared, ...]:
    """The declarations of a `style` attribute."""
    return _declarations(text) if text else ()


def _declarations(content: str | Sequence[Token]) -> tuple[Declared, ...]:
    parsed = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    found = (
        Declared(
            each.name if each.name.startswith("--") else each.lower_name,
            tinycss2.serialize(each.value).strip(),
            each.important,
        )
        for each in parsed
        if each.type == "declaration"
    )
    return tuple(each for each in found if _is_valid(each.name, each.value))


def _is_valid(name: str, value: str) -> bool:
    """Whether a declaration counts: what is not understood leaves an earlier one in force."""
    if name.startswith("--"):
        return True
    if name not in PROPERTIES or not value:
        return False
    if value.lower() in _KEYWORDS or "var(" in value.lower():
        return True
    if name in ("fill", "stroke", "color"):
        return paint_is_seen(value, True) is not None or reference(value) is not None
    if name in ("opacity", "fill-opacity", "stroke-opacity"):
        return share(value) is not None
    return True

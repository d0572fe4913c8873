"""An SVG file as a tree of elements, with the few properties that decide what is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from multimodal.strokes.xml_tree import DEEPEST, Element, Language, read_xml

__all__ = ["DEEPEST", "PROPERTIES", "SVG", "Element", "read_tree"]

SVG = Language("SVG", "svg", "http://www.w3.org/2000/svg", texts=("style",))
PROPERTIES = ("display", "visibility", "fill", "stroke")

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"(\*|[\w-]+)?(\.[\w-]+)?(#[\w-]+)?")


def read_tree(path: Path) -> Element:
    """Read a file; style sheets and style attributes are resolved into plain attributes.

    Raises:
        UserError: no SVG, broken XML, nested too deeply, or a trick with entities.
    """
    root = read_xml(path, SVG)
    _resolve_styles(root)
    return root


def _resolve_styles(root: Element) -> None:
    rules: dict[str, list[_Rule]] = {}
    sheets = [element.text for element in root.walk() if element.tag == "style"]
    for rule in _style_rules("\n".join(sheets)):
        rules.setdefault(rule.key, []).append(rule)
    for element in root.walk():
        for rule in sorted(_matching(element, rules), key=lambda rule: rule.rank):
            element.attributes |= rule.declared
        element.attributes |= _declarations(element.attributes.get("style", ""))


@dataclass(frozen=True)
class _Rule:
    """What a style sheet declares for one selector: a tag, a class, an id, or these together.

    Attributes:
        parts: tag, .class and #id, empty where the selector does not ask for one.
        declared: property → value.
    """

    parts: tuple[str, str, str]
    declared: dict[str, str]

    @property
    def key(self) -> str:
        """The part that fewest elements have."""
        return next(part for part in reversed(self.parts) if part)

    @property
    def rank(self) -> list[bool]:
        """Rules of a higher rank win."""
        return [bool(part) for part in reversed(self.parts)]


def _matching(element: Element, rules: Mapping[str, list[_Rule]]) -> Iterator[_Rule]:
    classes = [f".{name}" for name in dict.fromkeys(element.attributes.get("class", "").split())]
    own = ["*", element.tag, *classes, f"#{element.attributes.get('id', '')}"]
    for name in own:
        for rule in rules.get(name, ()):
            if all(not part or part in own for part in rule.parts):
                yield rule


def _style_rules(text: str) -> Iterator[_Rule]:
    """The rules of a style sheet; selectors of several elements are beyond this reader."""
    for selectors, body in _RULE.findall(_COMMENT.sub("", text)):
        declared = _declarations(body)
        for selector in selectors.split(","):
            match = _SELECTOR.fullmatch(selector.strip())
            if match and match[0] and declared:
                tag, class_, id_ = match.groups("")
                yield _Rule((tag, class_, id_), declared)


def _declarations(text: str) -> dict[str, str]:
    pairs = (declaration.partition(":")[::2] for declaration in text.split(";"))
    named = ((key.strip().lower(), value.partition("!")[0].strip()) for key, value in pairs)
    return {key: value for key, value in named if key in PROPERTIES and value}

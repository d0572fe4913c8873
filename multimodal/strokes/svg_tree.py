"""An SVG file as a tree of elements, each with the few properties that decide whether it is seen.

XML is parsed by Expat, which loads nothing from outside the file. What entities could do is taken
from them: they may hold a short text (Illustrator keeps namespaces in them) and no other entity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from multimodal.errors import UserError

LARGEST, DEEPEST, LONGEST_ENTITY = 2**26, 200, 256
PROPERTIES = ("display", "visibility", "fill", "stroke")

_NAMESPACE = "http://www.w3.org/2000/svg"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"(\*|[\w-]+)?(\.[\w-]+)?(#[\w-]+)?")


@dataclass(slots=True)
class Element:
    """One element of the SVG namespace.

    Attributes:
        tag: its name without the namespace.
        line: where it starts in the file.
        attributes: name without the namespace → value.
        children: the elements in it.
        text: the text directly in it.
    """

    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def walk(self) -> Iterator[Element]:
        """This element and everything below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_tree(path: Path) -> Element:
    """Read a file; style sheets and style attributes are resolved into plain attributes.

    Raises:
        UserError: no SVG, broken XML, nested too deeply, or a trick with entities.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise UserError(f"{path}: larger than {LARGEST} bytes: too large for a drawing")
    root = _Builder(path).build(data)
    _resolve_styles(root)
    return root


class _Builder:
    """Gathers what Expat reports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.open: list[Element] = [Element("", 0, {})]

    def build(self, data: bytes) -> Element:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise UserError(f"{self.path}:{error.lineno}: no SVG, or broken: {reason}") from None
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            raise UserError(f"{self.path}: no SVG, or broken: {error}") from None
        root = next(iter(self.open[0].children), None)
        if root is None or root.tag != "svg":
            raise UserError(f"{self.path}: no SVG: another kind of XML")
        return root

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self.open) > DEEPEST:
            self._refuse(f"elements stand in more than {DEEPEST} others")
        namespace, _, tag = name.rpartition(" ")
        known = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        element = Element(
            tag if namespace in ("", _NAMESPACE) else "", self.parser.CurrentLineNumber, known
        )
        self.open[-1].children.append(element)
        self.open.append(element)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if self.open[-1].tag == "style":
            self.open[-1].text += text

    def _entity(self, name: str, _: bool, value: str | None, *_where: str | None) -> None:
        if value is None or len(value) > LONGEST_ENTITY or "&" in value or "%" in value:
            self._refuse(f"the entity {name} is more than a short text")

    def _refuse(self, reason: str) -> NoReturn:
        raise UserError(f"{self.path}:{self.parser.CurrentLineNumber}: refused: {reason}")


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

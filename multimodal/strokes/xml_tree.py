"""An XML file as a tree of elements, safely.

XML is parsed by Expat, which loads nothing from outside the file. What entities could do is taken
from them: they may hold a short text (Illustrator keeps namespaces in them) and no other entity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from multimodal.errors import UserError

LARGEST, DEEPEST, LONGEST_ENTITY = 2**26, 200, 256

PREFIXES = {
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://www.w3.org/1999/xlink": "xlink:",
}
"""Namespaces of attributes that languages share → the prefix that everybody knows."""

_BUFFERED = 2**16  # characters of text that come at once


@dataclass(slots=True, eq=False)
class Element:
    """One element of the language that is read.

    Attributes:
        tag: its name without the namespace; empty in a namespace of another language.
        line: where it starts in the file.
        attributes: name → value: those of the language itself, and those of XML and XLink with
            their usual prefixes (`xml:id`, `xlink:href`); those of other languages are left out.
        children: the elements in it.
        text: the text directly in it, where its tag is one whose text is kept.
        declared: property → value, as style sheets and `style` declare it; empty where nothing has
            been resolved.
    """

    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    declared: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """A property: as it is declared, else as a presentation attribute of the same name."""
        value = self.declared.get(name)
        return self.attributes.get(name, default) if value is None else value

    def walk(self) -> Iterator[Element]:
        """This element and everything below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Language:
    """What kind of XML is read.

    Attributes:
        name: as people say it.
        root: the tag of the outermost element.
        namespace: besides none at all.
        texts: the tags whose text is kept.
    """

    name: str
    root: str
    namespace: str = ""
    texts: Collection[str] = ()


def read_xml(path: Path, language: Language) -> Element:
    """Read a file.

    Returns:
        Its outermost element.

    Raises:
        UserError: another language, broken XML, too large, nested too deeply, or a trick with
            entities.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise UserError(f"{path}: larger than {LARGEST} bytes: too large for a drawing")
    return _Builder(path, language).build(data)


class _Builder:
    """Gathers what Expat reports."""

    def __init__(self, path: Path, language: Language) -> None:
        self.path = path
        self.language = language
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.buffer_size = _BUFFERED
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.open: list[Element] = [Element("", 0, {})]

    def build(self, data: bytes) -> Element:
        broken = f"no {self.language.name}, or broken"
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise UserError(f"{self.path}:{error.lineno}: {broken}: {reason}") from None
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            raise UserError(f"{self.path}: {broken}: {error}") from None
        root = next(iter(self.open[0].children), None)
        if root is None or root.tag != self.language.root:
            raise UserError(f"{self.path}: no {self.language.name}: another kind of XML")
        return root

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self.open) > DEEPEST:
            self._refuse(f"elements stand in more than {DEEPEST} others")
        namespace, _, tag = name.rpartition(" ")
        known = {key: value for key, value in attributes.items() if " " not in key}
        if len(known) < len(attributes):
            known = self._prefixed(attributes) | known
        ours = namespace in ("", self.language.namespace)
        element = Element(tag if ours else "", self.parser.CurrentLineNumber, known)
        self.open[-1].children.append(element)
        self.open.append(element)

    def _prefixed(self, attributes: Mapping[str, str]) -> dict[str, str]:
        """The attributes that name a namespace: of this language, of XML or of XLink."""
        prefixes = {**PREFIXES, self.language.namespace: ""}
        split = ((key.rpartition(" "), value) for key, value in attributes.items())
        return {
            prefixes[space] + name: value for (space, _, name), value in split if space in prefixes
        }

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if self.open[-1].tag in self.language.texts:
            self.open[-1].text += text

    def _entity(self, name: str, _: bool, value: str | None, *_where: str | None) -> None:
        if value is None or len(value) > LONGEST_ENTITY or "&" in value or "%" in value:
            self._refuse(f"the entity {name} is more than a short text")

    def _refuse(self, reason: str) -> NoReturn:
        raise UserError(f"{self.path}:{self.parser.CurrentLineNumber}: refused: {reason}")

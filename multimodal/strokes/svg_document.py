"""An SVG file while it is read: its elements by their names, and what was found wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from multimodal.errors import UserError
from multimodal.strokes.css_values import path_function, reference
from multimodal.strokes.svg_css import GEOMETRY
from multimodal.strokes.svg_shapes import Attributes, length
from multimodal.strokes.svg_tree import Element, RefusedError, read_tree

LANGUAGE = "en"
"""What `systemLanguage` is compared with."""


class Document:
    """A parsed file.

    Args:
        path: the file.

    Attributes:
        root: its outermost element.
        notes: "path:line: what", for every fault that costs less than the whole file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = read_tree(path)
        self.notes: list[str] = []
        self._once: set[str] = set()
        self._named: dict[str, Element] = {}
        for element in self.root.walk():
            if "id" in element.attributes:
                self._named.setdefault(element.attributes["id"], element)

    def note(self, element: Element, message: str, *, once: bool = False) -> None:
        """Take down what is wrong with an element; some things are told once a file.

        Args:
            element: which.
            message: what is wrong with it.
            once: whether one such note a file is enough.
        """
        if not once or message not in self._once:
            self._once.add(message)
            self.notes.append(f"{self.path}:{element.line}: {message}")

    @contextmanager
    def blaming(self, element: Element) -> Iterator[None]:
        """Take down an error, which costs this element alone; a refusal goes on with its place."""
        try:
            yield
        except RefusedError as error:
            if str(error).startswith(f"{self.path}:"):
                raise
            raise RefusedError(f"{self.path}:{element.line}: {error}") from None
        except UserError as error:
            self.note(element, str(error))

    def linked(self, element: Element) -> Element | None:
        """What a `use` shows: nothing where that stands in another file."""
        own = element.attributes
        return self.at(own.get("href", own.get("xlink:href", "")))

    def referred(self, value: str) -> Element | None:
        """The element that `url(#…)` names."""
        found = reference(value)
        return self.at(found[0]) if found else None

    def at(self, address: str) -> Element | None:
        """The element at an address in this file, such as `#a`."""
        address = address.strip()
        return self._named.get(address[1:]) if address[:1] == "#" else None

    def geometry(self, element: Element) -> Attributes:
        """The attributes of an element, with what style sheets say about its place and size."""
        if not element.declared:
            return element.attributes
        declared_geometry = {
            name: element.declared[name] for name in GEOMETRY if name in element.declared
        }
        if "d" in declared_geometry:
            declared_geometry["d"] = path_function(
                declared_geometry["d"], element.attributes.get("d", "")
            )
        return {**element.attributes, **declared_geometry}

    def sizes(self, element: Element) -> Attributes:
        """The same, without a place or size that is no length."""
        own = dict(self.geometry(element))
        for name in ("x", "y", "width", "height"):
            try:
                length(own, name, 1.0)
            except UserError as error:
                self.note(element, str(error), once=True)
                del own[name]
        return own


def is_for_us(element: Element) -> bool:
    """Whether the conditions of an element hold: its language, and that it needs no extension."""
    own = element.attributes
    if own.get("requiredExtensions") is not None:
        return False
    languages = own.get("systemLanguage")
    if languages is None:
        return True
    return any(tag.strip().lower().partition("-")[0] == LANGUAGE for tag in languages.split(","))

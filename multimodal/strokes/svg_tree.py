"""An SVG file as a tree of elements."""

from __future__ import annotations

from pathlib import Path

from multimodal.errors import UserError
from multimodal.strokes.xml_tree import DEEPEST, Element, Language, read_xml

__all__ = ["DEEPEST", "SVG", "Element", "RefusedError", "read_tree"]

SVG = Language("SVG", "svg", "http://www.w3.org/2000/svg", texts=("style",))


class RefusedError(UserError):
    """More than is read of any file: the whole file is refused, not a part of it."""


def read_tree(path: Path) -> Element:
    """Read a file; its style sheets are not yet applied (see `svg_css.apply_styles`).

    Raises:
        UserError: no SVG, broken XML, nested too deeply, or a trick with entities.
    """
    return read_xml(path, SVG)

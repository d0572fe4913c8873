"""Draft alt texts for the pictures of a static site, for a person to check.

    python examples/alt_texts.py site/

Every `<img>` of a local picture that has no alt attribute gets a caption, and beside it the
attribute data-alt-draft, by which drafts can be found. A draft is not a substitute for alt text by
a person: the model is often wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import multimodal


class Pictures(HTMLParser):
    """Finds the pictures without an alt attribute.

    Attributes:
        found: line, column and source of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a picture."""
        named = dict(attrs)
        if tag == "img" and "alt" not in named and named.get("src"):
            self.found.append((*self.getpos(), str(named["src"])))


def local_file(page: Path, source: str) -> Path | None:
    """The file of a picture; None for one of another server or one that is not there."""
    parts = urlsplit(source)
    path = page.parent / unquote(parts.path)
    return None if parts.scheme or parts.netloc or not path.is_file() else path


def with_drafts(page: Path, caption: Callable[[str], str]) -> tuple[str, int]:
    """A page with alt texts in it, and how many were added."""
    pictures = Pictures()
    text = page.read_text(encoding="utf-8")
    pictures.feed(text)
    lines = text.split("\n")
    added = 0
    for line, column, source in reversed(pictures.found):  # later ones first: places stay right
        path = local_file(page, source)
        if path is None or not (said := caption(str(path))):
            continue
        at, row = column + len("<img"), lines[line - 1]
        lines[line - 1] = f'{row[:at]} alt="{escape(said)}" data-alt-draft{row[at:]}'
        added += 1
    return "\n".join(lines), added


def main(site: str) -> None:
    """Draft alt texts in every page of a folder."""
    captioner = multimodal.load_captioner()
    for page in sorted(Path(site).rglob("*.html")):
        text, added = with_drafts(page, lambda file: captioner.caption([file])[0].text)
        if added:
            page.write_text(text, encoding="utf-8", newline="")
            print(f"{page}: {added} drafts to check")


if __name__ == "__main__":
    main(*sys.argv[1:])

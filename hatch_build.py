"""The README as a package index shows it: without the repository around it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

try:
    from hatchling.metadata.plugin.interface import MetadataHookInterface as _Hook
except ImportError:  # the tests need no hatchling
    _Hook = object

LINK = re.compile(r"(!?)\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)\)")


def absolute(text: str, base: str) -> str:
    """A README with its relative links and pictures under one base.

    Args:
        text: Markdown.
        base: where the repository's files are, such as "https://example.org/project/blob/main";
            empty where no place is known: then links become their text, and pictures go.
    """

    def changed(link: re.Match[str]) -> str:
        picture, label, target = link.groups()
        if re.match(r"https?:|#", target):
            return link[0]
        if base:
            return f"{picture}[{label}]({base.rstrip('/')}/{target})"
        return "" if picture else label

    return LINK.sub(changed, text)


class CustomMetadataHook(_Hook):  # type: ignore[misc, valid-type]
    """Hatchling's hook that makes the readme; its `base-url` is the one place of the address."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme of the project."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = absolute(text, self.config.get("base-url", ""))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}

"""What one input of a run is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from multimodal.images import PICTURE_ENDINGS

# Pictures that people have and nobody here can open: they get a row that says so.
_FOREIGN = ".heic .heif .jp2 .jxl .svg .psd .ico .tga .eps .cr2 .cr3 .nef .arw .dng .raf .orf"
FOREIGN_ENDINGS = frozenset(_FOREIGN.split())


@dataclass(frozen=True)
class Item:
    """One picture to caption.

    Attributes:
        name: what its row calls it: the path as written, or its place within a table or shard.
        image: a file, or the bytes of one; None where there is nothing to open.
        error: why there is nothing to open.
    """

    name: str
    image: str | bytes | None = None
    error: str | None = None

    @classmethod
    def listed(cls, name: str, folder: Path) -> Item:
        """A path as a list in `folder` has it: beside the list where it is there, else as it is."""
        beside = folder / name
        return cls(name, str(beside) if os.path.lexists(beside) else name)

    @classmethod
    def unreadable(cls, source: str, error: OSError) -> Item:
        """Something that the system does not open."""
        return cls(source, error=(error.strerror or str(error)).lower())


def looks_like_picture(name: str) -> bool:
    """Whether a file ends like a picture, of whatever format."""
    return Path(name).suffix.lower() in PICTURE_ENDINGS | FOREIGN_ENDINGS

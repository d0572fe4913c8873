"""What one input of a run is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from multimodal.images import PICTURE_ENDINGS

# Pictures that people have and nobody here can open: they get a row that says so.
_FOREIGN = """
    .heic .heif .hif .heics .avci .jp2 .j2k .jpf .jpx .jxl .jxr .svg .psd .xcf .ico .tga .eps .exr
    .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .raf .orf .rw2 .raw .rwl .srw .pef .x3f .3fr .erf
"""
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
        """A path as a list in `folder` has it: beside the list where it is there, else as it is.

        Either way the name is one that opens.
        """
        beside = str(folder / name)
        return cls(beside, beside) if os.path.lexists(beside) else cls(name, name)

    @classmethod
    def unreadable(cls, source: str, error: OSError) -> Item:
        """Something that the system does not open."""
        return cls(source, error=(error.strerror or str(error)).lower())


def stamp_of(image: str | bytes | None) -> str:
    """What tells a file, or bytes, from what may stand under the same name later."""
    if image is None:
        return ""
    if isinstance(image, bytes):
        return blake2b(image, digest_size=8).hexdigest()
    try:
        found = Path(image).stat()
    except (OSError, ValueError):
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}"


def looks_like_picture(name: str) -> bool:
    """Whether a file ends like a picture, of whatever format."""
    return Path(name).suffix.lower() in PICTURE_ENDINGS | FOREIGN_ENDINGS

"""Where a job writes, and text that any file can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path

from multimodal.errors import UserError

ERASED = "\r\x1b[2K"
"""What empties a terminal's line, with the ^C that Ctrl-C echoed on it."""


def require_place(path: Path) -> None:
    """See to it that a file can be put there, before the work that it will hold begins.

    Raises:
        UserError: when its folder does not exist, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path}: its folder does not exist")
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name a file")


def require_free(path: Path, *, overwrite: bool) -> None:
    """See to it that a file can be put there, and that none is there that may not be replaced.

    Raises:
        UserError: when its folder does not exist, it is a folder itself, or is there already.
    """
    require_place(path)
    if path.exists() and not overwrite:
        raise UserError(f"{path}: is there already; move it, or use --overwrite")


def require_output(path: Path, endings: Collection[str], *, overwrite: bool) -> None:
    """See to it that a file of some format can be put there; see `require_free`.

    Args:
        path: of the file.
        endings: those of all formats.
        overwrite: whether a file may be replaced.

    Raises:
        UserError: it cannot be put there, or its ending is of no format.
    """
    if path.suffix.lower() not in endings:
        raise UserError(f"{path}: cannot be written: choose one of {', '.join(endings)}")
    require_free(path, overwrite=overwrite)


def named_after(title: str, ending: str, *, usual: str = "drawing", longest: int = 60) -> str:
    """The name of a file, after what it shows.

    Args:
        title: what it shows.
        ending: of the file.
        usual: what it is called where the title has no letters.
        longest: letters of the name.
    """
    name = "-".join(re.findall("[a-z0-9]+", title.lower()))[:longest].strip("-")
    return f"{name or usual}{ending}"


def free_path(name: str) -> Path:
    """A file in the current folder, numbered where there are others of its name."""
    first = Path(name)
    others = (first.with_stem(f"{first.stem}-{number}") for number in count(2))
    return next(path for path in chain([first], others) if not path.exists())


def dump_json(value: object) -> str:
    """JSON that any UTF-8 file can hold, also where a file name is no Unicode.

    Bytes that are none stay the escapes that Python made of them, so that whoever reads the JSON
    with Python gets a path that opens.
    """
    return clean(json.dumps(value, ensure_ascii=False))


def clean(text: str) -> str:
    """Text that UTF-8 can hold: bytes of a file name that are no Unicode become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()

"""Where a job writes, and text that any file can hold."""

from __future__ import annotations

import json
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


def dump_json(value: object) -> str:
    """JSON that any UTF-8 file can hold, also where a file name is no Unicode.

    Bytes that are none stay the escapes that Python made of them, so that whoever reads the JSON
    with Python gets a path that opens.
    """
    return clean(json.dumps(value, ensure_ascii=False))


def clean(text: str) -> str:
    """Text that UTF-8 can hold: bytes of a file name that are no Unicode become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()

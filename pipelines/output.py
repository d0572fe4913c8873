"""Files that a job writes: whole, or not at all; and what any of them can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a file to write to, which takes the place of `path` when all went well.

    Whatever goes wrong, what was at `path` stays, and nothing half written remains.

    Raises:
        UserError: when it cannot be written.
    """
    aside = path.with_name(f".unfinished-{path.name}")  # with the ending that Pillow goes by
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            aside.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole file.

    Raises:
        UserError: when it cannot be written.
    """
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def dump_json(value: object) -> str:
    """JSON that any UTF-8 file can hold, also where a file name is no Unicode.

    Bytes that are none stay the escapes that Python made of them, so that whoever reads the JSON
    with Python gets a path that opens.
    """
    return clean(json.dumps(value, ensure_ascii=False))


def clean(text: str) -> str:
    """Text that UTF-8 can hold: bytes of a file name that are no Unicode become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()

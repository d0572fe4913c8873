"""Files and folders that are written whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multimodal.errors import disk_errors


@contextmanager
def atomic_write(path: Path, *, synced: bool = False) -> Iterator[Path]:
    """Yield a file to write to, which takes the place of `path` when all went well.

    Whatever goes wrong, what was at `path` stays, and nothing half written remains.

    Args:
        path: the file; the one to write to has the same ending, which Pillow goes by.
        synced: wait until the disk holds it, also after a power cut.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f".unfinished-{path.name}")
    with disk_errors(path):
        try:
            yield temporary
            if synced:
                sync(temporary)
            temporary.replace(path)
            if synced:
                sync(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; whatever is not moved out of it is removed at the end.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f".unfinished-{path.name}")
    with disk_errors(path):
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder."""
    if path.is_dir() and os.name != "posix":
        return  # where a folder cannot be opened, let alone synced
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file.

    Raises:
        UserError: it cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a whole file in UTF-8.

    Raises:
        UserError: it cannot be written.
    """
    write_bytes(path, text.encode())

"""Removes what visitors left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

EVERY = 30.0  # seconds


def sweep(folder: Path, age: float, keep: frozenset[Path] = frozenset()) -> None:
    """Remove the files in a folder that are older than so many seconds, and empty folders.

    Args:
        folder: where.
        age: seconds since a file was last written.
        keep: files that stay.
    """
    oldest = time.time() - age
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside comes first
        with suppress(OSError):  # somebody else removed it, or a folder is not empty
            if path in keep or path.lstat().st_mtime > oldest:
                continue
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


@contextmanager
def sweeping(folder: Path, age: float) -> Iterator[None]:
    """Sweep again and again; what is there at the beginning stays."""
    keep = frozenset(folder.rglob("*"))
    over = Event()

    def go_on() -> None:
        while not over.wait(min(EVERY, age)):
            sweep(folder, age, keep)

    thread = Thread(target=go_on, name="janitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

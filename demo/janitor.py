"""Removes what visitors left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio import Blocks

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


def forget(page: Blocks) -> None:
    """Take out of gradio's books what is gone, for they only grow (gradio 6.31).

    These are paths of files that were removed, and an empty set for every visitor, as which each
    call of the API counts, whose queue of messages gradio has dropped. The books are no public
    part of gradio: what another version does not have is passed over.

    Args:
        page: whose books; other threads write in them.
    """
    for paths in getattr(page, "temp_file_sets", ()):
        paths.difference_update([path for path in tuple(paths) if not Path(path).exists()])
    queue = getattr(page, "_queue", None)
    events = getattr(queue, "pending_event_ids_session", {})
    messages = getattr(queue, "pending_messages_per_session", events)
    for visitor, waiting in tuple(events.items()):
        if not waiting and visitor not in messages:
            events.pop(visitor, None)


@contextmanager
def sweeping(folder: Path, age: float, page: Blocks) -> Iterator[None]:
    """Sweep again and again; what is there at the beginning stays.

    Args:
        folder: see `sweep`.
        age: see `sweep`.
        page: see `forget`.
    """
    keep = frozenset(folder.rglob("*"))
    over = Event()

    def go_on() -> None:
        while not over.wait(min(EVERY, age)):
            sweep(folder, age, keep)
            forget(page)

    thread = Thread(target=go_on, name="janitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

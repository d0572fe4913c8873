"""Files that a job writes: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multimodal.errors import UserError


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
    """Give a file to write to, which takes the place of `path` when all went well.

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

"""The one exception that a user can cause and mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """A mistake of the caller, said in one line that names the file or the option and what to do.

    The command line prints the line and leaves with code 2. Anything else that surfaces as a
    traceback is a bug of ours.
    """


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses (full, read-only, not ours) into one line that names the path."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error

"""The one exception that a user can cause and mend."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

FEW = 9  # names that an error lists when none of them is near
OFFERED = 3  # names that it offers at most of more


class UserError(Exception):
    """A mistake of the caller, said in one line that names the file or the option and what to do.

    The command line prints the line and leaves with code 2. Anything else that surfaces as a
    traceback is a bug of ours.
    """


class TrainingStoppedError(UserError):
    """Ctrl-C or a polite kill came: the state is saved and the same command goes on."""


def offered(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of a wrong name, as the end of an error's line.

    Args:
        name: that there is not.
        known: the names that there are.

    Returns:
        "did you mean a or b?" with the nearest names, at most three; where none is near, what there
        is, or three of many.
    """
    names = list(known)
    if near := get_close_matches(name, names, OFFERED):
        return f"did you mean {' or '.join(near)}?"
    if len(names) <= FEW:
        return f"there are {', '.join(names) or 'none'}"
    return f"there are {len(names)}, such as {', '.join(names[:OFFERED])}"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses (full, read-only, not ours) into one line that names the path."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error

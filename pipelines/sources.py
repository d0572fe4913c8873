"""What people name as an input: there, and of the right kind, before a model is loaded for it."""

from __future__ import annotations

import re
from pathlib import Path

from multimodal.errors import UserError

_FILE_NAME = re.compile(r"\S+\.[A-Za-z][A-Za-z0-9]{1,6}")  # and not "good." or "10.5"


def require_file(path: str | Path, wanted: str) -> None:
    """See to it that an input is a file.

    Args:
        path: what was named.
        wanted: what kind of file, as in "name a file of drawings".

    Raises:
        UserError: there is nothing of that name, or it is a folder.
    """
    if not str(path) or Path(path).is_dir():
        named = f"{path}: is a folder" if str(path) else "an empty name is no file"
        raise UserError(f"{named}; name {wanted}")
    if not Path(path).exists():
        raise UserError(f"{path}: no such file; name {wanted}")


def looks_like_path(said: str) -> bool:
    """Whether an argument that may be a text is more like the name of a file or a folder."""
    return bool(_FILE_NAME.fullmatch(said)) or said.endswith("/")


def path_exists(said: str) -> bool:
    """Whether a file or folder has this name; what is too long to be one has not."""
    try:
        return Path(said).exists()
    except (OSError, ValueError):  # longer than a name can be, or with a zero byte
        return False

"""The files that a path, a folder or a pattern names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from multimodal.errors import UserError


def find_files(source: str | Path, endings: Collection[str] = (), kind: str = "file") -> list[Path]:
    """Return the files of a folder or a pattern in alphabetical order, or the one file.

    Hidden files, and those in hidden folders, are passed over.

    Args:
        source: a file, a folder, or a pattern such as "folder/**/*.txt".
        endings: those that count in a folder or a pattern; all of them unless given.
        kind: what they are, for the line that says that there is none.

    Raises:
        UserError: there is none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        pattern = "**/*"
    elif is_pattern(str(source)):
        pattern = str(path.relative_to(root_of(source)))
    else:
        raise UserError(f"{source}: no such file, folder or data set")
    root = root_of(source)
    found = [
        file
        for file in sorted(root.glob(pattern))
        if file.is_file() and (not endings or file.suffix.lower() in endings)
    ]
    shown = [f for f in found if not any(p.startswith(".") for p in f.relative_to(root).parts)]
    if not shown:
        ending = f"; they end in {', '.join(endings)}" if endings else ""
        raise UserError(f"{source}: holds no {kind}{ending}")
    return shown


def is_pattern(name: str) -> bool:
    """Whether a path has signs that stand for others."""
    return any(sign in name for sign in "*?[")


def root_of(source: str | Path) -> Path:
    """Return where the names that count begin: the folder, or the plain part of a pattern."""
    path = Path(source)
    if path.is_dir():
        return path
    plain = Path(path.anchor)
    for part in path.relative_to(path.anchor).parts[:-1]:
        if is_pattern(part):
            break
        plain /= part
    return plain

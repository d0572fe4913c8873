"""What a finished run was asked, and of which pictures: kept beside its output.

So a later `--resume` can tell whether anything is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile, zip_longest
from pathlib import Path
from typing import Any, TypeAlias

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from pipelines.caption.items import Item, stamp_of
from pipelines.caption.rows import CaptionRow, dump_json

FORMAT = 1

Picture: TypeAlias = tuple[str, str]
"""The name of a picture, and its stamp."""


def record_path(output: Path) -> Path:
    """Where the record of an output lies."""
    return output.with_name(f".{output.name}.asked")


def write_record(path: Path, request: Mapping[str, Any], rows: Iterable[CaptionRow]) -> None:
    """Write what was asked on the first line, and a line for each picture.

    Args:
        path: of the record.
        request: the options that decide the captions.
        rows: of the finished run.
    """
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f"{dump_json({'record': FORMAT, **request})}\n")
        file.writelines(f"{dump_json([row.source, row.stamp])}\n" for row in rows)


def require_unchanged(path: Path, request: Mapping[str, Any], items: Iterable[Item]) -> None:
    """See to it that a finished run was asked the same, of the same pictures.

    Args:
        path: of the record.
        request: the options that decide the captions.
        items: the inputs of now.

    Raises:
        UserError: it was not, or there is no record of it; it says what has changed.
    """
    changes = "; ".join(_changes(path, request, items))
    if changes:
        raise UserError(f"{changes}; begin anew with --overwrite, or name another output")


def _changes(path: Path, request: Mapping[str, Any], items: Iterable[Item]) -> Iterator[str]:
    lines = _read(path)
    former: dict[str, Any] | None = next(lines, None)
    if former is None:
        raise _no_record(path)
    for name, value in json.loads(dump_json(request)).items():
        if former.get(name) != value and name != "inputs":
            yield f"the finished run had {name} {_short(former.get(name))}, not {_short(value)}"
    yield from _changed_pictures(map(tuple, lines), items)


def _read(path: Path) -> Iterator[Any]:
    try:
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except (OSError, ValueError) as error:
        raise _no_record(path) from error


def _no_record(path: Path) -> UserError:
    return UserError(
        f"{path}: nothing tells what the finished run was asked; begin anew with --overwrite"
    )


def _changed_pictures(former: Iterable[Picture], items: Iterable[Item]) -> Iterator[str]:
    """What differs, in any order; nothing is held in memory as long as all is as before."""
    now = ((item.name, stamp_of(item.image)) for item in items)
    rest = list(dropwhile(lambda pair: pair[0] == pair[1], zip_longest(former, now)))
    stamps = dict(was for was, _ in rest if was)
    gone, new, other = dict(stamps), [], []
    for name, stamp in (found for _, found in rest if found):
        gone.pop(name, None)
        if name not in stamps:
            new.append(name)
        elif stamps[name] != stamp:
            other.append(name)
    kinds = {"new": new, "changed": other, "gone": list(gone)}
    for kind, names in kinds.items():
        if names:
            plural = "picture is" if len(names) == 1 else "pictures are"
            yield f"{len(names)} {plural} {kind} since it finished, such as {names[0]}"


def _short(value: object) -> str:
    text = dump_json(value)
    return text if len(text) <= 60 else f"{text[:40]}…{text[-15:]}"

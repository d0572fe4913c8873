"""Any drawing file, by its ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from multimodal.errors import UserError
from multimodal.strokes.binary import read_binary
from multimodal.strokes.inkml import read_inkml
from multimodal.strokes.joining import joined_drawing
from multimodal.strokes.ndjson import Record, read_ndjson
from multimodal.strokes.npz import read_every_part
from multimodal.strokes.points import read_points
from multimodal.strokes.svg_reading import read_svg


def read_drawings(path: str | Path, notes: list[str] | None = None) -> list[Record]:
    """Read every drawing in a file; the ending of its name says how.

    `.ndjson` and `.bin` are Quick, Draw!'s, `.npz` is sketch-rnn's (all its parts, in the order
    train, valid, test), `.json` holds a browser's strokes; an `.svg` or an `.inkml` is one drawing.
    Strokes that were written in pieces are made whole (see `multimodal.strokes.joining`).

    Args:
        path: the file.
        notes: takes "path:line: what" for every fault that cost a part of the file; without it, one
            warning tells the first.

    Raises:
        UserError: an ending that is not known, a file that cannot be read, or no drawing in it.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: not the ending of a drawing; known are {', '.join(_READERS)}")
    records = list(reader(path, notes))
    if not records:
        raise UserError(f"{path}: holds no drawing")
    return records


def _svg(path: Path, notes: list[str] | None) -> list[Record]:
    return [Record(read_svg(path, notes))]


def _ndjson(path: Path, notes: list[str] | None) -> list[Record]:
    records = read_ndjson(path, notes)
    return [replace(record, drawing=joined_drawing(record.drawing)) for record in records]


_READERS: dict[str, Callable[[Path, list[str] | None], Iterable[Record]]] = {
    ".ndjson": _ndjson,
    ".bin": lambda path, _: read_binary(path),
    ".npz": lambda path, _: map(Record, read_every_part(path)),
    ".json": lambda path, _: map(Record, map(joined_drawing, read_points(path))),
    ".svg": _svg,
    ".inkml": lambda path, _: [read_inkml(path)],
}

READABLE = tuple(_READERS)
"""The endings that `read_drawings` knows."""

"""Drawings to a file, by its ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Unpack

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.gcode import encode_gcode
from multimodal.strokes.ndjson import Record, encode_ndjson
from multimodal.strokes.npz import encode_npz
from multimodal.strokes.points import encode_points
from multimodal.strokes.raster import encode_gif, encode_png
from multimodal.strokes.sheet import Sheet, SheetOptions
from multimodal.strokes.svg_writing import encode_svg


def save_drawings(
    drawings: Iterable[Drawing], path: str | Path, **options: Unpack[SheetOptions]
) -> Path:
    """Write drawings to one file, whole or not at all.

    `.svg`, `.png` and `.gif` show them in a grid, `.gcode` is a plotter's program for that grid;
    `.ndjson` (Quick, Draw!'s), `.npz` (sketch-rnn's, all in the part train) and `.json` (points as
    a browser gathers them) hold them one after the other, in their own coordinates.

    Args:
        drawings: at least one, each with a stroke. `.ndjson` and `.json` take one at a time, so
            that drawings that are made as they are taken need not all be in memory.
        path: the file; its ending says how.
        options: see `Sheet`: titles, columns, size, and others; formats that have no use for one
            leave it aside.

    Returns:
        The path.

    Raises:
        UserError: an ending that is not known, a value that an option cannot have, a drawing that
            is empty or does not fit the format, or the disk refuses.
    """
    path = Path(path)
    encode = _ENCODERS.get(path.suffix.lower())
    if encode is None:
        raise UserError(f"{path}: cannot be written: choose one of {', '.join(_ENCODERS)}")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        try:
            file.writelines(encode(_drawn(drawings), Sheet(**options)))
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
    return path


def _drawn(drawings: Iterable[Drawing]) -> Iterator[Drawing]:
    """Drawings one by one, of which each has a stroke, and of which there is one at least."""
    number = 0
    for number, drawing in enumerate(drawings, 1):
        if not drawing:
            raise UserError(f"drawing {number} has no stroke: leave it out")
        yield drawing
    if not number:
        raise UserError("no drawing to save")


def _ndjson(drawings: Iterator[Drawing], sheet: Sheet) -> Iterator[bytes]:
    titles, number = sheet.titles, 0
    for number, drawing in enumerate(drawings, 1):
        word = titles[number - 1] if titles and number <= len(titles) else ""
        yield encode_ndjson([Record(drawing, word)])
    if titles and len(titles) != number:
        raise UserError(f"{len(titles)} titles for {number} drawings: one for each expected")


_ENCODERS: dict[str, Callable[[Iterator[Drawing], Sheet], Iterable[bytes]]] = {
    ".svg": lambda drawings, sheet: [encode_svg(list(drawings), sheet)],
    ".png": lambda drawings, sheet: [encode_png(list(drawings), sheet)],
    ".gif": lambda drawings, sheet: [encode_gif(list(drawings), sheet)],
    ".ndjson": _ndjson,
    ".npz": lambda drawings, _: [encode_npz(drawings)],
    ".json": lambda drawings, _: encode_points(drawings),
    ".gcode": lambda drawings, sheet: [encode_gcode(list(drawings), sheet)],
}

SAVED_ENDINGS = tuple(_ENCODERS)
"""The endings that `save_drawings` knows."""

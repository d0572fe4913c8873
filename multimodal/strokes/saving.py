"""Drawings to a file, by its ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack

from multimodal.atomic import write_bytes
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
    drawings: Sequence[Drawing], path: str | Path, **options: Unpack[SheetOptions]
) -> Path:
    """Write drawings to one file, whole or not at all.

    `.svg`, `.png` and `.gif` show them in a grid, `.gcode` is a plotter's program for that grid;
    `.ndjson` (Quick, Draw!'s), `.npz` (sketch-rnn's, all in the part train) and `.json` (points as
    a browser gathers them) hold them one after the other, in their own coordinates.

    Args:
        drawings: at least one, each with a stroke.
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
    try:
        _require_strokes(drawings)
        data = encode(drawings, Sheet(**options))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    write_bytes(path, data)
    return path


def _require_strokes(drawings: Sequence[Drawing]) -> None:
    if not drawings:
        raise UserError("no drawing to save")
    empty = [number for number, drawing in enumerate(drawings, 1) if not drawing]
    if empty:
        raise UserError(f"drawing {empty[0]} of {len(drawings)} has no stroke: leave it out")


def _ndjson(drawings: Sequence[Drawing], sheet: Sheet) -> bytes:
    words = sheet.titles or [""] * len(drawings)
    if len(words) != len(drawings):
        raise UserError(f"{len(words)} titles for {len(drawings)} drawings: one for each expected")
    return encode_ndjson(map(Record, drawings, words))


_ENCODERS: dict[str, Callable[[Sequence[Drawing], Sheet], bytes]] = {
    ".svg": encode_svg,
    ".png": encode_png,
    ".gif": encode_gif,
    ".ndjson": _ndjson,
    ".npz": lambda drawings, _: encode_npz(drawings),
    ".json": lambda drawings, _: encode_points(drawings),
    ".gcode": encode_gcode,
}

SAVED_ENDINGS = tuple(_ENCODERS)
"""The endings that `save_drawings` knows."""

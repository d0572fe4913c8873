"""Quick, Draw!'s binary form: simplified drawings, one record after the other, little-endian.

key_id u64, country 2 letters, recognized u8, timestamp u32 (Unix), strokes u16,
and for every stroke: points u16, xs u8 each, ys u8 each
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.ndjson import Record

_HEAD = struct.Struct("<Q2sBIH")
_COUNT = struct.Struct("<H")


def read_binary(path: str | Path) -> Iterator[Record]:
    """Read a file in the binary form; the word of every record is the name of the file.

    Raises:
        UserError: the file cannot be read, is cut off, or is something else; the line says at which
            record and byte.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            number = 0
            while head := file.read(_HEAD.size):
                number += 1
                try:
                    yield _record(head, file, path.stem)
                except UserError as error:
                    place = f"record {number}, before byte {file.tell()}"
                    raise UserError(f"{path}: {place}: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not number:
        raise UserError(f"{path}: holds no drawing")


def _record(head: bytes, file: BinaryIO, word: str) -> Record:
    key, country, recognized, timestamp, count = _HEAD.unpack(_whole(head, _HEAD.size))
    if recognized > 1 or not count or not country.isascii():
        raise UserError("not Quick, Draw!'s binary form")
    return Record(
        Drawing([_stroke(file) for _ in range(count)]),
        word,
        str(key),
        bool(recognized),
        country.decode("ascii").strip("\0 "),
        datetime.fromtimestamp(timestamp, UTC).isoformat(sep=" "),
    )


def _stroke(file: BinaryIO) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    (points,) = _COUNT.unpack(_whole(file.read(_COUNT.size), _COUNT.size))
    if not points:
        raise UserError("a stroke without points")
    columns = np.frombuffer(_whole(file.read(2 * points), 2 * points), dtype=np.uint8)
    return columns.reshape(2, points).T


def _whole(data: bytes, size: int) -> bytes:
    if len(data) < size:
        raise UserError("the file is cut off, or not Quick, Draw!'s binary form")
    return data

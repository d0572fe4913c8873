"""Quick, Draw!'s ndjson: one drawing a line, raw or simplified.

Jongejan et al., "The Quick, Draw! dataset" (Google, 2017): `drawing` is a list of strokes, and a
stroke is [xs, ys] in the simplified form and [xs, ys, ts] in the raw one. A fourth list holds
pressures, which Quick, Draw! has none of; the third is null where only pressures are known.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing


@dataclass(frozen=True)
class Record:
    """A drawing and what is known about it; the names are Quick, Draw!'s.

    Attributes:
        drawing: what was drawn.
        word: what the drawer was asked to draw.
        key_id: what tells this drawing from all others; it decides its split.
        recognized: whether Quick, Draw!'s own recognizer named it right, None if unknown.
        country: the drawer's, two letters (`countrycode`).
        timestamp: when it was drawn, as text.
    """

    drawing: Drawing
    word: str = ""
    key_id: str = ""
    recognized: bool | None = None
    country: str = ""
    timestamp: str = ""


def read_ndjson(path: str | Path, skipped: list[str] | None = None) -> Iterator[Record]:
    """Read a file of drawings, one JSON object a line; damaged lines are skipped and counted.

    Args:
        path: the file; empty lines in it mean nothing.
        skipped: takes "path:line: reason" for every damaged line; without it, one warning at the
            end says how many there were.

    Raises:
        UserError: the file cannot be read, or not one line of it is a drawing.
    """
    path = Path(path)
    damaged = [] if skipped is None else skipped
    before, usable = len(damaged), 0
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = _record(line) if line.strip() else None
                except UserError as error:
                    damaged.append(f"{path}:{number}: {error}")
                    continue
                if record is not None:
                    usable += 1
                    yield record
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    found = damaged[before:]
    if not usable:
        raise UserError(found[0] if found else f"{path}: holds no drawing")
    if found and skipped is None:
        warnings.warn(f"{len(found)} damaged lines were skipped, first {found[0]}", stacklevel=2)


def encode_ndjson(records: Iterable[Record]) -> bytes:
    """Drawings one a line; whole numbers stay whole, and all can be read back exactly."""
    lines = [json.dumps(_object(record), separators=(",", ":")) for record in records]
    return "".join(f"{line}\n" for line in lines).encode()


def numbers(column: Array) -> list[int | float]:
    """A column (n,) for JSON: whole numbers without a point."""
    whole = column.astype(np.int64)
    listed: list[int | float] = (whole if (whole == column).all() else column).tolist()
    return listed


def parse_json(text: bytes) -> Any:
    """Parse JSON from anybody.

    Raises:
        UserError: it is none, or nested too deeply; the line does not name the file.
    """
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise UserError("not JSON: not text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"not JSON: {str(error)[:100]}") from None


def _record(line: bytes) -> Record:
    entry = parse_json(line)
    if not isinstance(entry, dict) or not isinstance(entry.get("drawing"), list):
        raise UserError('no object with the key "drawing", a list of strokes')
    recognized = entry.get("recognized")
    if not (recognized is None or isinstance(recognized, bool)):
        raise UserError('"recognized" is neither true nor false')
    return Record(
        _drawing(entry["drawing"]),
        _text(entry, "word"),
        _key(entry),
        recognized,
        _text(entry, "countrycode"),
        _text(entry, "timestamp"),
    )


def _drawing(strokes: list[Any]) -> Drawing:
    if not strokes:
        raise UserError("the drawing has no strokes")
    for number, stroke in enumerate(strokes, 1):
        if not isinstance(stroke, list) or not 2 <= len(stroke) <= 4:
            raise UserError(f"stroke {number} is not of the form [xs, ys] or [xs, ys, ts]")
        if not isinstance(stroke[0], list) or not isinstance(stroke[1], list):
            raise UserError(f"stroke {number}: xs and ys are lists")
        if len(stroke[0]) != len(stroke[1]):
            raise UserError(
                f"stroke {number} has {len(stroke[0])} xs and {len(stroke[1])} ys: as many expected"
            )
    try:
        points = [np.array(stroke[:2]).T for stroke in strokes]
    except ValueError:
        raise UserError("xs and ys hold something else than numbers") from None
    return Drawing(points, _column(strokes, 2), _column(strokes, 3))


def _column(strokes: list[Any], index: int) -> list[Any] | None:
    columns = [stroke[index] if len(stroke) > index else None for stroke in strokes]
    return None if all(column is None for column in columns) else columns


def _key(entry: dict[str, Any]) -> str:
    """The key, which some programs write as the number that it is."""
    key = entry.get("key_id")
    whole = isinstance(key, int) and not isinstance(key, bool)
    return str(key) if whole else _text(entry, "key_id")


def _text(entry: dict[str, Any], key: str) -> str:
    text = entry.get(key, "")
    if not isinstance(text, str):
        raise UserError(f'"{key}" is no text')
    return text


def _object(record: Record) -> dict[str, Any]:
    known = {
        "word": record.word,
        "countrycode": record.country,
        "timestamp": record.timestamp,
        "recognized": record.recognized,
        "key_id": record.key_id,
        "drawing": _columns(record.drawing),
    }
    return {key: value for key, value in known.items() if value not in ("", None)}


def _columns(drawing: Drawing) -> list[list[list[int | float] | None]]:
    columns: list[list[list[int | float] | None]] = [
        [numbers(stroke[:, 0]), numbers(stroke[:, 1])] for stroke in drawing
    ]
    for number, stroke in enumerate(columns):
        if drawing.times is not None:
            stroke.append(numbers(drawing.times[number]))
        if drawing.pressures is not None:
            stroke += [None] * (3 - len(stroke)) + [numbers(drawing.pressures[number])]
    return columns

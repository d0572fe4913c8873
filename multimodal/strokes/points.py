"""JSON strokes as a browser gathers them: every point a row [x, y, time, pressure].

    [[[12, 30], [14, 33]], [[80, 41, 1730, 0.5], …]]          one drawing, a list of strokes
    {"strokes": …}                                             the same
    {"drawings": [{"strokes": …}, …]}                          many

Time and pressure may be missing, for all points of the drawing alike; a time is null where only the
pressure is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.ndjson import numbers, parse_json


def from_points(strokes: Any) -> Drawing:
    """Turn a browser's strokes into a drawing: lists of points [x, y], [x, y, t] or [x, y, t, p].

    Raises:
        UserError: it is something else; the line names the stroke.
    """
    if not isinstance(strokes, list | tuple):
        raise UserError("no list of strokes")
    width = _width(strokes)
    columns = [[[point[axis] for point in stroke] for stroke in strokes] for axis in range(width)]
    return Drawing(
        [list(zip(xs, ys, strict=True)) for xs, ys in zip(*columns[:2], strict=True)],
        _known(columns[2:3]),
        _known(columns[3:4]),
    )


def to_points(drawing: Drawing) -> list[list[list[int | float | None]]]:
    """Turn a drawing into what `from_points` reads, ready for JSON."""
    listed: list[list[list[int | float | None]]] = []
    for number, stroke in enumerate(drawing):
        columns: list[Sequence[int | float | None]] = [numbers(axis) for axis in stroke.T]
        if drawing.times is not None:
            columns.append(numbers(drawing.times[number]))
        if drawing.pressures is not None:
            columns += [[None] * len(stroke)] * (3 - len(columns))
            columns.append(numbers(drawing.pressures[number]))
        listed.append([list(point) for point in zip(*columns, strict=True)])
    return listed


def read_points(path: Path) -> list[Drawing]:
    """Read a JSON file of one drawing or many.

    Raises:
        UserError: the file cannot be read, or holds something else; the line names it.
    """
    try:
        content = parse_json(path.read_bytes())
        drawings = _drawings(content)
        if not all(drawings):
            raise UserError("a drawing without strokes")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return drawings


def encode_points(drawings: Iterable[Drawing]) -> Iterator[bytes]:
    """One drawing or many as JSON, piece by piece; all can be read back exactly."""
    entries = (
        json.dumps({"strokes": to_points(drawing)}, separators=(",", ":")) for drawing in drawings
    )
    first = next(entries, "")
    second = next(entries, None)
    if second is None:
        yield f"{first}\n".encode()
        return
    yield f'{{"drawings":[{first},{second}'.encode()
    for entry in entries:
        yield f",{entry}".encode()
    yield b"]}\n"


def _drawings(content: Any) -> list[Drawing]:
    if isinstance(content, dict) and isinstance(content.get("drawings"), list):
        return [_one(entry) for entry in content["drawings"]]
    return [_one(content)]


def _one(entry: Any) -> Drawing:
    return from_points(
        entry["strokes"] if isinstance(entry, dict) and "strokes" in entry else entry
    )


def _width(strokes: Sequence[Any]) -> int:
    """How many numbers every point has."""
    widths = set()
    for number, stroke in enumerate(strokes, 1):
        if not isinstance(stroke, list | tuple) or not stroke:
            raise UserError(f"stroke {number} is no list of points")
        for point in stroke:
            if not isinstance(point, list | tuple) or not 2 <= len(point) <= 4:
                raise UserError(f"stroke {number}: a point is [x, y], [x, y, t] or [x, y, t, p]")
            widths.add(len(point))
    if len(widths) > 1:
        raise UserError(
            "the points differ in what they say: give all a time, or a pressure, or none"
        )
    return widths.pop() if widths else 2


def _known(columns: list[list[list[Any]]]) -> list[list[Any]] | None:
    for column in columns:
        if any(value is not None for stroke in column for value in stroke):
            return column
    return None

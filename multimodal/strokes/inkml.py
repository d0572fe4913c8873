"""InkML (W3C 2011): strokes of digital ink, as note-taking programs and data sets write them.

    <ink xmlns="http://www.w3.org/2003/InkML">
      <annotation type="truth">Dear Anna</annotation>
      <trace>12 30, 14 33, 17 40</trace>
    </ink>

A file is one drawing: all its traces in their order. Channels X and Y are drawn, T and F are times
and pressures; others are skipped, and so are traces of a pen in the air. Values may be differences
("'" before the first of them) or differences of differences ('"').
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.ndjson import Record
from multimodal.strokes.xml_tree import Element, Language, read_xml

INKML = Language("InkML", "ink", "http://www.w3.org/2003/InkML", texts=("trace", "annotation"))
TRUTHS = ("truth", "label", "transcription")
"""Types of annotations that say what was written."""

_PLAIN = ("X", "Y")  # channels where a file does not say which
_VALUE = re.compile(r"[!'\"]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[*?TF]")
_ORDERS = {"!": 0, "'": 1, '"': 2}


def read_inkml(path: Path) -> Record:
    """Read a file; what was written, where it says so, is the record's `word`.

    Raises:
        UserError: no InkML, no trace in it, or a trace without whole points; the line is named.
    """
    root = read_xml(path, INKML)
    channels = _channels(root)
    if not {"X", "Y"} <= set(channels):
        raise UserError(f"{path}: its traces have no X and Y")
    traces = [element for element in root.walk() if _is_drawn(element)]
    columns = [_points(path, trace, channels) for trace in traces]
    if not columns:
        raise UserError(f"{path}: holds no trace")
    truths = [
        each.text.strip()
        for each in root.children
        if each.tag == "annotation" and each.attributes.get("type", "").lower() in TRUTHS
    ]
    x, y = channels.index("X"), channels.index("Y")
    extras = [
        [values[:, channels.index(name)] for values in columns] if name in channels else None
        for name in ("T", "F")
    ]
    try:
        drawing = Drawing([values[:, [x, y]] for values in columns], *extras)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return Record(drawing, next(iter(truths), ""))


def _channels(root: Element) -> list[str]:
    """The names of a point's values, by the file's first format of traces."""
    formats = (element for element in root.walk() if element.tag == "traceFormat")
    first = next(formats, None)
    if first is None:
        return list(_PLAIN)
    regular = [child for child in first.children if child.tag == "channel"]
    return [channel.attributes.get("name", "") for channel in regular]


def _is_drawn(element: Element) -> bool:
    return (
        element.tag == "trace"
        and element.attributes.get("type", "penDown") == "penDown"
        and bool(element.text.strip())
    )


def _points(path: Path, trace: Element, channels: list[str]) -> npt.NDArray[np.float64]:
    """The values (n, C) of a trace's points."""
    width = len(channels)
    orders, rows = [0] * width, list[list[float]]()
    speeds = [0.0] * width
    for point in filter(str.strip, trace.text.split(",")):
        row = list[float]()
        for order, value in _values(point):
            place = len(row)
            if place == width:
                break  # intermittent channels, which may be missing
            if order is not None:
                orders[place] = order
            before = rows[-1][place] if rows else 0.0
            if orders[place] == 2:
                speeds[place] += value
            elif orders[place] == 1:
                speeds[place] = value
            row.append(before + speeds[place] if orders[place] else value)
        if len(row) < width:
            raise UserError(f"{path}:{trace.line}: a point of this trace lacks a value")
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def _values(point: str) -> Iterator[tuple[int | None, float]]:
    """The values of a point, each with what its prefix says: absolute, 1st or 2nd difference."""
    order: int | None = None
    for piece in _VALUE.findall(point):
        if piece in _ORDERS:
            order = _ORDERS[piece]
        else:
            yield order, float(piece) if piece not in "*?TF" else 0.0
            order = None

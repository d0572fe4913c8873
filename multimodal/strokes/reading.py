"""Any drawing file, by its ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from multimodal.errors import UserError
from multimodal.strokes.binary import read_binary
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.inkml import read_inkml
from multimodal.strokes.ndjson import Record, read_ndjson
from multimodal.strokes.npz import read_every_part
from multimodal.strokes.points import read_points
from multimodal.strokes.svg_reading import read_svg


def read_drawings(path: str | Path) -> list[Record]:
    """Read every drawing in a file; the ending of its name says how.

    `.ndjson` and `.bin` are Quick, Draw!'s, `.npz` is sketch-rnn's (all its parts, in the order
    train, valid, test), `.json` holds a browser's strokes; an `.svg` or an `.inkml` is one drawing.

    Raises:
        UserError: an ending that is not known, a file that cannot be read, or no drawing in it.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: not the ending of a drawing; known are {', '.join(_READERS)}")
    records = list(reader(path))
    if not records:
        raise UserError(f"{path}: holds no drawing")
    return records


def _bare(read: Callable[[Path], Iterable[Drawing]]) -> Callable[[Path], Iterable[Record]]:
    return lambda path: map(Record, read(path))


_READERS: dict[str, Callable[[Path], Iterable[Record]]] = {
    ".ndjson": read_ndjson,
    ".bin": read_binary,
    ".npz": _bare(read_every_part),
    ".json": _bare(read_points),
    ".svg": _bare(lambda path: [read_svg(path)]),
    ".inkml": lambda path: [read_inkml(path)],
}

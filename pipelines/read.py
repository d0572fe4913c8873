"""Handwriting → text: the job behind ``multimodal read``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UserError
from multimodal.portable import is_portable, load_portable
from pipelines.output import require_place, write_text

if TYPE_CHECKING:
    from multimodal.recognition.reading.reader import Reader
    from multimodal.recognition.reading.readings import Reading


def read_files(
    model: str | Path | None,
    paths: Sequence[Path],
    *,
    alternatives: int = 0,
    one_line: bool = False,
    out: Path | None = None,
) -> Iterator[tuple[str, Reading]]:
    """Read every drawing of some files, one file after the other.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped reader.
        paths: files of drawings; see `multimodal.strokes.reading.read_drawings`.
        alternatives: how many of the most probable texts to tell for every line.
        one_line: whether each drawing is known to be a single line.
        out: a file for one JSON object a drawing, written when all are read.

    Returns:
        For every drawing its name, which is the file's with a number where it holds several, and
        what stands in it.

    Raises:
        UserError: a file cannot be read or written, or a drawing has no stroke.
    """
    from multimodal.strokes.reading import read_drawings

    if out is not None:
        require_place(out)
    reader = open_reader(model)
    rows: list[str] = []
    for path in paths:
        drawings = [record.drawing for record in read_drawings(path)]
        single = len(drawings) == 1
        names = [str(path) if single else f"{path}:{n}" for n, _ in enumerate(drawings, 1)]
        empty = [name for name, drawing in zip(names, drawings, strict=True) if not len(drawing)]
        if empty:
            raise UserError(f"{empty[0]}: has no stroke to read")
        readings = reader.read(drawings, alternatives=alternatives, one_line=one_line)
        for name, reading in zip(names, readings, strict=True):
            rows.append(json.dumps(_row(name, reading), ensure_ascii=False) + "\n")
            yield name, reading
    if out is not None:
        write_text(out, "".join(rows))


def open_reader(model: str | Path | None) -> Reader:
    """Load a reader: a folder, a Hub id, an exported file, or None for the shipped one.

    Raises:
        UserError: there is none, or it is damaged.
    """
    if is_portable(model):
        return load_portable(model, "reader")  # type: ignore[no-any-return]
    from multimodal.recognition.reading.reader import SHIPPED, Reader

    return Reader.load(model or SHIPPED)


def _row(name: str, reading: Reading) -> dict[str, object]:
    """A drawing as a JSON object."""
    return {
        "file": name,
        "text": reading.text,
        "score": round(reading.score, 4),
        "lines": [
            {"text": line.text, "score": round(line.score, 4), "strokes": line.strokes}
            | (
                {"alternatives": [[text, round(score, 4)] for text, score in line.alternatives]}
                if line.alternatives
                else {}
            )
            for line in reading.lines
        ],
    }

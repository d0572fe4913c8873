"""Handwriting → text: the job behind ``multimodal read``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.atomic import write_text
from pipelines.faults import Faults, find_drawings
from pipelines.models import open_model
from pipelines.output import dump_json, require_place

if TYPE_CHECKING:
    from multimodal.recognition.handwriting.transcription import Transcription


def read_files(
    model: str | Path | None,
    paths: Sequence[Path],
    faults: Faults,
    *,
    alternatives: int = 0,
    one_line: bool = False,
    out: Path | None = None,
) -> Iterator[tuple[str, Transcription]]:
    """Read every drawing of some files, one file after the other.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped handwriting recognizer.
        paths: files of drawings; see `multimodal.strokes.reading.read_drawings`.
        faults: takes what cannot be read; the next file is then gone on with.
        alternatives: how many of the most probable texts to tell for every line.
        one_line: whether each drawing is known to be a single line.
        out: a file for one JSON object a drawing, written when all are read, unless none could be.

    Returns:
        For every drawing its name, which is the file's with a number where it holds several, and
        what stands in it.

    Raises:
        UserError: the model cannot be loaded, or `out` not be written.
    """
    if out is not None:
        require_place(out)
    recognizer = open_model("handwriting-recognizer", model)
    rows: list[str] = []
    for path in paths:
        notes: list[str] = []
        found = find_drawings(path, "to read", notes)
        faults.notes(notes)
        drawings = [each.drawing for each in found if each.drawing is not None]
        readings = iter(recognizer.read(drawings, alternatives=alternatives, one_line=one_line))
        for each in found:
            if each.drawing is None:
                faults.error(each.error)
                rows.append(_line({"file": each.name, "text": None, "error": each.error}))
                continue
            reading = next(readings)
            faults.done += 1
            rows.append(_line(_row(each.name, reading)))
            yield each.name, reading
    if out is not None and faults.done:
        write_text(out, "".join(rows))


def _line(row: dict[str, object]) -> str:
    return dump_json(row) + "\n"


def _row(name: str, reading: Transcription) -> dict[str, object]:
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

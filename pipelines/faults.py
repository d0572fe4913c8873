"""Files of drawings of which some cannot be read: what is told, and with which code a job ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UserError
from pipelines.sources import require_file

if TYPE_CHECKING:
    from multimodal.strokes.drawing import Drawing


@dataclass(frozen=True)
class Found:
    """A drawing of a file, or why there is none.

    Attributes:
        name: the file's, with a number where it holds several drawings.
        drawing: with a stroke at least; None where that cannot be.
        error: one line, which names the file; empty where there is a drawing.
    """

    name: str
    drawing: Drawing | None
    error: str = ""


class Faults:
    """What goes wrong in a job over many files, which goes on with the next.

    Args:
        tell: takes a line as soon as it is known.

    Attributes:
        done: how many drawings or videos went well.
        failed: how many did not.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.done = self.failed = 0

    def error(self, line: str) -> None:
        """Tell why a drawing or video failed, and count it."""
        self.failed += 1
        self._tell(line)

    def notes(self, lines: Iterable[str]) -> None:
        """Tell what was found wrong with parts of a file."""
        for line in lines:
            self._tell(f"warning: {line}")


def find_drawings(path: Path, purpose: str, notes: list[str]) -> list[Found]:
    """Every drawing of a file.

    Args:
        path: see `multimodal.strokes.reading.read_drawings`.
        purpose: what a stroke is needed for, as the end of a sentence: "to read".
        notes: takes what was found wrong with parts of the file.
    """
    from multimodal.images import PICTURE_ENDINGS
    from multimodal.strokes.reading import read_drawings

    try:
        require_file(path, "a file of drawings")
        if path.suffix.lower() in PICTURE_ENDINGS:
            raise UserError(
                f"{path}: is a picture, not a drawing of strokes (.svg, .ndjson, .inkml …); "
                f"for photos there is: multimodal caption {path}"
            )
        drawings = [record.drawing for record in read_drawings(path, notes)]
    except UserError as error:
        return [Found(str(path), None, str(error))]
    single = len(drawings) == 1
    names = [str(path) if single else f"{path}:{number}" for number, _ in enumerate(drawings, 1)]
    return [
        Found(name, drawing)
        if len(drawing)
        else Found(name, None, f"{name}: has no stroke {purpose}")
        for name, drawing in zip(names, drawings, strict=True)
    ]

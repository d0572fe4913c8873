"""Drawings and clips → what they are taken for: the jobs behind ``multimodal recognize``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UserError
from multimodal.portable import is_portable, load_portable

if TYPE_CHECKING:
    from multimodal.recognition.clips.recognizer import FrameGuess
    from multimodal.recognition.guess import Guess
    from multimodal.recognition.recognizer import Recognizer


def recognize_drawings(
    model: str | Path | None, paths: Sequence[Path], *, every_stroke: bool = False, top: int = 3
) -> Iterator[tuple[str, list[Guess]]]:
    """Guess at every drawing of some files, one file after the other.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped recognizer.
        paths: files of drawings; see `multimodal.strokes.reading.read_drawings`.
        every_stroke: whether to guess after every stroke, or only at the end.
        top: how many categories of each ranking to give.

    Returns:
        For every drawing its name, which is the file's with a number where it holds several, and
        its guesses.

    Raises:
        UserError: a file cannot be read, or a drawing in it has no stroke.
    """
    from multimodal.strokes.reading import read_drawings

    if not paths:
        return
    recognizer = _open_recognizer(model)
    for path in paths:
        drawings = [record.drawing for record in read_drawings(path)]
        single = len(drawings) == 1
        names = [str(path) if single else f"{path}:{n}" for n, _ in enumerate(drawings, 1)]
        empty = [name for name, drawing in zip(names, drawings, strict=True) if not len(drawing)]
        if empty:
            raise UserError(f"{empty[0]}: has no stroke to guess from")
        if every_stroke:
            found = recognizer.guesses(drawings, top)
        else:
            found = [[guess] for guess in recognizer.guess(drawings, top)]
        yield from zip(names, found, strict=True)


def recognize_clips(
    model: str | Path | None, paths: Sequence[Path], *, every_frame: bool = False, top: int = 3
) -> Iterator[tuple[str, list[FrameGuess]]]:
    """Guess at clips, one after the other.

    Args:
        model: a folder, a Hub id, or None for the shipped clip recognizer.
        paths: clips; see `multimodal.clips.read_clip`.
        every_frame: whether to guess after every frame, or only at the end.
        top: how many labels of each ranking to give.

    Returns:
        For every clip its path and its guesses.

    Raises:
        UserError: a clip cannot be read.
    """
    from multimodal.recognition.clips.recognizer import SHIPPED, ClipRecognizer

    if not paths:
        return
    recognizer = ClipRecognizer.load(model or SHIPPED)
    for path in paths:
        guesses = recognizer.guesses(path, top)
        yield str(path), guesses if every_frame else guesses[-1:]


def _open_recognizer(model: str | Path | None) -> Recognizer:
    if is_portable(model):
        return load_portable(model, "recognizer")  # type: ignore[no-any-return]
    from multimodal.recognition.recognizer import SHIPPED, Recognizer

    return Recognizer.load(model or SHIPPED)


def told(guess: Guess | FrameGuess) -> str:
    """A guess in one line: "apple 97 %, pear 2 %"."""
    return ", ".join(f"{category} {share:.0%}" for category, share in guess.ranking)

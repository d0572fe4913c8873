"""Drawings and videos → what they are taken for: the jobs behind ``multimodal recognize``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UserError
from pipelines.faults import Faults, find_drawings
from pipelines.models import open_model

if TYPE_CHECKING:
    from multimodal.recognition.prediction import Prediction


DRAWINGS = (".svg", ".ndjson", ".npz", ".bin", ".json", ".inkml")


def recognize_drawings(
    model: str | Path | None,
    paths: Sequence[Path],
    faults: Faults,
    *,
    every_stroke: bool = False,
    top: int = 3,
) -> Iterator[tuple[str, list[Prediction]]]:
    """Classify every drawing of some files, one file after the other.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped recognizer.
        paths: files of drawings; see `multimodal.strokes.reading.read_drawings`.
        faults: takes what cannot be read; the next file is then gone on with.
        every_stroke: whether to predict after every stroke, or only at the end.
        top: how many categories of each ranking to give.

    Returns:
        For every drawing its name, which is the file's with a number where it holds several, and
        its predictions.

    Raises:
        UserError: the model cannot be loaded.
    """
    if not paths:
        return
    recognizer = open_model("recognizer", model)
    for path in paths:
        notes: list[str] = []
        found = find_drawings(path, "to predict from", notes)
        faults.notes(notes)
        drawings = [each.drawing for each in found if each.drawing is not None]
        if every_stroke:
            predicted = iter(recognizer.predict_steps(drawings, top))
        else:
            predicted = iter([[prediction] for prediction in recognizer.predict(drawings, top)])
        for each in found:
            if each.drawing is None:
                faults.error(each.error)
                continue
            faults.done += 1
            yield each.name, next(predicted)


def recognize_videos(
    model: str | Path | None,
    paths: Sequence[Path],
    faults: Faults,
    *,
    every_frame: bool = False,
    top: int = 3,
) -> Iterator[tuple[str, list[Prediction]]]:
    """Classify videos, one after the other.

    Args:
        model: a folder, a Hub id, or None for the shipped video recognizer.
        paths: videos; see `multimodal.videos.read_video`.
        faults: takes what cannot be read; the next video is then gone on with.
        every_frame: whether to predict after every frame, or only at the end.
        top: how many labels of each ranking to give.

    Returns:
        For every video its path and its predictions.

    Raises:
        UserError: the model cannot be loaded.
    """
    if not paths:
        return
    from multimodal.recognition.videos.recognizer import VideoRecognizer

    recognizer = VideoRecognizer.from_pretrained(model)
    for path in paths:
        try:
            _require_video(path)
            predictions = recognizer.predict_steps(path, top)
        except UserError as error:
            faults.error(str(error))
            continue
        faults.done += 1
        yield str(path), predictions if every_frame else predictions[-1:]


def _require_video(path: Path) -> None:
    """See to it that a folder holds the frames of one video, which are all of one size.

    Raises:
        UserError: it holds photos or drawings; the line says what to do with them.
    """
    from pipelines.caption.inputs import find_pictures

    if not path.is_dir():
        return
    if drawings := sorted(file for file in path.iterdir() if file.suffix.lower() in DRAWINGS):
        pattern = path / f"*{drawings[0].suffix}"
        raise UserError(f"{path}: is a folder; name its drawings: multimodal recognize {pattern}")
    if len({_size(picture) for picture in find_pictures([path])} - {None}) > 1:
        raise UserError(
            f"{path}: a folder is one video, but its pictures are of different sizes; "
            f"for photos there is: multimodal caption {path}"
        )


def _size(picture: Path) -> tuple[int, int] | None:
    """How large a picture is; None where it cannot be read."""
    from PIL import Image

    try:
        with Image.open(picture) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def format_prediction(prediction: Prediction) -> str:
    """A prediction in one line: "apple 97 %, pear 2 %"."""
    return ", ".join(f"{category} {share:.0%}" for category, share in prediction.ranking)

"""Pictures → a line for each: the job behind ``multimodal caption``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from multimodal.images import list_pictures
from pipelines.output import require_place, written_aside

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Caption

SAMPLES = {  # photos that installed packages carry for their own examples
    "gradio": [f"media_assets/images/{name}" for name in ("bus.png", "lion.jpg", "tower.jpg")],
    "matplotlib": ["mpl-data/sample_data/grace_hopper.jpg"],
}


def find_pictures(inputs: Sequence[str | Path]) -> list[Path]:
    """Files stay as they are, in their order; a folder becomes all the pictures below it.

    Raises:
        UserError: when nothing was given, or a folder holds no picture.
    """
    if not inputs:
        raise UserError("nothing to caption: name pictures or folders, or use --samples")
    pictures: list[Path] = []
    for source in map(Path, inputs):
        pictures += list_pictures(source) if source.is_dir() else [source]
    return pictures


def sample_pictures() -> list[Path]:
    """Photos that are on every machine on which this package is installed."""
    found = []
    for package, names in SAMPLES.items():
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            found += [Path(spec.origin).parent / name for name in names]
    return [path for path in found if path.is_file()]


def caption_pictures(
    model: str | Path | None, pictures: Iterable[Path], *, batch_size: int = 32, **options: Any
) -> Iterator[Caption]:
    """Captions in the order of the pictures; one that cannot be opened has its reason instead.

    Args:
        model: a folder, a Hub id, or None for the shipped captioner.
        pictures: their files.
        batch_size: how many are held in memory at a time.
        **options: of generation, such as beam_size.
    """
    from multimodal.captioning.captioner import SHIPPED, Captioner

    captioner = Captioner.load(model or SHIPPED)
    return captioner.captions(pictures, batch_size=batch_size, **options)


def as_record(caption: Caption) -> dict[str, Any]:
    """A caption as one line of JSON has it; every picture has the same keys."""
    return {
        "path": caption.source,
        "caption": caption.text or None,
        "score": caption.score if caption.error is None else None,
        "words": [list(pair) for pair in zip(caption.words, caption.word_scores, strict=True)],
        "alternatives": [{"caption": c.text, "score": c.score} for c in caption.alternatives],
        "error": caption.error,
    }


def as_line(caption: Caption) -> str:
    """A caption as a line of a JSON lines file."""
    return json.dumps(as_record(caption), ensure_ascii=False) + "\n"


class JsonLines:
    """Writes captions aside and takes the place of the output when all are written.

    Args:
        path: where to, ending in .jsonl.
        overwrite: whether a file that is there may be replaced.

    Raises:
        UserError: when the file is there already, or its folder is not, or the ending is another.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        if path.suffix != ".jsonl":
            raise UserError(f"{path}: captions are written as .jsonl; choose that ending")
        require_place(path)
        if path.exists() and not overwrite:
            raise UserError(f"{path}: is there already; move it, or use --overwrite")
        self._path = path

    def write(self, captions: Iterable[Caption]) -> Iterator[Caption]:
        """Pass captions on, each after it was written."""
        with written_aside(self._path) as aside, aside.open("w", encoding="utf-8") as file:
            for caption in captions:
                file.write(as_line(caption))
                yield caption

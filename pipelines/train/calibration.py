"""A captioner that knows how sure to be: the job behind ``multimodal calibrate``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.captioning.captioner import Captioner
    from multimodal.captioning.data import CaptionedPhoto
    from multimodal.images import ImageSource

_BATCH = 32


def calibrate_captioner(
    model: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    objects: Path | None = None,
    photos: Path | None = None,
    where: Mapping[str, Any] | None = None,
) -> Path:
    """Tell a captioner which photos are familiar, and how sure to be.

    Args:
        model: a shipped captioner, a folder or a Hub id; it stays as it is.
        data: the captioned photos that it learnt from; see
            `multimodal.captioning.data.read_captions`. Of the dev split the photos are used, and
            for confidence which objects their captions name.
        out: the folder of the calibrated captioner.
        objects: a JSON file of the COCO objects in other photos, by file name; they count for
            confidence beside the dev split.
        photos: the folder of these photos.
        where: `images`, `image_column` and `caption_column` of `read_captions`.

    Returns:
        The folder.

    Raises:
        UserError: the captioner has no list of words, something cannot be read, or the disk
            refuses.
    """
    from multimodal.captioning.calibration import calibrate, fit_confidence
    from multimodal.captioning.captioner import Captioner
    from multimodal.captioning.data import read_captions
    from multimodal.captioning.hallucination import objects_in, read_objects

    learnt, dev = (read_captions(data, split, **(where or {})) for split in ("train", "dev"))
    exact, captioner = (
        Captioner.from_pretrained(model, precision="fp32"),
        Captioner.from_pretrained(model),
    )
    familiar, held_out = (list(_mean_cells(captioner, split)) for split in (learnt, dev))
    calibrated = calibrate(exact, familiar, held_out)
    judged: list[tuple[ImageSource, set[str]]]
    judged = [(photo.image, objects_in(photo.captions)) for photo in dev]
    if objects and photos:
        listed = read_objects(objects)
        judged += [(str(photos / name), set(there)) for name, there in listed.items()]
    return fit_confidence(calibrated, judged).save_pretrained(out)


def _mean_cells(captioner: Captioner, photos: Sequence[CaptionedPhoto]) -> Iterator[Tensor]:
    """The mean cell of every photo, (B, 1, D) at a time: all that the calibration looks at."""
    from multimodal.images import open_image

    size, shown = captioner.network.encoder.config.size, iter(photos)
    while batch := [open_image(photo.image, needed=size) for photo in islice(shown, _BATCH)]:
        yield captioner.encode_images(batch).float().mean(1, keepdim=True)

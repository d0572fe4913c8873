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

_BATCH = 32


def calibrate_captioner(
    model: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    where: Mapping[str, Any] | None = None,
) -> Path:
    """Tell a captioner which photos are in-domain, and how sure to be.

    Args:
        model: a shipped captioner, a folder or a Hub id; it stays as it is.
        data: the captioned photos that it learnt from; see
            `multimodal.captioning.data.read_captions`. Of the dev split the photos are used, and
            for confidence what their captions mention.
        out: the folder of the calibrated captioner.
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

    learnt, dev = (read_captions(data, split, **(where or {})) for split in ("train", "dev"))
    exact, captioner = (
        Captioner.from_pretrained(model, precision="fp32"),
        Captioner.from_pretrained(model),
    )
    in_domain, held_out = (list(_mean_cells(captioner, split)) for split in (learnt, dev))
    calibrated = calibrate(exact, in_domain, held_out)
    judged = [(photo.image, photo.captions) for photo in dev]
    return fit_confidence(calibrated, judged).save_pretrained(out)


def _mean_cells(captioner: Captioner, photos: Sequence[CaptionedPhoto]) -> Iterator[Tensor]:
    """The mean cell of every photo, (B, 1, D) at a time: all that the calibration looks at."""
    from multimodal.images import open_image

    size, shown = captioner.network.encoder.config.size, iter(photos)
    while batch := [open_image(photo.image, needed=size) for photo in islice(shown, _BATCH)]:
        yield captioner.encode_images(batch).float().mean(1, keepdim=True)

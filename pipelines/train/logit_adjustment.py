"""A captioner with more even word frequencies: ``multimodal adjust-vocabulary``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multimodal.captioning.logit_adjustment import LogitAdjustmentOptions

_BATCH = 32


def adjust_vocabulary(
    model: str | Path,
    data: str | Path,
    out: str | Path,
    options: LogitAdjustmentOptions,
    *,
    search: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Raise the words that a captioner never says, on the first photos of the training split.

    Args:
        model: a shipped captioner, a folder or a Hub id; it stays as it is.
        data: captioned photos, of whose captions nothing is used; see
            `multimodal.captioning.data.read_captions`.
        out: the folder of the captioner that says more.
        options: how far to go.
        search: fields of CaptionOptions, such as length_penalty and detected_weight, by which the
            new captioner searches from now on. What is said depends on them.
        where: `images`, `image_column` and `caption_column` of `read_captions`.
        report: takes one line after every round.

    Returns:
        The folder.

    Raises:
        UserError: the captioner or the photos cannot be read, or the disk refuses.
    """
    import torch

    from multimodal.captioning.captioner import Captioner
    from multimodal.captioning.data import read_captions
    from multimodal.captioning.logit_adjustment import adjust_output_bias
    from multimodal.images import open_image

    shown = iter(read_captions(data, "train", **(where or {}))[: options.photos])
    exact, captioner = (
        Captioner.from_pretrained(model, precision="fp32"),
        Captioner.from_pretrained(model),
    )
    exact.options = captioner.options = replace(captioner.options, **(search or {}))
    size = captioner.network.encoder.config.size
    cells = []
    while batch := [open_image(photo.image, needed=size) for photo in islice(shown, _BATCH)]:
        cells.append(captioner.encode_images(batch))
    for number, (words, rise) in enumerate(
        adjust_output_bias(captioner, torch.cat(cells), options), 1
    ):
        raised = int((rise > 0).sum())
        report(f"round {number} of {options.rounds}: {words} words said; now {raised} are raised")
    exact.network.decoder.readout.bias.data += rise
    return exact.save_pretrained(out)

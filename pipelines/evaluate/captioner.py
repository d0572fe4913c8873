"""A captioner and held-out photos → figures: the job behind ``multimodal evaluate captioner``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multimodal.errors import UserError
from pipelines.caption import as_line
from pipelines.output import require_place, write_text

FIGURES = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider", "meteor")


def evaluate_captioner(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    meteor: bool = False,
    batch_size: int = 32,
    captions: Path | None = None,
    where: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Caption the photos of a split and compare with what people wrote.

    Args:
        model: a folder, a Hub id, an exported file, or None for the shipped captioner.
        data: captioned photos; see `multimodal.captioning.data.read_captions`.
        split: which photos.
        meteor: whether to compute METEOR as well (the `meteor` extra, and Java).
        batch_size: photos at a time; changes the speed and nothing else.
        captions: where to write every photo's caption, as JSON lines.
        where: `images`, `image_column` and `caption_column` of `read_captions`.
        **options: of generation, such as beam_size.

    Returns:
        The figures of `FIGURES` (BLEU and ROUGE from 0 to 1), `images`, `words_used`, the search's
        options, `seconds` from the first JPEG to the last sentence, and `images_per_second`.
    """
    from multimodal.captioning.data import read_captions
    from multimodal.captioning.metrics import evaluate_captions
    from pipelines.caption.run import open_captioner

    if captions is not None:
        require_place(captions)
    photos = read_captions(data, split, **(where or {}))
    captioner = open_captioner(model)
    begin = time.perf_counter()
    found = list(captioner.captions((p.image for p in photos), batch_size=batch_size, **options))
    seconds = time.perf_counter() - begin
    broken = next((caption for caption in found if caption.error is not None), None)
    if broken is not None:
        raise UserError(f"{broken.source}: {broken.error}")
    hypotheses = {photo.name: c.text for photo, c in zip(photos, found, strict=True)}
    references = {photo.name: photo.captions for photo in photos}
    scores = evaluate_captions(hypotheses, references, meteor=meteor)
    if captions is not None:
        write_text(captions, "".join(map(as_line, found)))
    search = captioner.search_options(options)
    return {
        **{name: getattr(scores, name) for name in FIGURES if getattr(scores, name) is not None},
        "images": len(photos),
        "words_used": len({word for caption in found for word in caption.words}),
        "split": split,
        "beam_size": search.beam_size,
        "length_penalty": search.length_penalty,
        "detected_weight": search.detected_weight,
        "seconds": seconds,
        "images_per_second": len(photos) / seconds,
    }

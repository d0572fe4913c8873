"""A captioner and held-out photos → figures: the job behind ``multimodal evaluate captioner``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from multimodal.atomic import write_text
from multimodal.errors import UserError
from pipelines.caption import as_line
from pipelines.output import require_place

if TYPE_CHECKING:
    from multimodal.captioning.hallucination import ChairScores

FIGURES = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider", "meteor")


def evaluate_captioner(  # noqa: PLR0913 - a command has the options that it has
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    meteor: bool = False,
    batch_size: int = 32,
    captions: Path | None = None,
    objects: Path | None = None,
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
        objects: a JSON file of the COCO objects in every photo, by its file name, to measure CHAIR
            by (Rohrbach et al. 2018).
        where: `images`, `image_column` and `caption_column` of `read_captions`.
        **options: of generation, such as beam_size.

    Returns:
        The figures of `FIGURES` (BLEU and ROUGE from 0 to 1), with `objects` also `chair_sentences`
        and `chair_instances`, `images` and how many of them `failed` to open and count nowhere,
        `words_used`, the search's
        options, `seconds` from the first JPEG to the last sentence, and `images_per_second`.
    """
    from multimodal.captioning.data import read_captions
    from multimodal.captioning.hallucination import hallucination_scores
    from multimodal.captioning.metrics import evaluate_captions
    from pipelines.models import open_model

    if captions is not None:
        require_place(captions)
    photos = read_captions(data, split, **(where or {}))
    there = _objects_of(objects, [photo.name for photo in photos]) if objects else None
    for photo in photos:
        require_words(photo.name, photo.captions)
    captioner = open_model("captioner", model)
    begin = time.perf_counter()
    found = list(captioner.captions((p.image for p in photos), batch_size=batch_size, **options))
    seconds = time.perf_counter() - begin
    found = [replace(c, source=photo.label) for photo, c in zip(photos, found, strict=True)]
    opened = [(photo, c) for photo, c in zip(photos, found, strict=True) if c.error is None]
    if not opened:
        raise UserError(f"{found[0].source}: {found[0].error}; no photo could be captioned")
    hypotheses = {photo.name: caption.text for photo, caption in opened}
    references = {photo.name: photo.captions for photo, _ in opened}
    scores = evaluate_captions(hypotheses, references, meteor=meteor)
    if captions is not None:
        write_text(captions, "".join(map(as_line, found)))
    search = captioner.search_options(options)
    chair = hallucination_scores(hypotheses, there) if there is not None else None
    return {
        **({} if chair is None else _chair_figures(chair)),
        **{name: getattr(scores, name) for name in FIGURES if getattr(scores, name) is not None},
        "images": len(photos),
        "failed": len(photos) - len(opened),
        "words_used": len({word for caption in found for word in caption.words}),
        "split": split,
        "beam_size": search.beam_size,
        "length_penalty": search.length_penalty,
        "detected_weight": search.detected_weight,
        "seconds": seconds,
        "images_per_second": len(photos) / seconds,
    }


def _objects_of(file: Path, photos: Sequence[str]) -> dict[str, list[str]]:
    """The objects in each photo; every photo must be listed."""
    from multimodal.captioning.hallucination import read_objects

    listed = read_objects(file)
    names = {PurePath(photo).name: photo for photo in photos}
    for name in listed:
        if name not in names:
            raise UserError(f"{file}: {name} is none of the photos")
    if lacking := sorted(names.keys() - listed.keys()):
        raise UserError(f"{file}: {lacking[0]} is not listed")
    return {names[name]: objects for name, objects in listed.items()}


def _chair_figures(scores: ChairScores) -> dict[str, float]:
    return {"chair_sentences": scores.sentences, "chair_instances": scores.instances}


def require_words(photo: str, captions: Sequence[str]) -> None:
    """See to it that no reference is without a word: of length 0, it would let captions be brief.

    Raises:
        UserError: one is.
    """
    from multimodal.captioning.tokenizer import tokenize

    empty = next((n for n, caption in enumerate(captions, 1) if not tokenize(caption)), None)
    if empty is not None:
        raise UserError(
            f"{photo}: reference caption {empty} of {len(captions)} has no word: write it or "
            "leave it out"
        )

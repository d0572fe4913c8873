"""A clip recognizer and held-out clips → figures: ``multimodal evaluate clip-recognizer``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UserError
from multimodal.recognition.metrics import FRACTIONS, Answers, accuracy_by_category
from multimodal.splits import require_split

FRAMES = 8
"""Of each clip, at equal distances: two for each of the four shares that are reported."""


def evaluate_clip_recognizer(
    model: str | Path | None, data: str | Path, split: str = "test", *, least: int = 440
) -> dict[str, Any]:
    """Compare a recognizer's guesses at the clips of a split with their labels.

    Args:
        model: a folder, a Hub id, or None for the shipped recognizer.
        data: as for the training; see `multimodal.recognition.clips.data.read_labelled_clips`. Of
            drawings, every one of a split is shown as one film.
        split: which clips.
        least: of drawings, the categories with so many in all splits are shown.

    Returns:
        `top1` and `top5` after the last frame; `per_label`, top-1; `accuracy_after_fraction`,
        `confidence_after_fraction` and `ece_after_fraction` after shares of the frames; `ece` after
        the last (`metrics.ECE_BINS` bins); and `split`, `clips`, `labels`, `frames` seen of each
        clip, `seconds` and `frames_per_second`, reading and rendering included.

    Raises:
        UserError: the data cannot be read, or has a label that the recognizer does not know.
    """
    from multimodal.recognition.clips.data import (
        LabelledClips,
        encode_clip,
        read_labelled_clips,
    )
    from multimodal.recognition.clips.recognizer import ClipRecognizer

    split = require_split(split)
    recognizer = ClipRecognizer.from_pretrained(model)
    clips = LabelledClips.of(read_labelled_clips(data, None, least)[split], recognizer.labels)
    if not len(clips):
        raise UserError(f"{data}: no clip in its {split} split")
    begin = time.perf_counter()
    seen = np.stack(
        [encode_clip(recognizer.frame_encoder, clip, FRAMES).numpy() for clip in clips.clips]
    )
    probabilities = recognizer.calibrated(recognizer.logits(seen))
    seconds = time.perf_counter() - begin
    after = {
        str(share): Answers(probabilities[:, round(share * FRAMES) - 1], clips.labels)
        for share in FRACTIONS
    }
    whole = after["1.0"]
    return {
        "top1": whole.top(1),
        "top5": whole.top(5),
        "per_label": accuracy_by_category(whole.probabilities, whole.labels, recognizer.labels),
        "accuracy_after_fraction": {share: answers.top(1) for share, answers in after.items()},
        "confidence_after_fraction": {
            share: answers.confidence for share, answers in after.items()
        },
        "ece": whole.ece,
        "ece_after_fraction": {share: answers.ece for share, answers in after.items()},
        "split": split,
        "clips": len(clips),
        "labels": len(set(clips.labels.tolist())),
        "frames": FRAMES,
        "seconds": seconds,
        "frames_per_second": FRAMES * len(clips) / seconds,
    }

"""A video recognizer and held-out videos → figures: ``multimodal evaluate video-recognizer``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UserError
from multimodal.recognition.metrics import FRACTIONS, Answers, accuracy_by_category
from multimodal.splits import require_split

FRAMES = 8
"""Of each video, at equal distances: two for each of the four shares that are reported."""


def evaluate_video_recognizer(
    model: str | Path | None, data: str | Path, split: str = "test", *, least: int = 440
) -> dict[str, Any]:
    """Compare a recognizer's predictions for the videos of a split with their labels.

    Args:
        model: a folder, a Hub id, or None for the shipped recognizer.
        data: as for the training; see `multimodal.recognition.videos.data.read_labelled_videos`. Of
            drawings, every one of a split is shown as one video.
        split: which videos.
        least: of drawings, the categories with so many in all splits are shown.

    Returns:
        `top1` and `top5` after the last frame; `per_label`, top-1; `accuracy_after_fraction`,
        `confidence_after_fraction` and `ece_after_fraction` after shares of the frames; `ece` after
        the last (`metrics.ECE_BINS` bins); and `split`, `videos`, `labels`, `frames` seen of each
        video, `seconds` and `frames_per_second`, reading and rendering included.

    Raises:
        UserError: the data cannot be read, or has a label that the recognizer does not know.
    """
    from multimodal.recognition.videos.data import (
        LabelledVideos,
        encode_video,
        read_labelled_videos,
    )
    from multimodal.recognition.videos.recognizer import VideoRecognizer

    split = require_split(split)
    recognizer = VideoRecognizer.from_pretrained(model)
    videos = LabelledVideos.of(read_labelled_videos(data, None, least)[split], recognizer.labels)
    if not len(videos):
        raise UserError(f"{data}: no video in its {split} split")
    begin = time.perf_counter()
    seen = np.stack(
        [encode_video(recognizer.frame_encoder, video, FRAMES).numpy() for video in videos.videos]
    )
    probabilities = recognizer.calibrated(recognizer.logits(seen))
    seconds = time.perf_counter() - begin
    after = {
        str(share): Answers(probabilities[:, round(share * FRAMES) - 1], videos.labels)
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
        "videos": len(videos),
        "labels": len(set(videos.labels.tolist())),
        "frames": FRAMES,
        "seconds": seconds,
        "frames_per_second": FRAMES * len(videos) / seconds,
    }

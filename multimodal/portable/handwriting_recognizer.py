"""A reader of handwriting in a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from multimodal.portable.file import ModelFile
from multimodal.recognition.handwriting.base import HandwritingRecognizerBase
from multimodal.recognition.handwriting.decoding import Frames
from multimodal.recognition.handwriting.tracks import TRACK_FEATURES, Track

BATCH_SIZE = 16  # lines
SHORTENED = 4  # points of a track in one frame


class PortableHandwritingRecognizer(HandwritingRecognizerBase):
    """Handwriting becomes text; see `multimodal.recognition.handwriting.recognizer`.

    Args:
        file: made for "handwriting-recognizer".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.alphabet = str(file["alphabet"])

    def frames(self, tracks: Sequence[Track]) -> list[Frames]:
        """See `HandwritingRecognizerBase`."""
        found = [np.zeros((0, 1 + len(self.alphabet)), np.float32) for _ in tracks]
        order = sorted(range(len(tracks)), key=lambda number: len(tracks[number]))
        order = [number for number in order if len(tracks[number])]
        for begin in range(0, len(order), BATCH_SIZE):
            some = order[begin : begin + BATCH_SIZE]
            longest = -(-len(tracks[some[-1]]) // SHORTENED) * SHORTENED
            batch = np.zeros((len(some), longest, TRACK_FEATURES), np.float32)
            for row, number in zip(batch, some, strict=True):
                row[: len(tracks[number])] = tracks[number]
            said = self.file.run(tracks=batch, lengths=[len(tracks[n]) for n in some])
            for number, row, count in zip(some, said["log_probs"], said["frames"], strict=True):
                found[number] = row[:count]
        return found

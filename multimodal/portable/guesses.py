"""A recognizer of drawings in a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from multimodal.portable.file import Array, ModelFile
from multimodal.recognition.drawings.base import RecognizerBase
from multimodal.recognition.drawings.features import CHANNELS, extract_features, pictures
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.recognition.prediction import Prediction
from multimodal.strokes import Drawing

BATCH_SIZE = 64  # moments


class PortableRecognizer(RecognizerBase):
    """A drawing becomes a ranking; see `multimodal.recognition.drawings.recognizer.Recognizer`.

    Args:
        file: made for "recognizer".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.categories = tuple(str(name) for name in file["categories"])
        self.picture_size = int(file["picture_size"])

    def _predict_whole(self, drawings: Sequence[Drawing], top: int) -> list[Prediction]:
        return [self._predictions(drawing, [len(drawing)], top)[0] for drawing in drawings]

    def _predict_steps(self, drawings: Sequence[Drawing], top: int) -> list[list[Prediction]]:
        return [self._predictions(each, range(1, len(each) + 1), top) for each in drawings]

    def _predictions(self, drawing: Drawing, seen: Sequence[int], top: int) -> list[Prediction]:
        """Name a drawing after some numbers of its strokes."""
        found: list[Prediction] = []
        for begin in range(0, len(seen), BATCH_SIZE):
            some = np.array(seen[begin : begin + BATCH_SIZE])
            for row, strokes in zip(self._probabilities(drawing, some), some, strict=True):
                found.append(Prediction.ranked(self.categories, row, int(strokes), top))
        return found

    def _probabilities(self, drawing: Drawing, seen: npt.NDArray[np.int64]) -> Array:
        """(N, V) after some numbers of strokes (N,)."""
        view = extract_features(StrokeBatch.of([drawing]))
        size = self.picture_size
        drawn = pictures(view, seen - 1, size) if size else np.zeros((len(seen), CHANNELS, 1, 1))
        found = self.file.run(
            pieces=view.pieces[None],
            lengths=[len(view.pieces)],
            row=np.zeros(len(seen)),
            end=np.cumsum(view.sizes)[seen - 1] - 1,
            strokes=seen,
            pictures=drawn,
        )
        return found["probabilities"]

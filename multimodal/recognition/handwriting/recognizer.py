r"""The one class that people use: load a handwriting recognizer, then let it read.

recognizer = HandwritingRecognizer.from_pretrained()  # the shipped model; or a folder, or a Hub id
recognizer.read(drawing).text                        # "Dear Anna,\nthe train leaves at 9."
recognizer.read(drawings)                            # a list is read in batches

stream = recognizer.stream()                         # while somebody writes
stream.add([(12, 30), (14, 33), (17, 40)])          # Transcription(text="l", …)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import Precision, torch_dtype
from multimodal.recognition.handwriting.base import HandwritingRecognizerBase
from multimodal.recognition.handwriting.data import padded, padded_size
from multimodal.recognition.handwriting.decoding import Frames, best_path
from multimodal.recognition.handwriting.lines import cut_lines
from multimodal.recognition.handwriting.model import (
    HandwritingRecognizerConfig,
    HandwritingRecognizerNetwork,
)
from multimodal.recognition.handwriting.tracks import Track
from multimodal.recognition.handwriting.transcription import Line, Transcription
from multimodal.strokes import Drawing

_BATCH_POINTS = 65536  # points of tracks, padding included


class HandwritingRecognizer(HandwritingRecognizerBase, PretrainedModel):
    """Handwriting becomes text.

    Args:
        network: what was learnt; it is put into evaluation mode.
        alphabet: the V characters that it knows.
        precision: in which the network computes.
    """

    TASK = "handwriting-recognizer"
    network: HandwritingRecognizerNetwork

    def __init__(
        self, network: HandwritingRecognizerNetwork, alphabet: str, precision: Precision = "fp32"
    ) -> None:
        self.network = network.eval()
        self.alphabet = alphabet
        self.precision: Precision = precision

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        alphabet = str(config["alphabet"])
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise UserError("alphabet: must be characters, none of them twice")
        network = HandwritingRecognizerNetwork(
            HandwritingRecognizerConfig(**config["network"]), len(alphabet)
        )
        return cls(network, alphabet)

    def set_precision(self, precision: Precision) -> None:
        """See `PretrainedModel`; bf16 is 1.3 to 1.7 times as fast, with the same errors."""
        self.precision = precision

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "alphabet": self.alphabet,
        }

    def stream(self) -> HandwritingStream:
        """Begin to read while somebody writes."""
        return HandwritingStream(self)

    def spell(self, tracks: Sequence[Track]) -> list[str]:
        """The text of each track, by its most probable path; "" for one without points."""
        return [best_path(frames, self.alphabet).strip() for frames in self.frames(tracks)]

    @torch.inference_mode()
    def frames(self, tracks: Sequence[Track]) -> list[Frames]:
        """See `HandwritingRecognizerBase`."""
        dtype = torch_dtype(self.precision)
        found = [np.zeros((0, 1 + len(self.alphabet)), np.float32) for _ in tracks]
        filled = [number for number, track in enumerate(tracks) if len(track)]
        order = sorted(filled, key=lambda number: len(tracks[number]))
        while order:
            size = padded_size(len(tracks[order[-1]]))
            count = max(1, _BATCH_POINTS // size)
            some, order = order[-count:], order[:-count]
            batch, points = padded([tracks[n] for n in some], size)
            with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
                logits, lengths = self.network(batch, points)
            rows = logits.float().log_softmax(-1).numpy()
            for n, row, length in zip(some, rows, lengths.tolist(), strict=True):
                found[n] = row[:length].copy()
        return found


class HandwritingStream:
    """Reads along while somebody writes; after a stroke, only its line is read again.

    Made by `HandwritingRecognizer.stream`.

    Attributes:
        reading: what stands there now.
    """

    def __init__(self, recognizer: HandwritingRecognizer) -> None:
        self._recognizer = recognizer
        self._strokes: list[npt.NDArray[np.float64]] = []
        self._known: dict[tuple[int, ...], Line] = {}
        self.reading = Transcription(())

    def add(self, stroke: npt.ArrayLike) -> Transcription:
        """See one more stroke: points (n, 2), in the unit of those before.

        Returns:
            The same as `HandwritingRecognizer.read` would say of the whole drawing.

        Raises:
            UserError: it is no stroke.
        """
        self._strokes.append(Drawing([stroke]).strokes[0])
        return self._read()

    def undo(self) -> Transcription:
        """Take back the last stroke, if there is one."""
        del self._strokes[-1:]
        return self._read()

    def _read(self) -> Transcription:
        lines = [tuple(numbers) for numbers in cut_lines(self._strokes)]
        new = [numbers for numbers in lines if numbers not in self._known]
        drawings = [Drawing([self._strokes[n] for n in numbers]) for numbers in new]
        for numbers, reading in zip(
            new, self._recognizer.read(drawings, one_line=True), strict=True
        ):
            self._known[numbers] = replace(reading.lines[0], strokes=numbers)
        self._known = {numbers: self._known[numbers] for numbers in lines}
        self.reading = Transcription(tuple(self._known.values()))
        return self.reading

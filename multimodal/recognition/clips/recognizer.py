"""The one class that people use: load a clip recognizer, then show it clips.

recognizer = ClipRecognizer.from_pretrained()  # the shipped model; or a folder, or a Hub id
recognizer.guess("film.gif")                         # Guess(label="apple", seen=40, …)
recognizer.guesses("film.mp4")                       # one Guess after every frame

watcher = recognizer.watch()                         # while a camera runs
watcher.add(picture)                                 # Guess(label="apple", …)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.checkpoints import JSON
from multimodal.clips import Frame, evenly, read_clip
from multimodal.errors import UserError
from multimodal.images import ImageSource, open_image
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import Precision
from multimodal.recognition.arrays import Floats
from multimodal.recognition.calibration import UNCALIBRATED, calibrated
from multimodal.recognition.clips.frame_encoder import FrameEncoder
from multimodal.recognition.clips.model import ClipConfig, ClipNetwork
from multimodal.recognition.guess import Guess
from multimodal.recognition.pooled_rnn import PooledState

MOST_SEEN = 64
"""Frames of a clip; of a longer one so many are seen, at equal distances."""

"""Temperatures that change nothing."""

ClipSource: TypeAlias = str | os.PathLike[str] | Sequence[ImageSource]
"""A path (see `multimodal.clips.read_clip`), or pictures in their order."""

_BATCH_SIZE = 128  # clips


class ClipRecognizer(PretrainedModel):
    """A clip becomes a ranking of labels, after every frame.

    Args:
        network: what was learnt; it is put into evaluation mode.
        labels: V names.
        frame_encoder: what sees the frames; the one with which the network was trained.
        temperatures: by how many frames were seen; see `multimodal.recognition.calibration`.
    """

    TASK = "clip-recognizer"
    network: ClipNetwork

    def __init__(
        self,
        network: ClipNetwork,
        labels: Sequence[str],
        frame_encoder: FrameEncoder,
        temperatures: Mapping[int, float] = UNCALIBRATED,
    ) -> None:
        self.network = network.eval()
        self.labels = tuple(labels)
        self.frame_encoder = frame_encoder
        self.temperatures = dict(temperatures)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        labels = [str(name) for name in config["labels"]]
        frame_encoder = _same_encoder(config["encoder"])
        network = ClipNetwork(ClipConfig(**config["network"]), frame_encoder.features, len(labels))
        temperatures = {int(k): float(value) for k, value in config["temperatures"].items()}
        if 1 not in temperatures or not min(temperatures.values()) > 0:
            raise UserError("temperatures: there must be one from the first frame on, all above 0")
        return cls(network, labels, frame_encoder, temperatures)

    def set_precision(self, precision: Precision) -> None:
        """See `PretrainedModel`: of the frame encoder; the network itself stays in fp32."""
        self.frame_encoder.set_precision(precision)

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "encoder": {
                "captioner": self.frame_encoder.source,
                "digest": self.frame_encoder.digest,
            },
            "temperatures": {str(least): value for least, value in self.temperatures.items()},
            "labels": list(self.labels),
        }

    def guess(self, clip: ClipSource, top: int = 5) -> Guess:
        """Name a clip, after its last frame.

        Args:
            clip: see `ClipSource`; of more than MOST_SEEN frames, so many are seen.
            top: how many labels of the ranking to give.

        Raises:
            ImageError: the clip or a frame of it cannot be opened.
            UserError: there is no frame, or `top` is below 1.
        """
        return self.guesses(clip, top)[-1]

    def guesses(self, clip: ClipSource, top: int = 5) -> list[Guess]:
        """Name a clip after each of its frames, as if nobody knew what follows.

        Args and errors as for `guess`.
        """
        numbers, pictures = [], []
        for number, picture in _frames(clip):
            numbers.append(number)
            pictures.append(self.frame_encoder.fit(picture))
        if not pictures:
            raise UserError("a clip without frames")
        logits, _ = self.follow(self.frame_encoder.encode(pictures)[None])
        probabilities = self.calibrated(logits)[0]
        return [
            Guess.ranked(self.labels, row, number, top)
            for row, number in zip(probabilities, numbers, strict=True)
        ]

    def watch(self, top: int = 5) -> ClipWatcher:
        """Begin to watch.

        Args:
            top: how many labels of each ranking to give.
        """
        return ClipWatcher(self, top)

    @torch.inference_mode()
    def follow(self, seen: Tensor, memory: PooledState | None = None) -> tuple[Tensor, PooledState]:
        """What is seen of frames (B, T, F) → logits (B, T, V) in fp32, and what is remembered."""
        logits, memory = self.network(seen.to(self.network.readout.weight), memory)
        return logits.float().cpu(), memory

    def logits(self, seen: npt.NDArray[Any]) -> Tensor:
        """The same for any number of clips (N, T, F), a part at a time, without their memory."""
        starts = range(0, len(seen), _BATCH_SIZE)
        parts = [seen[start : start + _BATCH_SIZE].astype(np.float32) for start in starts]
        return torch.cat([self.follow(torch.from_numpy(part))[0] for part in parts])

    def calibrated(self, logits: Tensor, before: int = 0) -> Floats:
        """Logits (B, T, V) of frames, before which others were seen → probabilities (B, T, V)."""
        return calibrated(logits, self.temperatures, before + 1 + np.arange(logits.shape[1]))


class ClipWatcher:
    """Watches frames come in; keeps what it remembers, so that a frame costs only itself.

    Made by `ClipRecognizer.watch`.
    """

    def __init__(self, recognizer: ClipRecognizer, top: int) -> None:
        self._recognizer = recognizer
        self._top = top
        self._memory: PooledState | None = None
        self._frames = 0

    def add(self, picture: ImageSource) -> Guess:
        """See one more frame.

        Raises:
            ImageError: it cannot be opened.
        """
        recognizer = self._recognizer
        seen = recognizer.frame_encoder.encode([recognizer.frame_encoder.fit(open_image(picture))])
        logits, self._memory = recognizer.follow(seen[None], self._memory)
        probabilities = recognizer.calibrated(logits, before=self._frames)
        self._frames += 1
        return Guess.ranked(recognizer.labels, probabilities[0, 0], self._frames, self._top)


def _frames(clip: ClipSource) -> Iterator[Frame]:
    if isinstance(clip, str | os.PathLike):
        yield from read_clip(clip, MOST_SEEN)
        return
    for place in evenly(len(clip), MOST_SEEN):
        yield Frame(place + 1, open_image(clip[place]))


def _same_encoder(stored: Mapping[str, Any]) -> FrameEncoder:
    """Load the frame encoder that a recognizer was trained with, in fp32.

    Raises:
        UserError: the captioner cannot be had, or has another encoder by now.
    """
    captioner, digest = str(stored["captioner"]), stored["digest"]
    frame_encoder = FrameEncoder.from_captioner(captioner, "fp32")
    if frame_encoder.digest != digest:
        raise UserError(
            f"its encoder is that of {captioner}, which has another one by now "
            f"(its digest is {frame_encoder.digest}, not {digest}): train the clip recognizer again"
        )
    return frame_encoder

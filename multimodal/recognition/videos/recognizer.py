"""The one class that people use: load a video recognizer, then show it videos.

recognizer = VideoRecognizer.from_pretrained()  # the shipped model; or a folder, or a Hub id
recognizer.predict("video.gif")        # Prediction(label="apple", seen=40, …)
recognizer.predict_steps("video.mp4")  # one Prediction after every frame

stream = recognizer.stream()                         # while a camera runs
stream.add(picture)                  # Prediction(label="apple", …)
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
from multimodal.errors import UserError
from multimodal.images import ImageSource, open_image
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import Precision
from multimodal.recognition.arrays import Floats
from multimodal.recognition.calibration import UNCALIBRATED, calibrated, read_temperatures
from multimodal.recognition.pooled_rnn import PooledState
from multimodal.recognition.prediction import Prediction
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.model import VideoConfig, VideoNetwork
from multimodal.videos import Frame, evenly, read_video

MOST_SEEN = 64
"""Frames of a video; of a longer one so many are seen, at equal distances."""

"""Temperatures that change nothing."""

VideoSource: TypeAlias = str | os.PathLike[str] | Sequence[ImageSource]
"""A path (see `multimodal.videos.read_video`), or pictures in their order."""

_BATCH_SIZE = 128  # videos


class VideoRecognizer(PretrainedModel):
    """A video becomes a ranking of labels, after every frame.

    Args:
        network: what was learnt; it is put into evaluation mode.
        labels: V names.
        frame_encoder: what sees the frames; the one with which the network was trained.
        temperatures: by how many frames were seen; see `multimodal.recognition.calibration`.
    """

    TASK = "video-recognizer"
    network: VideoNetwork

    def __init__(
        self,
        network: VideoNetwork,
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
        network = VideoNetwork(
            VideoConfig(**config["network"]), frame_encoder.features, len(labels)
        )
        temperatures = read_temperatures(config, "frame")
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

    def predict(self, video: VideoSource, top: int = 5) -> Prediction:
        """Name a video, after its last frame.

        Args:
            video: see `VideoSource`; of more than MOST_SEEN frames, so many are seen.
            top: how many labels of the ranking to give.

        Raises:
            ImageError: the video or a frame of it cannot be opened.
            UserError: there is no frame, or `top` is below 1.
        """
        return self.predict_steps(video, top)[-1]

    def predict_steps(self, video: VideoSource, top: int = 5) -> list[Prediction]:
        """Name a video after each of its frames, as if nobody knew what follows.

        Args and errors as for `predict`.
        """
        numbers, pictures = [], []
        for number, picture in _frames(video):
            numbers.append(number)
            pictures.append(self.frame_encoder.preprocess(picture))
        if not pictures:
            raise UserError("a video without frames")
        logits, _ = self.forward_chunk(self.frame_encoder.encode(pictures)[None])
        probabilities = self.calibrated(logits)[0]
        return [
            Prediction.ranked(self.labels, row, number, top)
            for row, number in zip(probabilities, numbers, strict=True)
        ]

    def stream(self, top: int = 5) -> FrameStream:
        """Begin to recognize a video while its frames come in.

        Args:
            top: how many labels of each ranking to give.
        """
        return FrameStream(self, top)

    @torch.inference_mode()
    def forward_chunk(
        self, seen: Tensor, memory: PooledState | None = None
    ) -> tuple[Tensor, PooledState]:
        """What is seen of frames (B, T, F) → logits (B, T, V) in fp32, and what is remembered."""
        logits, memory = self.network(seen.to(self.network.readout.weight), memory)
        return logits.float().cpu(), memory

    def logits(self, seen: npt.NDArray[Any]) -> Tensor:
        """The same for any number of videos (N, T, F), a part at a time, without their memory."""
        starts = range(0, len(seen), _BATCH_SIZE)
        parts = [seen[start : start + _BATCH_SIZE].astype(np.float32) for start in starts]
        return torch.cat([self.forward_chunk(torch.from_numpy(part))[0] for part in parts])

    def calibrated(self, logits: Tensor, before: int = 0) -> Floats:
        """Logits (B, T, V) of frames, before which others were seen → probabilities (B, T, V)."""
        return calibrated(logits, self.temperatures, before + 1 + np.arange(logits.shape[1]))


class FrameStream:
    """Watches frames come in; keeps what it remembers, so that a frame costs only itself.

    Made by `VideoRecognizer.stream`.
    """

    def __init__(self, recognizer: VideoRecognizer, top: int) -> None:
        self._recognizer = recognizer
        self._top = top
        self._memory: PooledState | None = None
        self._frames = 0

    def add(self, picture: ImageSource) -> Prediction:
        """See one more frame.

        Raises:
            ImageError: it cannot be opened.
        """
        recognizer = self._recognizer
        seen = recognizer.frame_encoder.encode(
            [recognizer.frame_encoder.preprocess(open_image(picture))]
        )
        logits, self._memory = recognizer.forward_chunk(seen[None], self._memory)
        probabilities = recognizer.calibrated(logits, before=self._frames)
        self._frames += 1
        return Prediction.ranked(recognizer.labels, probabilities[0, 0], self._frames, self._top)


def _frames(video: VideoSource) -> Iterator[Frame]:
    if isinstance(video, str | os.PathLike):
        yield from read_video(video, MOST_SEEN)
        return
    for place in evenly(len(video), MOST_SEEN):
        yield Frame(place + 1, open_image(video[place]))


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
            f"(its digest is {frame_encoder.digest}, not {digest}): train the recognizer again"
        )
    return frame_encoder

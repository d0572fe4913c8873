"""The recipe: videos at all paces, a prediction after every frame, the encoder at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self, cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.recognition.arrays import Floats
from multimodal.recognition.calibration import UNCALIBRATED, fit_temperatures
from multimodal.recognition.metrics import expected_calibration_error, ranks, top_accuracy
from multimodal.recognition.videos.data import (
    LabelledFrames,
    LabelledVideos,
    TrainingVideos,
    Video,
    encode_videos,
    frame_indices,
    read_labelled_videos,
)
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.model import VideoNetwork
from multimodal.recognition.videos.recipe import VideoRecipe
from multimodal.recognition.videos.recognizer import VideoRecognizer
from multimodal.training import Stage, Task, TrainingInput, batches_per_epoch


class VideoStage(Stage):
    """Classify videos after every frame.

    Args:
        recipe: the choices.
        videos: to learn from.
        frame_encoder: what sees their frames.
        cache: the folder for what it sees.
    """

    name = "classification"

    def __init__(
        self, recipe: VideoRecipe, videos: LabelledVideos, frame_encoder: FrameEncoder, cache: Path
    ) -> None:
        self.recipe = recipe
        self.videos = videos
        self._frame_encoder = frame_encoder
        self._cache = cache
        self.options = recipe.options(self.steps_per_epoch())

    def setup(self, model: nn.Module) -> None:
        """See all videos, once; everything learns but the encoder."""
        model.requires_grad_(True)
        seen = encode_videos(
            self._frame_encoder, self.videos.videos, self.recipe.frames, self._cache / "train.npy"
        )
        self.data = TrainingVideos(
            seen,
            self.videos.labels,
            self.recipe.batch_size,
            self.recipe.partial_loss_weight,
            self.recipe.seed,
        )

    def steps_per_epoch(self) -> int:
        """Every video once."""
        return batches_per_epoch(len(self.videos), self.recipe.batch_size)

    def loss(self, model: nn.Module, batch: LabelledFrames) -> dict[str, Tensor]:
        """Cross-entropy in nats a prediction; "accuracy" is that after the last frame."""
        seen, labels, weights = batch
        logits = model(seen)[0].float()
        losses = F.cross_entropy(
            logits.transpose(1, 2),
            labels[:, None].expand_as(weights),
            reduction="none",
            label_smoothing=self.recipe.label_smoothing,
        )
        weight = weights.sum()
        return {
            "loss": (losses * weights).sum() / weight,
            "accuracy": (logits[:, -1].argmax(-1) == labels).float().mean(),
            "weight": weight,
        }


class VideoTask(Task):
    """A recognizer that learns from labelled videos.

    Args:
        recipe: the choices.
        train: label → videos to learn from.
        dev: label → videos to choose and to calibrate by.
        out: the run's folder, for what is seen of the videos.

    Raises:
        UserError: there is nothing to learn from or to choose by, or no encoder.
    """

    metric = "top1"

    def __init__(
        self,
        recipe: VideoRecipe,
        train: Mapping[str, Sequence[Video]],
        dev: Mapping[str, Sequence[Video]],
        out: Path,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.labels = sorted(label for label, videos in train.items() if videos)
        learnt = LabelledVideos.of(train, self.labels)
        self.dev = LabelledVideos.of(dev, self.labels)
        if not len(learnt) or not len(self.dev):
            raise UserError("too few videos: there are none to learn from or none to choose by")
        self._cache = out / "cache"
        self._frame_encoder = FrameEncoder.from_captioner(recipe.encoder, recipe.precision)
        self._temperatures = UNCALIBRATED
        self.model = VideoNetwork(recipe.network, self._frame_encoder.features, len(self.labels))
        self.stages = [VideoStage(recipe, learnt, self._frame_encoder, self._cache)]
        self.config = {
            "recipe": asdict(recipe),
            "encoder": self._frame_encoder.digest,
            "videos": {"train": len(learnt), "dev": len(self.dev)},
            "labels": self.labels,
        }

    @classmethod
    def from_data(cls, recipe: VideoRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: videos; see `read_labelled_videos`."""
        parts = read_labelled_videos(given.data, recipe.videos_per_category, recipe.min_examples)
        return cls(recipe, parts["train"], parts["dev"], given.out)

    def pretrained(self, model: nn.Module) -> VideoRecognizer:
        """The recognizer around a model as it is now."""
        return VideoRecognizer(
            cast(VideoNetwork, model), self.labels, self._frame_encoder, self._temperatures
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Classify the dev videos, and fit the temperatures at their own pace and at others."""
        recognizer = self.pretrained(model)
        seen, frames = self._seen(), self.recipe.frames
        logits = recognizer.logits(seen)
        random = np.random.default_rng(self.recipe.seed)
        known = [logits]
        for steps in (max(1, frames // 2), 2 * frames):
            shown = frame_indices(random, len(seen), frames, steps)
            known.append(recognizer.logits(seen[np.arange(len(seen))[:, None], shown]))
        self._temperatures = fit_temperatures(
            torch.cat([each.flatten(0, 1) for each in known]),
            torch.from_numpy(
                np.concatenate([np.repeat(self.dev.labels, each.shape[1]) for each in known])
            ),
            torch.cat([torch.arange(1, each.shape[1] + 1).repeat(len(seen)) for each in known]),
        )
        return self._figures(self.pretrained(model).calibrated(logits))

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Predictions after every frame of a few held-out videos."""
        recognizer = self.pretrained(model)
        some = np.linspace(0, len(self.dev) - 1, 5).astype(np.int64)
        rows = recognizer.calibrated(recognizer.logits(self._seen()[some]))
        return [
            f"{self.labels[label]}: "
            + ", ".join(f"{self.labels[row.argmax()]} {row.max():.2f}" for row in of_video)
            for label, of_video in zip(self.dev.labels[some], rows, strict=True)
        ]

    def _seen(self) -> npt.NDArray[np.float16]:
        path = self._cache / "valid.npy"
        return encode_videos(self._frame_encoder, self.dev.videos, self.recipe.frames, path)

    def _figures(self, probabilities: Floats) -> dict[str, float]:
        """Of probabilities (N, T, V) after every frame."""
        labels, half = self.dev.labels, max(0, probabilities.shape[1] // 2 - 1)
        last = probabilities[:, -1]
        right = ranks(last, labels) == 0
        return {
            self.metric: float(right.mean()),
            "top5": top_accuracy(last, labels, 5),
            "top1_half": top_accuracy(probabilities[:, half], labels, 1),
            "ece": expected_calibration_error(last.max(1), right),
        }

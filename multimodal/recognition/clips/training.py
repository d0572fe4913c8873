"""The recipe: clips at all paces, a guess after every frame, the eye at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from multimodal.recognition.clips.data import (
    Clip,
    LabelledClips,
    LabelledFrames,
    TrainingClips,
    encode_clips,
    paces,
    read_labelled_clips,
)
from multimodal.recognition.clips.frame_encoder import FrameEncoder
from multimodal.recognition.clips.model import ClipNetwork
from multimodal.recognition.clips.recipe import ClipRecipe
from multimodal.recognition.clips.recognizer import ClipRecognizer
from multimodal.recognition.metrics import expected_calibration_error, ranks, top_accuracy
from multimodal.training import Stage, Task, batches_per_epoch


class ClipStage(Stage):
    """Guess at clips after every frame.

    Args:
        recipe: the choices.
        clips: to learn from.
        frame_encoder: what sees their frames.
        cache: the folder for what it sees.
    """

    name = "classification"

    def __init__(
        self, recipe: ClipRecipe, clips: LabelledClips, frame_encoder: FrameEncoder, cache: Path
    ) -> None:
        self.recipe = recipe
        self.clips = clips
        self._frame_encoder = frame_encoder
        self._cache = cache
        self.options = recipe.options(self.steps_per_epoch())

    def setup(self, model: nn.Module) -> None:
        """See all clips, once; everything learns but the eye."""
        model.requires_grad_(True)
        seen = encode_clips(
            self._frame_encoder, self.clips.clips, self.recipe.frames, self._cache / "train.npy"
        )
        self._training = TrainingClips(
            seen,
            self.clips.labels,
            self.recipe.batch_size,
            self.recipe.early_weight,
            self.recipe.seed,
        )

    def steps_per_epoch(self) -> int:
        """Every clip once."""
        return batches_per_epoch(len(self.clips), self.recipe.batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledFrames]:
        """See `TrainingClips`."""
        return self._training.batches(epoch, start, rank, world)

    def loss(self, model: nn.Module, batch: LabelledFrames) -> dict[str, Tensor]:
        """Cross-entropy in nats a guess; "accuracy" is that after the last frame."""
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


class ClipTask(Task):
    """A recognizer that learns from labelled clips.

    Args:
        recipe: the choices.
        train: label → clips to learn from.
        valid: label → clips to choose and to calibrate by.
        out: the run's folder, for what is seen of the clips.

    Raises:
        UserError: there is nothing to learn from or to choose by, or no encoder.
    """

    metric = "top1"

    def __init__(
        self,
        recipe: ClipRecipe,
        train: Mapping[str, Sequence[Clip]],
        valid: Mapping[str, Sequence[Clip]],
        out: Path,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.labels = sorted(label for label, clips in train.items() if clips)
        learnt = LabelledClips.of(train, self.labels)
        self.valid = LabelledClips.of(valid, self.labels)
        if not len(learnt) or not len(self.valid):
            raise UserError("too few clips: there are none to learn from or none to choose by")
        self._cache = out / "cache"
        self._frame_encoder = FrameEncoder.from_captioner(recipe.encoder, recipe.precision)
        self._temperatures = UNCALIBRATED
        self.model = ClipNetwork(recipe.network, self._frame_encoder.features, len(self.labels))
        self.stages = [ClipStage(recipe, learnt, self._frame_encoder, self._cache)]
        self.config = {
            "recipe": asdict(recipe),
            "encoder": self._frame_encoder.digest,
            "clips": {"train": len(learnt), "dev": len(self.valid)},
            "labels": self.labels,
        }

    @classmethod
    def from_data(
        cls,
        recipe: ClipRecipe,
        data: str | Path,
        out: Path,
        note: Callable[[str], object],
    ) -> Self:
        """Read what is learnt from; the arguments are those of ``multimodal train``.

        Args:
            recipe: the choices.
            data: clips; see `multimodal.recognition.clips.data.read_labelled_clips`.
            out: the run's folder.
            note: is told, a line each, what the training leaves out.

        Raises:
            UserError: the data cannot be read.
        """
        del note
        parts = read_labelled_clips(data, recipe.films, recipe.min_examples)
        return cls(recipe, parts["train"], parts["dev"], out)

    def recognizer(self, model: nn.Module) -> ClipRecognizer:
        """The recognizer around a model as it is now."""
        return ClipRecognizer(
            cast(ClipNetwork, model), self.labels, self._frame_encoder, self._temperatures
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Guess at the held-out clips, and fit the temperatures at their own pace and at others."""
        recognizer = self.recognizer(model)
        seen, frames = self._seen(), self.recipe.frames
        logits = recognizer.logits(seen)
        random = np.random.default_rng(self.recipe.seed)
        known = [logits]
        for steps in (max(1, frames // 2), 2 * frames):
            shown = paces(random, len(seen), frames, steps)
            known.append(recognizer.logits(seen[np.arange(len(seen))[:, None], shown]))
        self._temperatures = fit_temperatures(
            torch.cat([each.flatten(0, 1) for each in known]),
            torch.from_numpy(
                np.concatenate([np.repeat(self.valid.labels, each.shape[1]) for each in known])
            ),
            torch.cat([torch.arange(1, each.shape[1] + 1).repeat(len(seen)) for each in known]),
        )
        return self._figures(self.recognizer(model).calibrated(logits))

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Guesses after every frame of a few held-out clips."""
        recognizer = self.recognizer(model)
        some = np.linspace(0, len(self.valid) - 1, 5).astype(np.int64)
        rows = recognizer.calibrated(recognizer.logits(self._seen()[some]))
        return [
            f"{self.labels[label]}: "
            + ", ".join(f"{self.labels[row.argmax()]} {row.max():.2f}" for row in of_clip)
            for label, of_clip in zip(self.valid.labels[some], rows, strict=True)
        ]

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a recognizer."""
        self.recognizer(model).save_pretrained(folder)

    def _seen(self) -> npt.NDArray[np.float16]:
        path = self._cache / "valid.npy"
        return encode_clips(self._frame_encoder, self.valid.clips, self.recipe.frames, path)

    def _figures(self, probabilities: Floats) -> dict[str, float]:
        """Of probabilities (N, T, V) after every frame."""
        labels, half = self.valid.labels, max(0, probabilities.shape[1] // 2 - 1)
        last = probabilities[:, -1]
        right = ranks(last, labels) == 0
        return {
            self.metric: float(right.mean()),
            "top5": top_accuracy(last, labels, 5),
            "top1_half": top_accuracy(probabilities[:, half], labels, 1),
            "ece": expected_calibration_error(last.max(1), right),
        }

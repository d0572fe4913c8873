"""Labelled videos, and what is seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from multimodal.cache import cached
from multimodal.errors import UserError
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.rendered import videos_of_quickdraw
from multimodal.splits import SPLITS, split_by_hash, split_by_name
from multimodal.training import Batches, batches_per_epoch, derived_seed, shuffled_batches
from multimodal.videos import is_video, read_video

LATE_START = 0.25
"""The share of videos whose beginning is not shown in training."""


class Video(Protocol):
    """Whatever can show its frames."""

    def pictures(self, frames: int, size: int) -> Iterable[Image.Image]:
        """Up to so many RGB frames at equal distances; more than `size` pixels are of no use."""


@dataclass(frozen=True)
class VideoFile:
    """A video on the disk; see `multimodal.videos.read_video`."""

    path: Path

    def pictures(self, frames: int, size: int) -> Iterator[Image.Image]:
        """See `Video`; a short video shows what it has, and every frame is of its own size."""
        del size
        return (frame.picture for frame in read_video(self.path, frames))


@dataclass(frozen=True)
class LabelledVideos:
    """Videos with the numbers of their labels.

    Attributes:
        videos: N of them.
        labels: (N,).
    """

    videos: tuple[Video, ...]
    labels: Ints

    @classmethod
    def of(cls, videos: Mapping[str, Sequence[Video]], names: Sequence[str]) -> LabelledVideos:
        """Number videos by their labels.

        Raises:
            UserError: a label is not among the names that are known.
        """
        number = {name: n for n, name in enumerate(names)}
        unknown = [label for label, of_one in videos.items() if of_one and label not in number]
        if unknown:
            raise UserError(f"{unknown[0]}: a label that the recognizer does not know")
        pairs = [(video, number[label]) for label, of_one in videos.items() for video in of_one]
        labels = np.array([label for _, label in pairs], dtype=np.int64)
        return cls(tuple(video for video, _ in pairs), labels)

    def __len__(self) -> int:
        return len(self.labels)


class LabelledFrames(NamedTuple):
    """What one step learns from.

    Attributes:
        seen: (B, T, F) features of frames.
        labels: (B,).
        weights: (B, T) how much a prediction after each frame counts.
    """

    seen: Tensor
    labels: Tensor
    weights: Tensor


def read_labelled_videos(
    folder: str | Path, videos: int | None, least: int
) -> dict[str, dict[str, list[Video]]]:
    """Read a folder of labelled videos, or of drawings, whose making becomes videos.

    A folder of videos has one sub-folder for each label, in which every video, every moving picture
    and every folder of frames is a video. They are split by their names, a tenth each for dev and
    test, unless the folder holds `train`, `dev` (or `valid`) and `test` with such sub-folders in
    each.

    Args:
        folder: of videos, or of ``<category>.ndjson``.
        videos: of drawings, how many; see `videos_of_quickdraw`.
        least: of drawings, which categories; see there as well.

    Returns:
        Split → label → videos.

    Raises:
        UserError: there is neither the one nor the other in it.
    """
    folder = Path(folder)
    if any(folder.glob("*.ndjson")):
        return {
            split: {name: [*of_one] for name, of_one in part.items()}
            for split, part in videos_of_quickdraw(folder, videos, least).items()
        }
    parts = _video_files(folder)
    if not any(of_one for part in parts.values() for of_one in part.values()):
        raise UserError(f"{folder}: neither a folder of videos a label nor <category>.ndjson")
    return parts


def encode_video(frame_encoder: FrameEncoder, video: Video, frames: int) -> Tensor:
    """Features (T, F) of so many frames; those of a shorter video come several times.

    Args:
        frame_encoder: encodes each frame.
        video: whose frames.
        frames: T.
    """
    seen = frame_encoder.encode(
        [
            frame_encoder.preprocess(picture)
            for picture in video.pictures(frames, frame_encoder.size)
        ]
    )
    return seen[np.rint(np.linspace(0, len(seen) - 1, frames)).astype(int)]


def encode_videos(
    frame_encoder: FrameEncoder, videos: Sequence[Video], frames: int, path: Path
) -> npt.NDArray[np.float16]:
    """Features (N, T, F) of all videos, computed once and kept in a file.

    Args:
        frame_encoder: encodes each frame.
        videos: N of them.
        frames: T of each.
        path: the file of features.
    """
    shape = (len(videos), frames, frame_encoder.features)
    return cached(path, shape, (encode_video(frame_encoder, video, frames) for video in videos))


class TrainingVideos(Batches):
    """Videos in random batches, each at a pace of its own.

    Args:
        seen: (N, T, F) features of their frames.
        labels: (N,).
        batch_size: videos in a batch, over all processes.
        partial_loss_weight: what a prediction before the last counts, times the share of frames
            seen.
        seed: of the run.
    """

    def __init__(
        self,
        seen: npt.NDArray[np.float16],
        labels: Ints,
        batch_size: int,
        partial_loss_weight: float,
        seed: int,
    ) -> None:
        self._seen = seen
        self._labels = labels
        self._batch_size = batch_size
        self._partial_loss_weight = partial_loss_weight
        self._seed = seed

    def steps_per_epoch(self) -> int:
        """Every video once."""
        return batches_per_epoch(len(self._labels), self._batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledFrames]:
        """See `multimodal.training.Batches`."""
        count, frames = self._seen.shape[:2]
        order = derived_seed(self._seed, "order")
        batches = shuffled_batches(count, self._batch_size, order, epoch, start, rank, world)
        for number, videos in enumerate(batches, start):
            place = (self._seed, epoch, number)
            steps = 1 + derived_seed("steps", *place) % (2 * frames)
            random = np.random.default_rng(derived_seed("pace", *place, rank))
            yield self._batch(np.array(videos), frame_indices(random, len(videos), frames, steps))

    def _batch(self, videos: Ints, shown: Ints) -> LabelledFrames:
        weights: Floats = self._partial_loss_weight * (shown + 1) / self._seen.shape[1]
        weights[:, -1] = 1
        return LabelledFrames(
            torch.from_numpy(self._seen[videos[:, None], shown]).float(),
            torch.from_numpy(self._labels[videos]),
            torch.from_numpy(weights).float(),
        )


def frame_indices(random: np.random.Generator, videos: int, frames: int, steps: int) -> Ints:
    """Which of its frames a video shows at each step (B, steps): never backwards, the last at last.

    Some frames come several times and some not at all, as if videos were faster or slower; and some
    videos begin late, as if nobody had recorded how it began.

    Args:
        random: draws the paces.
        videos: B.
        frames: of each video.
        steps: T.
    """
    late = random.random(videos) < LATE_START
    begins = np.where(late, random.integers(0, frames, videos), 0)[:, None]
    shown: Ints = np.sort(random.integers(begins, frames, (videos, steps)), axis=1)
    shown[:, -1] = frames - 1
    return shown


def _labelled(folder: Path) -> dict[str, list[VideoFile]]:
    """The videos in each sub-folder, by its name; hidden files are none."""
    labels = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    return {
        label.name: [VideoFile(path) for path in sorted(label.glob("[!.]*")) if is_video(path)]
        for label in labels
    }


def _video_files(folder: Path) -> dict[str, dict[str, list[Video]]]:
    if (folder / "train").is_dir():
        stated = {split_by_name(path.name): path for path in folder.iterdir() if path.is_dir()}
        return {
            split: {label: [*videos] for label, videos in _labelled(stated[split]).items()}
            if split in stated
            else {}
            for split in SPLITS
        }
    parts: dict[str, dict[str, list[Video]]] = {split: {} for split in SPLITS}
    for label, videos in _labelled(folder).items():
        for split in SPLITS:
            parts[split][label] = [
                video for video in videos if split_by_hash(f"{label}/{video.path.name}") == split
            ]
    return parts

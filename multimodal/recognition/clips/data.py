"""Labelled clips, and what is seen of them."""

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
from multimodal.clips import is_clip, read_clip
from multimodal.errors import UserError
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.clips.films import films_of_quickdraw
from multimodal.recognition.clips.frame_encoder import FrameEncoder
from multimodal.splits import SPLITS, split_by_hash, split_by_name
from multimodal.training import derived_seed, shuffled_batches

LATE = 0.25
"""The share of clips whose beginning is not shown in training."""


class Clip(Protocol):
    """Whatever can show its frames."""

    def pictures(self, frames: int, size: int) -> Iterable[Image.Image]:
        """Up to so many RGB frames at equal distances; more than `size` pixels are of no use."""


@dataclass(frozen=True)
class ClipFile:
    """A clip on the disk; see `multimodal.clips.read_clip`."""

    path: Path

    def pictures(self, frames: int, size: int) -> Iterator[Image.Image]:
        """See `Clip`; a short clip shows what it has, and every frame is of its own size."""
        del size
        return (frame.picture for frame in read_clip(self.path, frames))


@dataclass(frozen=True)
class LabelledClips:
    """Clips with the numbers of their labels.

    Attributes:
        clips: N of them.
        labels: (N,).
    """

    clips: tuple[Clip, ...]
    labels: Ints

    @classmethod
    def of(cls, clips: Mapping[str, Sequence[Clip]], names: Sequence[str]) -> LabelledClips:
        """Number clips by their labels.

        Raises:
            UserError: a label is not among the names that are known.
        """
        number = {name: n for n, name in enumerate(names)}
        unknown = [label for label, of_one in clips.items() if of_one and label not in number]
        if unknown:
            raise UserError(f"{unknown[0]}: a label that the recognizer does not know")
        pairs = [(clip, number[label]) for label, of_one in clips.items() for clip in of_one]
        labels = np.array([label for _, label in pairs], dtype=np.int64)
        return cls(tuple(clip for clip, _ in pairs), labels)

    def __len__(self) -> int:
        return len(self.labels)


class LabelledFrames(NamedTuple):
    """What one step learns from.

    Attributes:
        seen: (B, T, F) features of frames.
        labels: (B,).
        weights: (B, T) how much a guess after each frame counts.
    """

    seen: Tensor
    labels: Tensor
    weights: Tensor


def read_labelled_clips(
    folder: str | Path, films: int | None, least: int
) -> dict[str, dict[str, list[Clip]]]:
    """Read a folder of labelled clips, or of drawings, whose making becomes films.

    A folder of clips has one sub-folder for each label, in which every video, every moving picture
    and every folder of frames is a clip. They are split by their names, a tenth each for dev and
    test, unless the folder holds `train`, `dev` (or `valid`) and `test` with such sub-folders in
    each.

    Args:
        folder: of clips, or of ``<category>.ndjson``.
        films: of drawings, how many; see `films_of_quickdraw`.
        least: of drawings, which categories; see there as well.

    Returns:
        Split → label → clips.

    Raises:
        UserError: there is neither the one nor the other in it.
    """
    folder = Path(folder)
    if any(folder.glob("*.ndjson")):
        return {
            split: {name: [*of_one] for name, of_one in part.items()}
            for split, part in films_of_quickdraw(folder, films, least).items()
        }
    parts = _clip_files(folder)
    if not any(of_one for part in parts.values() for of_one in part.values()):
        raise UserError(f"{folder}: neither a folder of clips for each label nor <category>.ndjson")
    return parts


def encode_clip(frame_encoder: FrameEncoder, clip: Clip, frames: int) -> Tensor:
    """Features (T, F) of so many frames; those of a shorter clip come several times.

    Args:
        frame_encoder: encodes each frame.
        clip: whose frames.
        frames: T.
    """
    seen = frame_encoder.encode(
        [frame_encoder.fit(picture) for picture in clip.pictures(frames, frame_encoder.size)]
    )
    return seen[np.rint(np.linspace(0, len(seen) - 1, frames)).astype(int)]


def encode_clips(
    frame_encoder: FrameEncoder, clips: Sequence[Clip], frames: int, path: Path
) -> npt.NDArray[np.float16]:
    """Features (N, T, F) of all clips, computed once and kept in a file.

    Args:
        frame_encoder: encodes each frame.
        clips: N of them.
        frames: T of each.
        path: the file of features.
    """
    shape = (len(clips), frames, frame_encoder.features)
    return cached(path, shape, (encode_clip(frame_encoder, clip, frames) for clip in clips))


class TrainingClips:
    """Clips in random batches, each at a pace of its own.

    Args:
        seen: (N, T, F) features of their frames.
        labels: (N,).
        batch_size: clips in a batch, over all processes.
        early_weight: what a guess before the last frame counts, times the share of frames seen.
        seed: of the run.
    """

    def __init__(
        self,
        seen: npt.NDArray[np.float16],
        labels: Ints,
        batch_size: int,
        early_weight: float,
        seed: int,
    ) -> None:
        self._seen = seen
        self._labels = labels
        self._batch_size = batch_size
        self._early_weight = early_weight
        self._seed = seed

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledFrames]:
        """This process's part of every batch of an epoch from number `start` on.

        Args:
            epoch: number of the epoch.
            start: batches to leave out, for going on in mid-epoch.
            rank: this process.
            world: number of processes.
        """
        count, frames = self._seen.shape[:2]
        order = derived_seed(self._seed, "order")
        batches = shuffled_batches(count, self._batch_size, order, epoch, start, rank, world)
        for number, clips in enumerate(batches, start):
            place = (self._seed, epoch, number)
            steps = 1 + derived_seed("steps", *place) % (2 * frames)
            random = np.random.default_rng(derived_seed("pace", *place, rank))
            yield self._batch(np.array(clips), paces(random, len(clips), frames, steps))

    def _batch(self, clips: Ints, shown: Ints) -> LabelledFrames:
        weights: Floats = self._early_weight * (shown + 1) / self._seen.shape[1]
        weights[:, -1] = 1
        return LabelledFrames(
            torch.from_numpy(self._seen[clips[:, None], shown]).float(),
            torch.from_numpy(self._labels[clips]),
            torch.from_numpy(weights).float(),
        )


def paces(random: np.random.Generator, clips: int, frames: int, steps: int) -> Ints:
    """Which of its frames a clip shows at each step (B, steps): never backwards, the last at last.

    Some frames come several times and some not at all, as if clips were faster or slower; and some
    clips begin late, as if nobody had filmed how it began.

    Args:
        random: draws the paces.
        clips: B.
        frames: of each clip.
        steps: T.
    """
    late = random.random(clips) < LATE
    begins = np.where(late, random.integers(0, frames, clips), 0)[:, None]
    shown: Ints = np.sort(random.integers(begins, frames, (clips, steps)), axis=1)
    shown[:, -1] = frames - 1
    return shown


def _labelled(folder: Path) -> dict[str, list[ClipFile]]:
    """The clips in each sub-folder, by its name; hidden files are none."""
    labels = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    return {
        label.name: [ClipFile(path) for path in sorted(label.glob("[!.]*")) if is_clip(path)]
        for label in labels
    }


def _clip_files(folder: Path) -> dict[str, dict[str, list[Clip]]]:
    if (folder / "train").is_dir():
        stated = {split_by_name(path.name): path for path in folder.iterdir() if path.is_dir()}
        return {
            split: {label: [*clips] for label, clips in _labelled(stated[split]).items()}
            if split in stated
            else {}
            for split in SPLITS
        }
    parts: dict[str, dict[str, list[Clip]]] = {split: {} for split in SPLITS}
    for label, clips in _labelled(folder).items():
        for split in SPLITS:
            parts[split][label] = [
                clip for clip in clips if split_by_hash(f"{label}/{clip.path.name}", 10) == split
            ]
    return parts

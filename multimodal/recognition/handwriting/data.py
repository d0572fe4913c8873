"""Handwriting with its texts → batches of tracks, each as another writer might have written it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal import setting_types as common
from multimodal.recognition.handwriting.model import SHORTENED
from multimodal.recognition.handwriting.tracks import TRACK_FEATURES, Track, track_of
from multimodal.settings import Settings
from multimodal.strokes.handwritten import Handwritten
from multimodal.training import Batches, derived_seed

Ints: TypeAlias = npt.NDArray[np.int64]

ALPHABET = "".join(map(chr, range(32, 127)))
"""Every printable ASCII character."""

SIZES = (64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024)
"""Points that batches are padded to: torch's kernels are built anew for every new shape."""

LONG = 256
"""Beyond the last of SIZES, its multiples."""

_AT_MOST = 256  # samples in a batch


class LabelledTracks(NamedTuple):
    """What one step learns from.

    Attributes:
        tracks: (B, T, TRACK_FEATURES), zero at the end of the shorter ones.
        lengths: (B,) points of each.
        texts: (B, L) characters by their place in the alphabet, from 1; 0 at the end.
        sizes: (B,) characters of each.
    """

    tracks: Tensor
    lengths: Tensor
    texts: Tensor
    sizes: Tensor


@dataclass(frozen=True)
class TrackAugmentation(Settings):
    """How much the style of a track is changed: standard deviations."""

    slant_jitter: Annotated[common.Amount, "Of the shear, in widths a height."] = 0.25
    slope_jitter: Annotated[common.Amount, "Of the other shear, in heights a width."] = 0.04
    width_jitter: Annotated[common.Amount, "Of the logarithm of the stretch to the right."] = 0.15
    size_jitter: Annotated[common.Amount, "Of the logarithm of the whole."] = 0.12


def padded_size(points: int) -> int:
    """The length that a track of so many points is padded to."""
    return next((size for size in SIZES if size >= points), -(-points // LONG) * LONG)


def padded(tracks: Sequence[npt.NDArray[np.floating]], size: int) -> tuple[Tensor, Tensor]:
    """Tracks as one tensor (B, size, TRACK_FEATURES), and their lengths (B,)."""
    batch = np.zeros((len(tracks), size, TRACK_FEATURES), np.float32)
    for row, track in zip(batch, tracks, strict=True):
        row[: len(track)] = track
    return torch.from_numpy(batch), torch.tensor([len(track) for track in tracks])


def readable(track: Track, text: str) -> bool:
    """Whether a track has frames enough for its text: one a character, one between equal ones."""
    equal = sum(one == following for one, following in pairwise(text))
    return -(-len(track) // SHORTENED) >= len(text) + equal


class TrainingTracks(Batches):
    """Handwriting in batches of similar length.

    Args:
        samples: to learn from; those that are too short for their texts are left out.
        batch_points: of all tracks of a batch, their padding included.
        augmentation: how the batches differ from what was written.
        seed: of the run.
    """

    def __init__(
        self,
        samples: Sequence[Handwritten],
        batch_points: int,
        augmentation: TrackAugmentation,
        seed: int,
    ) -> None:
        pairs = [(track_of(sample.strokes), sample.text) for sample in samples]
        pairs = [pair for pair in pairs if readable(*pair)]
        # in 16 bits: the tracks of 70,000 samples take 110 MB
        self._tracks = [track.astype(np.float16) for track, _ in pairs]
        self._texts = [text for _, text in pairs]
        self._augmentation = augmentation
        self._seed = seed
        self._groups: dict[int, tuple[Ints, int]] = {}
        sizes = np.array([padded_size(len(track)) for track in self._tracks])
        for size in np.unique(sizes).tolist():
            count = min(_AT_MOST, max(8, batch_points // size // 8 * 8))
            self._groups[size] = np.flatnonzero(sizes == size), count

    def __len__(self) -> int:
        return len(self._tracks)

    def steps_per_epoch(self) -> int:
        """Every sample at least once."""
        return sum(-(-len(group) // count) for group, count in self._groups.values())

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledTracks]:
        """See `multimodal.training.Batches`."""
        random = np.random.default_rng(derived_seed(self._seed, "order", epoch))
        plan: list[tuple[int, Ints]] = []
        for size, (group, count) in self._groups.items():
            full = -(-len(group) // count) * count  # all batches of a size have the same shape
            order = np.resize(random.permutation(group), full)
            plan += [(size, batch) for batch in order.reshape(-1, count)]
        for number in random.permutation(len(plan))[start:]:
            size, batch = plan[number]
            place = derived_seed(self._seed, "hands", epoch, int(number), rank)
            yield self._batch(batch[rank::world], size, np.random.default_rng(place))

    def _batch(self, which: Ints, size: int, random: np.random.Generator) -> LabelledTracks:
        tracks, lengths = padded([self._tracks[number] for number in which], size)
        texts = [self._texts[number] for number in which]
        encoded = np.zeros((len(texts), max(map(len, texts))), np.int64)
        for row, text in zip(encoded, texts, strict=True):
            row[: len(text)] = [ALPHABET.index(character) + 1 for character in text]
        return LabelledTracks(
            augmented(tracks, self._augmentation, random),
            lengths,
            torch.from_numpy(encoded),
            torch.tensor([len(text) for text in texts]),
        )


def augmented(
    tracks: Tensor, augmentation: TrackAugmentation, random: np.random.Generator
) -> Tensor:
    """Shear and stretch every track (B, T, TRACK_FEATURES) by numbers of its own.

    Args:
        tracks: (B, T, TRACK_FEATURES).
        augmentation: how much each is changed.
        random: draws the changes.
    """
    drawn = random.normal(size=(4, len(tracks)))
    slant, slope = augmentation.slant_jitter * drawn[0], augmentation.slope_jitter * drawn[1]
    size = np.exp(augmentation.size_jitter * drawn[3])
    width = size * np.exp(augmentation.width_jitter * drawn[2])
    change = np.array([[width, size * slant], [size * slope, size]]).transpose(2, 1, 0)
    ways = tracks[..., :2] @ torch.from_numpy(change).float()
    heights = tracks[..., 3:] * torch.from_numpy(size).float()[:, None, None]
    return torch.cat([ways, tracks[..., 2:3], heights], -1)

"""Labelled drawings, and the batches in which a recognizer sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recognition.arrays import Ints
from multimodal.recognition.drawings.augmentation import augment
from multimodal.recognition.drawings.features import (
    MIRRORED_CHANNELS,
    MIRRORED_PIECE,
    Features,
    StrokeFeatures,
    extract_features,
    pictures,
)
from multimodal.recognition.drawings.stroke_batch import StrokeBatch, ranges, starts_of
from multimodal.strokes import Drawing
from multimodal.training import Batches, derived_seed

ROUNDING = 8
"""Fused kernels are built anew for every new shape: the fewer lengths, the better."""

_COUNTED_AT_A_TIME = 2048  # drawings


class RecognizerInputs(NamedTuple):
    """B drawings and N moments at which to predict.

    Attributes:
        pieces: (B, T, PIECE_FEATURES), padded with zeros.
        row: (N,) the drawing of each moment.
        end: (N,) the last piece drawn by then.
    """

    pieces: Tensor
    row: Tensor
    end: Tensor

    def cast_like(self, weight: Tensor) -> RecognizerInputs:
        """On the device of a network's weight, the pieces in its type."""
        device = weight.device
        return RecognizerInputs(self.pieces.to(weight), self.row.to(device), self.end.to(device))

    def with_mirror_images(self) -> RecognizerInputs:
        """2 B drawings and 2 N moments: these, then the same as a mirror shows them."""
        mirrored = self.pieces * self.pieces.new_tensor(MIRRORED_PIECE)
        row = torch.cat([self.row, self.row + len(self.pieces)])
        return RecognizerInputs(torch.cat([self.pieces, mirrored]), row, self.end.repeat(2))


class LabelledInputs(NamedTuple):
    """What one step learns from.

    Attributes:
        moments: N of them.
        pictures: (N, CHANNELS, size, size) what stood there; None for a network without a CNN.
        labels: (N,) the category of each.
        weights: (N,) how much each counts.
    """

    moments: RecognizerInputs
    pictures: Tensor | None
    labels: Tensor
    weights: Tensor


@dataclass(frozen=True)
class LabelledStrokes:
    """Drawings with their categories.

    Attributes:
        ink: of B drawings.
        labels: (B,) numbers of categories.
    """

    ink: StrokeBatch
    labels: Ints

    @classmethod
    def of(
        cls, drawings: Mapping[str, Sequence[Drawing]], categories: Sequence[str]
    ) -> LabelledStrokes:
        """Lay out drawings by category; those without any stroke are left out.

        Raises:
            UserError: a category is not among those that are known.
        """
        number = {name: n for n, name in enumerate(categories)}
        unknown = [name for name in drawings if name not in number]
        if unknown:
            raise UserError(f"{unknown[0]}: a category that the recognizer does not know")
        pairs = [(d, number[name]) for name, of_one in drawings.items() for d in of_one if len(d)]
        labels = np.array([label for _, label in pairs], dtype=np.int64)
        return cls(StrokeBatch.of([drawing for drawing, _ in pairs]), labels)

    def __len__(self) -> int:
        return len(self.labels)


class TrainingDrawings(Batches):
    """Drawings in random batches of similar length, each as somebody else might have drawn it.

    Args:
        drawings: to learn from.
        batch_size: drawings in a batch, over all processes.
        picture_size: of the network.
        partial_loss_weight: what an unfinished drawing counts against a finished one.
        seed: of the run.
    """

    def __init__(
        self,
        drawings: LabelledStrokes,
        batch_size: int,
        picture_size: int,
        partial_loss_weight: float,
        seed: int,
    ) -> None:
        self._drawings = drawings
        self._batch_size = batch_size
        self._picture_size = picture_size
        self._partial_loss_weight = partial_loss_weight
        self._seed = seed
        self._pieces = count_pieces(drawings.ink)

    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self._drawings) // self._batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledInputs]:
        """See `multimodal.training.Batches`."""
        random = np.random.default_rng(derived_seed(self._seed, "order", epoch))
        order = np.argsort(self._pieces * random.uniform(0.9, 1.1, len(self._pieces)))
        groups = np.array_split(order, self.steps_per_epoch())
        for number in random.permutation(len(groups))[start:]:
            seed = derived_seed(self._seed, "augment", epoch, int(number), rank)
            yield self._batch(groups[number][rank::world], np.random.default_rng(seed))

    def _batch(self, which: Ints, random: np.random.Generator) -> LabelledInputs:
        """Each drawing when it is finished, and at one moment before."""
        labels = self._drawings.labels[which]
        features = extract_features(augment(self._drawings.ink.subset(which), random))
        last = np.cumsum(features.counts) - 1
        earlier = random.integers(0, np.maximum(features.counts - 1, 1))
        early = starts_of(features.counts) + earlier
        grows = np.flatnonzero(features.counts > 1)
        strokes = np.concatenate([last, early[grows]])
        share = ((earlier + 1) / features.counts)[grows]
        weights = np.concatenate([np.ones(len(which)), self._partial_loss_weight * share])
        drawn = pictures(features, strokes, self._picture_size) if self._picture_size else None
        return LabelledInputs(
            inputs_at(features, strokes),
            None if drawn is None else torch.from_numpy(drawn),
            torch.from_numpy(np.concatenate([labels, labels[grows]])),
            torch.from_numpy(weights.astype(np.float32)),
        )


def inputs_at(
    features: StrokeFeatures, strokes: Ints, rounding: int = ROUNDING
) -> RecognizerInputs:
    """The moments after some of the strokes (N,).

    Args:
        features: of the drawings.
        strokes: (N,) numbers of the strokes, of all.
        rounding: lengths become multiples of it.
    """
    per_drawing = pieces_of_drawings(features)
    drawing = np.repeat(np.arange(len(features.counts)), features.counts)[strokes]
    end = np.cumsum(features.sizes)[strokes] - 1 - starts_of(per_drawing)[drawing]
    pieces = torch.from_numpy(_padded(features.pieces, per_drawing, rounding))
    return RecognizerInputs(pieces, torch.from_numpy(drawing), torch.from_numpy(end))


def mirror_images(drawn: Tensor) -> Tensor:
    """Pictures (N, CHANNELS, size, size) as a mirror shows them."""
    return drawn.flip(-1) * drawn.new_tensor(MIRRORED_CHANNELS)[:, None, None]


def pieces_of_drawings(features: StrokeFeatures) -> Ints:
    """How many pieces each drawing has (B,)."""
    of_stroke = np.repeat(np.arange(len(features.counts)), features.counts)
    return np.bincount(of_stroke, features.sizes, len(features.counts)).astype(np.int64)


def count_pieces(ink: StrokeBatch) -> Ints:
    """How many pieces each drawing will have (B,); of a data set, a part at a time."""
    parts = np.array_split(np.arange(len(ink)), max(1, len(ink) // _COUNTED_AT_A_TIME))
    return np.concatenate(
        [pieces_of_drawings(extract_features(ink.subset(part))) for part in parts]
    )


def _padded(pieces: Features, sizes: Ints, rounding: int) -> Features:
    """Flat rows → (B, T, F) with T a multiple of a number."""
    longest = -(-int(sizes.max(initial=1)) // rounding) * rounding
    padded = np.zeros((len(sizes), longest, pieces.shape[1]), dtype=np.float32)
    padded[np.repeat(np.arange(len(sizes)), sizes), ranges(np.zeros_like(sizes), sizes)] = pieces
    return padded


def frequent_categories(parts: Sequence[Mapping[str, Sequence[Drawing]]], least: int) -> list[str]:
    """The categories of which there are at least so many drawings in all parts; all if none is.

    Args:
        parts: category → drawings, for each split.
        least: how many.
    """
    names = sorted({name for part in parts for name in part})
    counts = {name: sum(len(part.get(name, ())) for part in parts) for name in names}
    return [name for name in names if counts[name] >= least] or names

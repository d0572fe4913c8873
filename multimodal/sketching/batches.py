"""Batches that a sketcher learns from: drawings of similar length, slightly changed each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.sketching.recipe import SketcherRecipe
from multimodal.sketching.sequences import LabelledSequences, Rows, padded
from multimodal.training import Batches, batches_per_epoch, derived_seed

STEPS_ROUNDED_TO = 8  # fused kernels are built anew for every new shape: the fewer, the better


@dataclass(frozen=True)
class SketchBatch:
    """What one step learns from.

    Attributes:
        offsets: (B, T, 2), scaled.
        pens: (B, T), END behind each drawing's last point.
        lengths: (B,) points of each.
        categories: (B,); the number behind the last where the category is not told.
        latents: of the first so many drawings z is told.
        kl_weight: η of the paper, what the KL term counts at this step.
    """

    offsets: Tensor
    pens: Tensor
    lengths: Tensor
    categories: Tensor
    latents: int
    kl_weight: float

    def to(self, device: torch.device) -> SketchBatch:
        """The same batch on a device."""
        names = ("offsets", "pens", "lengths", "categories")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


class SketchBatches(Batches):
    """Yields drawings in batches of similar length, each epoch in another way.

    Args:
        sequences: what to learn from.
        recipe: sizes of batches and epochs, and how drawings are changed.
        scale: the offsets' unit.
    """

    def __init__(self, sequences: LabelledSequences, recipe: SketcherRecipe, scale: float) -> None:
        self._sequences = sequences
        self._recipe = recipe
        self._scale = scale
        self._groups = _groups(sequences, recipe)
        self._total = sum(quota for _, quota in self._groups)

    def steps_per_epoch(self) -> int:
        """Every drawing once, or as many of a category as the recipe says."""
        return batches_per_epoch(self._total, self._recipe.batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[SketchBatch]:
        """See `multimodal.training.Batches`."""
        recipe = self._recipe
        for number, indices in enumerate(self._epoch_batches(epoch)):
            if number < start:
                continue
            seed = derived_seed(recipe.seed, "batch", epoch, number)
            random = np.random.default_rng([seed, rank])
            kl_weight = recipe.kl_weight_at(epoch * self.steps_per_epoch() + number)
            yield self._batch(indices, indices[rank::world], random, kl_weight)

    def _batch(
        self,
        whole: npt.NDArray[np.int64],
        mine: npt.NDArray[np.int64],
        random: np.random.Generator,
        kl_weight: float,
    ) -> SketchBatch:
        recipe = self._recipe
        longest = max(len(self._sequences.rows[index]) for index in whole)
        # Behind the end there is a row of nothing but the end, which stands for all that follow.
        steps = -(-(longest + 2) // STEPS_ROUNDED_TO) * STEPS_ROUNDED_TO
        rows = [self._changed(self._sequences.rows[index], random) for index in mine]
        offsets, pens = padded(rows, self._scale, min(steps, recipe.limit))
        unlabelled = random.random(len(mine)) < recipe.category_dropout
        labels = np.where(unlabelled, self._sequences.categories, self._sequences.labels[mine])
        return SketchBatch(
            torch.from_numpy(offsets).float(),
            torch.from_numpy(pens),
            torch.tensor([len(sequence) for sequence in rows]),
            torch.from_numpy(labels),
            latents=round(len(mine) * (1 - recipe.latent_dropout)),
            kl_weight=kl_weight,
        )

    def _changed(self, rows: Rows, random: np.random.Generator) -> Rows:
        fewer = drop_points(rows, self._recipe.point_dropout, random)
        return jitter_shear(
            jitter_scale(fewer, self._recipe.scale_jitter, random),
            self._recipe.shear_jitter,
            random,
        )

    def _epoch_batches(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """The batches of an epoch, all of one size: a few drawings come twice."""
        random = np.random.default_rng(derived_seed(self._recipe.seed, "order", epoch))
        chosen = self._chosen(random)
        lacking = self.steps_per_epoch() * self._recipe.batch_size - len(chosen)
        chosen = np.concatenate([chosen, random.choice(chosen, lacking)])
        random.shuffle(chosen)  # so that any of equal length may come first
        lengths = self._sequences.lengths[chosen]
        jittered = lengths * random.uniform(0.95, 1.05, len(chosen))
        batches = chosen[np.argsort(jittered, kind="stable")].reshape(self.steps_per_epoch(), -1)
        return list(random.permuted(batches, axis=1)[random.permutation(self.steps_per_epoch())])

    def _chosen(self, random: np.random.Generator) -> npt.NDArray[np.int64]:
        return np.concatenate([random.permutation(group)[:quota] for group, quota in self._groups])


def _groups(
    sequences: LabelledSequences, recipe: SketcherRecipe
) -> list[tuple[npt.NDArray[np.int64], int]]:
    """The drawings of each category, people's and the extra ones apart; how many an epoch sees."""
    groups = []
    for is_extra, quota in (
        (False, recipe.drawings_per_category),
        (True, recipe.extra_per_category),
    ):
        for label in range(sequences.categories):
            of_both = (sequences.labels == label) & (sequences.is_extra == is_extra)
            group = of_both.nonzero()[0]
            groups.append((group, min(len(group), quota or len(group))))
    return groups


def jitter_scale(rows: Rows, most: float, random: np.random.Generator) -> Rows:
    """Rows (N, 3) with dx and dy each multiplied by a number from 1 - `most` to 1 + `most`.

    Args:
        rows: (N, 3).
        most: by which a factor may differ from 1.
        random: draws the factors.
    """
    factors = [*random.uniform(1 - most, 1 + most, 2), 1.0]
    return rows * np.array(factors, dtype=np.float32)


def jitter_shear(rows: Rows, most: float, random: np.random.Generator) -> Rows:
    """Rows (N, 3), each of dx and dy plus up to `most` times the other, to either side.

    Args:
        rows: (N, 3).
        most: the largest share of the other.
        random: draws the shares.
    """
    if not most:
        return rows
    across, down = random.uniform(-most, most, 2)
    matrix = np.array([[1, down, 0], [across, 1, 0], [0, 0, 1]], dtype=np.float32)
    return rows @ matrix


def drop_points(rows: Rows, share: float, random: np.random.Generator) -> Rows:
    """Rows (N, 3) without a random share of the points within strokes; the others stay in place.

    Args:
        rows: (N, 3).
        share: of the points that are left out.
        random: draws them.
    """
    lifted = rows[:, 2] > 0
    begins = np.concatenate([[False], lifted[:-1]])
    dropped = ~lifted & ~begins & (random.random(len(rows)) < share)
    dropped[-1:] = False
    places = rows[:, :2].cumsum(0)[~dropped]
    return np.concatenate(
        [np.diff(places, axis=0, prepend=0), rows[~dropped, 2:]], axis=1, dtype=np.float32
    )

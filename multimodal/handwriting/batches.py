"""Training batches of handwriting: pieces of similar length, slightly changed each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.handwriting.dataset import HandwritingDataset, Rows
from multimodal.handwriting.model import DOWN, END_OF_LINE, LIFTED, padded_texts
from multimodal.handwriting.recipe import HandwritingGeneratorRecipe
from multimodal.training import Batches, derived_seed

STEPS = (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320, 352, 384)
COARSE = 64
"""Lengths of sequences are rounded up to one of `STEPS`, beyond them to a multiple of `COARSE`:
fused kernels are built anew for every new shape."""

MOST_PIECES = 128  # in a batch


@dataclass(frozen=True)
class HandwritingBatch:
    """What one step learns from.

    Attributes:
        points: (B, T, 4) dx, dy, lifted, height: the network's inputs, scaled.
        offsets: (B, T, 2) what follows each of them, scaled.
        pens: (B, T) the pen's states after that; END_OF_LINE behind the last point.
        lengths: (B,) the steps of each.
        texts: (B, U) numbers, zeros behind the ends.
        writers: (B,) numbers of their embeddings.
    """

    points: Tensor
    offsets: Tensor
    pens: Tensor
    lengths: Tensor
    texts: Tensor
    writers: Tensor

    def to(self, device: torch.device) -> HandwritingBatch:
        """The same batch on a device."""
        names = ("points", "offsets", "pens", "lengths", "texts", "writers")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    @property
    def counted(self) -> Tensor:
        """(B, T), which steps are of a piece."""
        steps = torch.arange(self.pens.shape[1], device=self.pens.device)
        return steps < self.lengths[:, None]


def batch_of(
    rows: Sequence[Rows], texts: Sequence[list[int]], writers: Sequence[int], scale: float
) -> HandwritingBatch:
    """One batch: rows (N, 3), numbers with the END cell, and the number of each writer.

    Args:
        rows: (N, 3) of each piece.
        texts: numbers of the characters, with the END cell.
        writers: numbers of their embeddings.
        scale: the network's unit.
    """
    steps = rounded(max(map(len, rows)))
    points = np.zeros((len(rows), steps, 4), dtype=np.float32)
    offsets = np.zeros((len(rows), steps, 2), dtype=np.float32)
    pens = np.full((len(rows), steps), END_OF_LINE)
    for number, piece in enumerate(rows):
        count = len(piece)
        points[number, :count] = inputs_of(piece, scale)
        offsets[number, : count - 1] = piece[1:, :2] / scale
        pens[number, : count - 1] = np.where(piece[1:, 2] > 0, LIFTED, DOWN)
    return HandwritingBatch(
        torch.from_numpy(points),
        torch.from_numpy(offsets),
        torch.from_numpy(pens),
        torch.tensor([len(piece) for piece in rows]),
        padded_texts(list(texts)),
        torch.tensor(writers, dtype=torch.long),
    )


def inputs_of(rows: Rows, scale: float) -> Rows:
    """Rows (N, 3) as the network's inputs (N, 4): dx, dy, lifted, height below the first point."""
    scaled = rows[:, :2] / scale
    height = scaled[:, 1:].cumsum(0) - scaled[:1, 1]
    return np.concatenate([scaled, rows[:, 2:], height], 1, dtype=np.float32)


def rounded(steps: int) -> int:
    """The length that a batch gets whose longest piece has so many steps."""
    finer = [step for step in STEPS if step >= steps]
    return finer[0] if finer else -(-steps // COARSE) * COARSE


class HandwritingBatches(Batches):
    """Yields pieces in batches of similar length, each epoch in another way.

    An epoch has every line once, those with rare characters more often, and as many words and
    characters as the recipe says, rare ones preferred.

    Args:
        script: what to learn from.
        numbers: writer → number of the embedding.
        recipe: sizes of batches and epochs, and how pieces are changed.
        scale: the offsets' unit.
    """

    def __init__(
        self,
        script: HandwritingDataset,
        numbers: dict[int, int],
        recipe: HandwritingGeneratorRecipe,
        scale: float,
    ) -> None:
        self._script = script
        self._writers = np.array(
            [numbers[int(writer)] for writer in script.writers], dtype=np.int64
        )
        self._unknown = len(numbers)
        self._recipe = recipe
        self._scale = scale
        self._lengths = script.lengths
        self._rarity = rarity(script, recipe.max_oversampling)
        self._per_epoch = len(self._cut(0))

    def steps_per_epoch(self) -> int:
        """As many as the first epoch has."""
        return self._per_epoch

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[HandwritingBatch]:
        """See `multimodal.training.Batches`."""
        batches = self._cut(epoch)
        random = np.random.default_rng(derived_seed(self._recipe.seed, "batches", epoch))
        order = random.permutation(len(batches))
        # Every epoch has as many batches as the first: a few come twice, or not at all.
        order = np.resize(order, self._per_epoch)
        for number in range(start, self._per_epoch):
            seed = derived_seed(self._recipe.seed, "batch", epoch, number)
            yield self._batch(batches[order[number]][rank::world], np.random.default_rng(seed))

    def _batch(
        self, pieces: npt.NDArray[np.int64], random: np.random.Generator
    ) -> HandwritingBatch:
        unknown = random.random(len(pieces)) < self._recipe.writer_dropout
        most = self._recipe.scale_jitter
        rows = [
            self._script.rows[piece]
            * np.array([*random.uniform(1 - most, 1 + most, 2), 1], dtype=np.float32)
            for piece in pieces
        ]
        writers = np.where(unknown, self._unknown, self._writers[pieces])
        texts = [self._script.texts[piece] for piece in pieces]
        return batch_of(rows, texts, writers.tolist(), self._scale)

    def _cut(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """The batches of an epoch, as numbers of pieces."""
        random = np.random.default_rng(derived_seed(self._recipe.seed, "order", epoch))
        drawn = self._drawn(random)
        lengths = self._lengths[drawn] * random.uniform(0.96, 1.04, len(drawn))
        drawn = drawn[np.argsort(lengths, kind="stable")][::-1]
        batches, begin = [], 0
        while begin < len(drawn):
            longest = rounded(int(self._lengths[drawn[begin : begin + MOST_PIECES]].max()))
            count = max(1, min(MOST_PIECES, self._recipe.batch_points // longest))
            count = max(4, count // 4 * 4)
            batches.append(drawn[begin : begin + count])
            begin += count
        return batches

    def _drawn(self, random: np.random.Generator) -> npt.NDArray[np.int64]:
        chosen = []
        most = {"words": self._recipe.words, "characters": self._recipe.characters}
        for kind in ("lines", "words", "characters"):
            pieces = np.flatnonzero(self._script.kinds == kind)
            weights = self._rarity[pieces]
            if kind == "lines":
                times = np.floor(weights + random.random(len(pieces))).astype(int)
                chosen.append(np.repeat(pieces, times))
            elif len(pieces) and most[kind]:
                count = min(most[kind], len(pieces))
                share = weights / weights.sum()
                chosen.append(random.choice(pieces, count, replace=False, p=share))
        return np.concatenate(chosen)


def rarity(script: HandwritingDataset, most: float) -> npt.NDArray[np.float64]:
    """How often each piece counts (pieces,), from 1 to `most`, by its rarest character.

    A piece counts √(c / n) times, where n is how often its rarest character stands in all pieces of
    its kind and c how often the median character does.
    """
    weights = np.ones(len(script))
    for kind in np.unique(script.kinds):
        pieces = np.flatnonzero(script.kinds == kind)
        counts = np.bincount(np.concatenate([script.texts[piece] for piece in pieces]))
        usual = float(np.median(counts[counts > 0]))
        factors = np.sqrt(usual / np.maximum(counts, 1)).clip(1, most)
        weights[pieces] = [factors[script.texts[piece]].max() for piece in pieces]
    return weights

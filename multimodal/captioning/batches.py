"""Captions as ids, in the batches that a captioner learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.training import batches_per_epoch
from multimodal.vocabulary import END, PADDING, SPECIAL, START


class TextBatch(NamedTuple):
    """Captions without their photos.

    Attributes:
        captions: (B, 1, T + 1) ids from START to END, padded.
        present: (B, W) the share of the other captions of the same photo with each word.
        own: (B, W) which words each caption uses itself.
    """

    captions: Tensor
    present: Tensor
    own: Tensor


class CaptionBatch(NamedTuple):
    """What one step learns from: B photos and, for each, the same number of captions.

    Attributes:
        seen: cached cells (B, S, D), or pixels (B, size, size, 3) as bytes.
        captions: groups of captions of similar length, (B, N, T + 1) ids from START to END, padded.
        present: (B, W) the share of a photo's captions that use each word of the list.
        photos: their numbers, where a stage needs them.
        text: captions alone that go along.
    """

    seen: Tensor
    captions: tuple[Tensor, ...]
    present: Tensor
    photos: tuple[int, ...] = ()
    text: TextBatch | None = None


class TrainingCaptions:
    """Captions as ids, in groups that describe the same photo, the shortest of a group first.

    Attributes:
        ids: the captions of every photo, without START and END.
        total: how many captions there are.

    Args:
        groups: the captions of every photo.
        vocabulary: the words to learn.
        word_list_size: how many of the most frequent words make up the list.
        max_length: further words of a caption are cut off.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[str]],
        vocabulary: CaptionVocabulary,
        word_list_size: int,
        max_length: int,
    ) -> None:
        self.ids = [
            sorted((vocabulary.encode(vocabulary.tokenize(c))[:max_length] for c in group), key=len)
            for group in groups
        ]
        self.words = vocabulary.words
        self.total = sum(map(len, self.ids))
        self._looked_for = range(len(SPECIAL), len(SPECIAL) + word_list_size)

    def __len__(self) -> int:
        return len(self.ids)

    def grouped(self, photos: Sequence[int]) -> tuple[Tensor, ...]:
        """All captions of photos in two groups, each (B, N, T + 1): the shorter and the longer.

        Photos with fewer captions than another one repeat theirs.
        """
        most = max(len(self.ids[photo]) for photo in photos)
        ranked = [
            [ids[n * len(ids) // most] for n in range(most)]
            for ids in map(self.ids.__getitem__, photos)
        ]
        half = -(-most // 2)
        parts = (slice(None, half), slice(half, None)) if most > 1 else (slice(None),)
        return tuple(
            padded([ids for row in ranked for ids in row[part]]).unflatten(0, (len(photos), -1))
            for part in parts
        )

    def present(self, photos: Sequence[int], but: Sequence[int] | None = None) -> Tensor:
        """The share of each photo's captions that use each word of the list: (B, W).

        Args:
            photos: their numbers.
            but: for each photo, a caption to leave out.
        """
        shares = torch.zeros(len(photos), len(self._looked_for))
        for row, (share, photo) in enumerate(zip(shares, photos, strict=True)):
            left_out = None if but is None else but[row]
            others = [ids for n, ids in enumerate(self.ids[photo]) if n != left_out]
            for ids in others:
                used = [word - len(SPECIAL) for word in set(ids) if word in self._looked_for]
                share[used] += 1 / len(others)
        return shares

    def own_words(self, pairs: Sequence[tuple[int, int]]) -> Tensor:
        """Which words of the list each caption (photo and number) uses itself: (B, W)."""
        used = torch.zeros(len(pairs), len(self._looked_for))
        for row, (photo, number) in zip(used, pairs, strict=True):
            row[[n - len(SPECIAL) for n in self.ids[photo][number] if n in self._looked_for]] = 1.0
        return used

    def by_length(self, size: int, seed: int) -> list[list[tuple[int, int]]]:
        """All (photo, caption) in batches of similar length, both at random beyond that."""
        random = np.random.default_rng(seed)
        all_pairs = [(photo, n) for photo, ids in enumerate(self.ids) for n in range(len(ids))]
        near = random.uniform(0, 2, len(all_pairs))
        lengths = np.array([len(self.ids[photo][n]) for photo, n in all_pairs]) + near
        order = np.argsort(lengths, kind="stable")
        count = batches_per_epoch(self.total, size)
        batches = np.array_split(order, count)
        return [[all_pairs[i] for i in batches[number]] for number in random.permutation(count)]


def padded(captions: Sequence[Sequence[int]]) -> Tensor:
    """Captions (N, T + 1) from START to END."""
    return padded_rows([[START, *ids, END] for ids in captions])


def padded_rows(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids (N, T + 1), padded to an even number of steps T.

    Fused kernels are built anew for every new shape: the fewer, the better.
    """
    length = max(map(len, rows))
    length += 1 - length % 2
    return torch.tensor([[*row, *[PADDING] * (length - len(row))] for row in rows])

"""Parallel text as ids, in the batches that a translator learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.subwords import SubwordVocabulary
from multimodal.training import derived_seed
from multimodal.translation.data import ParallelText
from multimodal.translation.sentences import encode_sentences

PADDING, END = 0, 1
SPECIAL = ("<pad>", "<end>")
STEPS = 2  # fused kernels are built anew for every new shape: lengths are multiples of this
SPREAD = 0.8  # how much longer a sentence may seem when batches of similar length are made


class TranslationBatch(NamedTuple):
    """What one step learns from: every sentence once, and every direction of every row.

    Attributes:
        sources: (B, S) the sentences that are read, each with END, padded.
        lengths: (B,) how many steps of each count.
        read: (N,) for each pair, which of them is its source.
        targets: (N, T + 1) what is written, from the token of the language to END, padded.
    """

    sources: Tensor
    lengths: Tensor
    read: Tensor
    targets: Tensor


class TrainingText:
    """Parallel text as ids, row by row.

    Attributes:
        pairs: how many pairs of sentences there are, over all directions.
        written: for every language, the subwords that its sentences are made of.

    Args:
        text: what to learn from.
        vocabulary: the subwords of all languages.
        directions: (from, to), codes of languages.
        max_length: rows lose a sentence with more subwords.

    Raises:
        UserError: when no row is left.
    """

    def __init__(
        self,
        text: ParallelText,
        vocabulary: SubwordVocabulary,
        directions: Sequence[tuple[str, str]],
        max_length: int,
    ) -> None:
        ids = {
            code: encode_sentences([row.get(code, "") for row in text.rows], vocabulary)
            for code in text.languages
        }
        self._directions = directions
        self._begin = {
            code: vocabulary.special.index(language_token(code)) for code in text.languages
        }
        rows = [
            {code: ids[code][number] for code in ids if 0 < len(ids[code][number]) <= max_length}
            for number in range(len(text.rows))
        ]
        self._rows = [row for row in rows if any(a in row and b in row for a, b in directions)]
        self.pairs = sum(a in row and b in row for row in self._rows for a, b in directions)
        self.written = {
            code: frozenset(chain(*(row[code] for row in self._rows if code in row)))
            for code in text.languages
        }
        if not self._rows:
            raise UserError("there are no pairs of sentences to learn from")

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def by_length(self, size: int, seed: int, epoch: int) -> list[Sequence[int]]:
        """The numbers of all rows, in batches of similar length, at random beyond that.

        Args:
            size: rows of a batch.
            seed: of the run.
            epoch: number of the epoch.
        """
        random = np.random.default_rng(derived_seed(seed, "order", epoch))
        lengths = np.array([max(map(len, row.values())) for row in self._rows])
        order = np.argsort(lengths + random.uniform(0, SPREAD, len(lengths)), kind="stable")
        # All but the last are of one size: kernels are built anew for every new shape.
        batches = [order[begin : begin + size] for begin in range(0, len(order), size)]
        return [batches[number].tolist() for number in random.permutation(len(batches))]

    def batch(self, numbers: Sequence[int]) -> TranslationBatch:
        """Some rows as a batch."""
        places: dict[tuple[int, str], int] = {}
        read: list[int] = []
        targets: list[list[int]] = []
        for source, target in self._directions:
            for number in numbers:
                row = self._rows[number]
                if source in row and target in row:
                    read.append(places.setdefault((number, source), len(places)))
                    targets.append([self._begin[target], *row[target], END])
        sources, lengths = padded_sources([self._rows[n][code] for n, code in places])
        return TranslationBatch(sources, lengths, torch.tensor(read), padded_targets(targets))

    def batches(
        self, size: int, seed: int, epoch: int, start: int, rank: int, world: int
    ) -> Iterator[TranslationBatch]:
        """This process's part of every batch of an epoch, from batch number `start` on.

        Args:
            size: rows of a batch.
            seed: of the run.
            epoch: number of the epoch.
            start: batches to leave out, for going on in mid-epoch.
            rank: this process.
            world: number of processes.
        """
        for numbers in self.by_length(size, seed, epoch)[start:]:
            # The last batch may have fewer rows than there are processes, all of which need one.
            yield self.batch(numbers[rank::world] or numbers[:1])


def language_token(code: str) -> str:
    """The special subword that tells the decoder which language to write."""
    return f"<{code}>"


def padded_sources(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Sentences to be read, with END: (B, S), and how many steps of each count: (B,)."""
    ended = [[*ids, END] for ids in sentences]
    return _padded(ended, 0), torch.tensor([len(ids) for ids in ended])


def padded_targets(sentences: Sequence[Sequence[int]]) -> Tensor:
    """Sentences to be written, each from its language's token to END: (N, T + 1)."""
    return _padded(sentences, 1)


def _padded(rows: Sequence[Sequence[int]], extra: int) -> Tensor:
    """Rows of ids, padded to a multiple of STEPS and `extra`."""
    longest = max(map(len, rows)) - extra
    length = -(-longest // STEPS) * STEPS + extra
    return torch.tensor([[*row, *[PADDING] * (length - len(row))] for row in rows])

"""Labelled texts from people's own files and public data sets, and the batches of a training.

    texts = LabelledTexts.read("comments.csv", "train", Columns())
    texts = LabelledTexts.read("owner/name", "test", Columns("review", "stars"))

A folder or a pattern may state its splits by the names of its files, as in ``train.tsv`` or
``reviews.test.jsonl``; so does a data set of the Hub. Texts without stated splits are parted by
what they say, a tenth each for dev and test, so that a text is never in two splits; of a data set
that states no dev split, a tenth of the training texts is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.hub import load_data_set, names_repository
from multimodal.recognition.arrays import Ints
from multimodal.recognition.texts.tables import (
    ENDINGS,
    LABEL_NAMES,
    TEXT_NAMES,
    Columns,
    Row,
    clean_label,
    column_of,
    read_rows,
)
from multimodal.recognition.texts.tokenizer import TokenBatch, Tokenizer
from multimodal.splits import require_split, split_by_hash, split_by_name, stated_split
from multimodal.text_files import find_files
from multimodal.training import Batches, batches_per_epoch, derived_seed

UNLABELLED = "-1"
"""How `datasets` writes that a row of a test split has no label."""

ROUNDING = 4  # of lengths: the fewer there are, the fewer kernels are built
_JITTER = 4.0  # tokens by which lengths are taken for alike


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels, as the files write them.

    Attributes:
        texts: N of them.
        labels: N.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def read(cls, source: str | Path, split: str, columns: Columns) -> Self:
        """Read a split of a file, a folder, a pattern or a data set; rows without both are left.

        Args:
            source: a file, a folder, a pattern or the name of a data set.
            split: train, dev or test.
            columns: where texts and labels stand.

        Raises:
            UserError: it cannot be read, or has no such split or column.
        """
        split = require_split(split)
        if names_repository(source):
            rows = _hub_rows(str(source), split, columns)
        else:
            rows = _file_rows(source, split, columns)
        kept = [
            (row.text, row.label)
            for row in rows
            if row.text and row.error is None and row.label not in (None, UNLABELLED)
        ]
        if not kept:
            raise UserError(f"{source}: no labelled text in its {split} split")
        return cls(tuple(text for text, _ in kept), tuple(str(label) for _, label in kept))

    def __len__(self) -> int:
        return len(self.texts)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same texts, with other labels for those that have a new name."""
        return type(self)(self.texts, tuple(names.get(label, label) for label in self.labels))

    @property
    def classes(self) -> tuple[str, ...]:
        """The different labels; numbers in their order, other names in alphabetical order."""
        return tuple(sorted(set(self.labels), key=_in_order))

    def numbers(self, classes: Sequence[str]) -> Ints:
        """The number (N,) of each label.

        Raises:
            UserError: one is not among the classes.
        """
        number = {label: n for n, label in enumerate(classes)}
        unknown = Counter(label for label in self.labels if label not in number)
        if unknown:
            label = unknown.most_common(1)[0][0]
            raise UserError(f"the label {label!r} is not known; known are {', '.join(classes)}")
        return np.array([number[label] for label in self.labels], dtype=np.int64)


class LabelledBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        tokens: of B texts.
        labels: (B,).
        weights: (B, T) how much an answer after each token counts.
    """

    tokens: TokenBatch
    labels: Tensor
    weights: Tensor


class TrainingTexts(Batches):
    """Texts in random batches of similar length.

    Args:
        texts: to learn from, cut into tokens, at least one each.
        labels: (N,) their numbers.
        tokenizer: what cuts texts.
        batch_size: texts in a batch, over all processes.
        partial_loss_weight: what all answers before the last token count together, the last counts
            1.
        seed: of the run.
        turns: the numbers of each epoch's texts, as many in each; from the first again after the
            last. All texts in every epoch, unless said.
    """

    def __init__(
        self,
        texts: Sequence[Sequence[str]],
        labels: Ints,
        tokenizer: Tokenizer,
        *,
        batch_size: int,
        partial_loss_weight: float,
        seed: int,
        turns: Sequence[Ints] = (),
    ) -> None:
        self._tokenizer = tokenizer
        self._cut = texts
        self._labels = labels
        self._lengths = np.array([len(cut) for cut in self._cut])
        self._batch_size = batch_size
        self._partial_loss_weight = partial_loss_weight
        self._seed = seed
        self._turns = turns or [np.arange(len(texts))]

    def steps_per_epoch(self) -> int:
        """Every text once, of those whose turn it is."""
        return batches_per_epoch(len(self._turns[0]), self._batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledBatch]:
        """See `multimodal.training.Batches`."""
        random = np.random.default_rng(derived_seed(self._seed, "texts", epoch))
        texts = self._turns[epoch % len(self._turns)]
        alike = self._lengths[texts] + random.uniform(0, _JITTER, len(texts))
        order = texts[np.argsort(alike, kind="stable")]
        batches = np.array_split(order, self.steps_per_epoch())
        for number in random.permutation(len(batches))[start:]:
            yield self._batch(batches[number][rank::world])

    def _batch(self, texts: Ints) -> LabelledBatch:
        tokens = self._tokenizer.encode([self._cut[text] for text in texts], ROUNDING)
        weights = answer_weights(tokens.lengths, tokens.words.shape[1], self._partial_loss_weight)
        return LabelledBatch(tokens, torch.from_numpy(self._labels[texts]), weights)


def answer_weights(lengths: Tensor, steps: int, partial_loss_weight: float) -> Tensor:
    """How much the answer after each token counts: later ones more, the last one most.

    Args:
        lengths: (B,) tokens of each text.
        steps: T.
        partial_loss_weight: what all answers before the last count together.

    Returns:
        (B, T), zero behind the last token, 1 at it, and before it growing in equal steps to a sum
        of `partial_loss_weight`; a text of one token has no answer before.
    """
    place = torch.arange(1, steps + 1)[None]
    ends = lengths[:, None]
    before = (place < ends) * place / (ends * (ends - 1) / 2).clamp(min=1)
    return partial_loss_weight * before + (place == ends)


def _in_order(label: str) -> tuple[float, str]:
    return (float(label) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", label) else np.inf, label)


# ---- files ----


def _file_rows(source: str | Path, split: str, columns: Columns) -> Iterator[Row]:
    files = find_files(source, ENDINGS[:-1], "table")
    stated = {file: stated_split(file.stem) for file in files}
    if any(stated.values()):
        named = [file for file, name in stated.items() if name == split]
        if named or split != "dev":
            rows = _rows_of(named, columns)
            holds_dev = split == "train" and "dev" not in stated.values()
            return _without_dev(rows) if holds_dev else rows
        named = [file for file, name in stated.items() if name == "train"]
        return _part(_rows_of(named, columns), "dev")
    return _part(_rows_of(files, columns), split)


def _rows_of(files: Iterable[Path], columns: Columns) -> Iterator[Row]:
    for file in files:
        yield from read_rows(file, columns, labelled=True)


def _part(rows: Iterable[Row], split: str) -> Iterator[Row]:
    """Those rows whose text is in a split by what it says."""
    return (row for row in rows if split_by_hash(row.text or "") == split)


def _without_dev(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if split_by_hash(row.text or "") != "dev")


# ---- data sets of the Hub ----


def _hub_rows(name: str, split: str, columns: Columns) -> Iterator[Row]:
    tables = load_data_set(name)
    stated = {named: key for key in tables if (named := split_by_name(key))}
    if len(tables) == 1:
        return _part(_dataset_rows(name, next(iter(tables.values())), columns), split)
    if split in stated:
        rows = _dataset_rows(name, tables[stated[split]], columns)
        return _without_dev(rows) if split == "train" and "dev" not in stated else rows
    if split == "dev" and "train" in stated:
        return _part(_dataset_rows(name, tables[stated["train"]], columns), "dev")
    raise UserError(f"{name}: no split {split!r}; there are {', '.join(tables)}")


def _dataset_rows(name: str, table: Any, columns: Columns) -> Iterator[Row]:
    """Rows of a table of `datasets`; the numbers of its class labels become their names."""
    names = table.column_names
    text = column_of(names, columns.text, TEXT_NAMES)
    label = column_of(names, columns.label, LABEL_NAMES)
    if text is None or label is None:
        missing = "--text-column" if text is None else "--label-column"
        raise UserError(f"{name}: name a column with {missing}; there are {', '.join(names)}")
    feature = table.features[names[label]]
    for number, row in enumerate(table.select_columns([names[text], names[label]]), 1):
        value = row[names[label]]
        if hasattr(feature, "int2str") and isinstance(value, int) and value >= 0:
            value = feature.int2str(value)
        said = row[names[text]] if isinstance(row[names[text]], str) else None
        yield Row(f"{name}#{number}", said, clean_label(value))

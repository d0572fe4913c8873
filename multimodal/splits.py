"""Splits of data: their names, and the split of what states none."""

from __future__ import annotations

import re
from hashlib import sha1
from typing import Literal, TypeAlias

from multimodal.errors import UserError

Split: TypeAlias = Literal["train", "dev", "test"]

SPLITS: tuple[Split, ...] = ("train", "dev", "test")

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "restval": "train",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
}
"""Other names of the splits, as `datasets` and published data have them."""

PUBLISHED: dict[Split, str] = {"train": "train", "dev": "valid", "test": "test"}
"""What sketch-rnn's files call them."""

_SEPARATORS = re.compile(r"[\W_]+")


def split_by_name(name: str) -> Split | None:
    """Return the split that is meant, such as "dev" by "validation"; None where none is."""
    return SPLIT_NAMES.get(name.strip().lower())


def require_split(name: str) -> Split:
    """Return the split that is meant.

    Raises:
        UserError: none is.
    """
    split = split_by_name(name)
    if split is None:
        raise UserError(f"no split {name!r}: choose one of {', '.join(SPLITS)}")
    return split


def stated_split(name: str) -> Split | None:
    """Return the split that a part of a file's name states, where no other part states another."""
    parts = _SEPARATORS.split(name.lower())
    found = {SPLIT_NAMES[part] for part in parts if part in SPLIT_NAMES}
    return found.pop() if len(found) == 1 else None


def split_by_hash(key: str) -> Split:
    """Return the split of an example whose data states none: SHA-1 of its key, modulo 10.

    0 is test, 1 is dev, all others are train; examples that are added later move none of the rest.
    """
    number = int(sha1(key.encode("utf-8", "replace"), usedforsecurity=False).hexdigest(), 16)
    return {0: SPLITS[2], 1: SPLITS[1]}.get(number % 10, SPLITS[0])

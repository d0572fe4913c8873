"""Text from people's own files and public data sets, in contiguous splits.

    splits = read_splits("war_and_peace.txt", Shares(dev=0.1, test=0.1))
    ids = encode_passages(split_of(splits, "train"), vocabulary)

A source may be a text file, a folder, a pattern such as "src/**/*.c", or the name of a data set on
the Hugging Face Hub, "owner/name". Splits that it states are used: a data set's own, or files whose
names hold one, as in ``ptb.train.txt`` or ``test/emma.txt``. Else the text is cut in two places:
train, then dev, then test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.hub import load_data_set, names_repository
from multimodal.splits import SPLITS, split_by_name, stated_split
from multimodal.text_files import find_files, root_of
from multimodal.vocabulary import Ids, TextVocabulary, UnknownCharacterError

WHOLE = "whole"
PIECE = 2**20  # characters of a text that are encoded at a time
_SPACE = re.compile(r"\s")


@dataclass(frozen=True)
class SplitFractions:
    """How much of a text without splits of its own is held out at its end.

    Attributes:
        dev: the share that the best weights are chosen on.
        test: the share behind it.

    Raises:
        UserError: when nothing would be left to learn from.
    """

    dev: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        if not (0 <= self.dev < 1 and 0 <= self.test < 1 and self.dev + self.test < 1):
            raise UserError(f"dev {self.dev:g} and test {self.test:g}: must be shares below 1")


@dataclass(frozen=True)
class Passage:
    """A piece of running text, and where it stands.

    Attributes:
        text: what it says.
        source: the file or row.
        line: the line of the source that it begins on.
    """

    text: str
    source: str
    line: int = 1

    def from_to(self, begin: int, end: int) -> Passage:
        """A part of it."""
        return Passage(
            self.text[begin:end], self.source, self.line + self.text.count("\n", 0, begin)
        )


def read_splits(source: str | Path, split_fractions: SplitFractions) -> dict[str, list[Passage]]:
    """Read a text and part it into train, dev and test; a split without text is left out.

    Raises:
        UserError: when there is nothing to read, or it is no UTF-8.
    """
    stated = _read_hub(str(source)) if names_repository(source) else _read_files(source)
    if set(stated) == {WHOLE}:
        stated = _cut(stated[WHOLE], split_fractions)
    splits = {name: [p for p in stated.get(name, ()) if p.text] for name in SPLITS}
    if not any(splits.values()):
        raise UserError(f"{source}: holds no text")
    return {name: passages for name, passages in splits.items() if passages}


def split_of(splits: Mapping[str, Sequence[Passage]], name: str) -> Sequence[Passage]:
    """One split by its name, or all of them in a row by the name "whole".

    Raises:
        UserError: when there is no such split.
    """
    if name == WHOLE:
        return [passage for passages in splits.values() for passage in passages]
    found = splits.get(split_by_name(name) or name)
    if not found:
        known = ", ".join([*splits, WHOLE])
        raise UserError(f"split {name!r}: this text has none of that name; there are {known}")
    return found


def encode_passages(
    passages: Sequence[Passage],
    vocabulary: TextVocabulary,
    dtype: npt.DTypeLike = np.int64,
) -> npt.NDArray[Any]:
    """Passages in a row → ids (N,), piece by piece: a text may be larger than its ids in 64 bits.

    Args:
        passages: the text.
        vocabulary: of its tokens.
        dtype: of the ids; see `smallest_type`.

    Raises:
        UserError: when a character is not known; the line names the file and the place.
    """
    pieces = (piece for passage in passages for piece in in_pieces(passage))
    parts = [_encode(piece, vocabulary).astype(dtype, copy=False) for piece in pieces]
    return np.concatenate([np.empty(0, dtype), *parts])


def smallest_type(tokens: int) -> npt.DTypeLike:
    """The smallest type that holds the ids of so many tokens, and that torch has too."""
    return next((t for t in (np.uint8, np.int16) if tokens - 1 <= np.iinfo(t).max), np.int32)


def in_pieces(passage: Passage, size: int = PIECE) -> Iterator[Passage]:
    """A passage cut before white space, about every so many characters.

    No token is cut: those of words have white space only where they begin.
    """
    text, line, begin = passage.text, passage.line, 0
    while begin < len(text):
        gap = _SPACE.search(text, begin + size)
        end = gap.start() if gap else len(text)
        piece = Passage(text[begin:end], passage.source, line)
        yield piece
        line, begin = line + piece.text.count("\n"), end


def token_before(vocabulary: TextVocabulary) -> int:
    """What is read before a text, so that its first token is predicted too: a line break.

    A vocabulary of characters that has none begins with its first character.
    """
    try:
        return int(vocabulary.encode_text("\n")[0])
    except UnknownCharacterError:
        return 0


def characters_of(passages: Sequence[Passage]) -> int:
    """How many characters passages have."""
    return sum(len(passage.text) for passage in passages)


def joined(passages: Sequence[Passage]) -> str:
    """Passages in a row."""
    return "".join(passage.text for passage in passages)


def read_file(path: Path) -> str:
    """A UTF-8 text file, its line breaks as they are; a byte order mark is left out.

    Raises:
        UserError: when it cannot be read, or it is no UTF-8; the line names the place.
    """
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}: line {line}, byte {error.start}: not UTF-8 text; convert the file, or name "
            "only text files by a pattern such as 'folder/**/*.txt'"
        ) from None


def _encode(passage: Passage, vocabulary: TextVocabulary) -> Ids:
    try:
        return vocabulary.encode_text(passage.text)
    except UnknownCharacterError as error:
        before = passage.text[: error.place]
        line = passage.line + before.count("\n")
        raise UserError(
            f"{passage.source}: line {line}: the model's vocabulary lacks the character "
            f"{error.character!r} (U+{ord(error.character):04X})"
        ) from None


def _read_files(source: str | Path) -> dict[str, list[Passage]]:
    files = find_files(source, kind="text file")
    names = [stated_split(file.relative_to(root_of(source)).as_posix()) for file in files]
    stated = all(names) and len(set(names)) > 1
    splits: dict[str, list[Passage]] = {}
    for file, name in zip(files, names, strict=True):
        text = read_file(file)
        if text and not text.endswith("\n") and len(files) > 1:
            text += "\n"
        splits.setdefault((name or WHOLE) if stated else WHOLE, []).append(Passage(text, str(file)))
    return splits


def _cut(passages: Sequence[Passage], split_fractions: SplitFractions) -> dict[str, list[Passage]]:
    """Cut a text in two places, counted in characters over all its passages."""
    total = sum(len(passage.text) for passage in passages)
    dev, test = split_fractions.dev, split_fractions.test
    places = (0, int(total * (1 - dev - test)), int(total * (1 - test)), total)
    spans = zip(SPLITS, pairwise(places), strict=True)
    return {name: list(_between(passages, *span)) for name, span in spans}


def _between(passages: Sequence[Passage], begin: int, end: int) -> Iterator[Passage]:
    offset = 0
    for passage in passages:
        size = len(passage.text)
        yield passage.from_to(max(begin - offset, 0), min(max(end - offset, 0), size))
        offset += size


def _read_hub(name: str) -> dict[str, list[Passage]]:
    """The text column of a data set; a lone "train" is how `datasets` names one without splits."""
    tables = load_data_set(name)
    splits: dict[str, list[Passage]] = {}
    for split, table in tables.items():
        column = _text_column(name, table.column_names)
        rows = "".join(row.removesuffix("\n") + "\n" for row in table[column])
        stated = WHOLE if len(tables) == 1 else split_by_name(split)
        if stated is not None:
            splits.setdefault(stated, []).append(Passage(rows, f"{name}, {split}"))
    return splits


def _text_column(name: str, columns: Sequence[str]) -> str:
    for column in ("text", "content", *(columns if len(columns) == 1 else ())):
        if column in columns:
            return column
    raise UserError(f"{name}: no column named text or content, but {', '.join(columns)}")

"""Online handwriting as a data set: what was written, by whom, and how the pen went.

    lines = read_handwriting("unipen", ["lines", "words"], "train")
    lines[0].text, lines[0].writer, lines[0].offsets

Two layouts are read: a folder of ``lines.parquet``, ``words.parquet`` and ``characters.parquet``
(UNIPEN's, Guyon et al. 1994), and IAM-OnDB's own (see `multimodal.strokes.iam_ondb`).

UNIPEN is cleaned by the rules of `clean_text` and `_believable`:

- labels: UNIPEN escapes a backslash as ``\\\\`` and marks joins between letters as ``\\@``; both are
  undone, runs of white space become one space, and a sample without a printable ASCII label is left
  out;
- at least `LEAST_POINTS` points a character, and ink of at least `LEAST_INK` and at most `MOST_INK`
  line spreads a character: else the label says more or less than was written;
- no wider than `MOST_WIDTH` line spreads a character and no higher than `MOST_HEIGHT` in all: else
  the scale is wrong, or several lines are taken for one;
- no line that wraps: after a leap of the lifted pen to the left by `LEAP` line spreads or more, what
  follows must not lie lower than what came before by more than `LOWER` of the height.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.strokes.drawing import Drawing

if TYPE_CHECKING:
    import pyarrow as pa

Kind: TypeAlias = Literal["lines", "words", "characters"]
Split: TypeAlias = Literal["train", "valid", "test"]
Offsets: TypeAlias = npt.NDArray[np.int16]

SPREAD = 20
"""Units of a writer's line spread: the scale of UNIPEN's offsets here, and of IAM-OnDB's."""

LEAST_POINTS = 3
LEAST_INK, MOST_INK = 0.75, 17.5
MOST_WIDTH, MOST_HEIGHT = 6.0, 12.0
LEAP, LOWER = 8.0, 0.4

COLUMNS = ("text", "writer", "dx", "dy", "pen_lifted")


@dataclass(frozen=True, eq=False)
class Handwritten:
    """A piece of somebody's handwriting.

    Attributes:
        text: what was written, in printable ASCII.
        writer: a number that stands for the writer.
        offsets: (N, 3) dx to the right, dy down, and whether the pen is lifted after this point;
            `SPREAD` units are the spread of the writer's lines. The first offset is (0, 0).
    """

    text: str
    writer: int
    offsets: Offsets

    @property
    def strokes(self) -> list[npt.NDArray[np.int64]]:
        """The points (n, 2) of each stroke."""
        points = self.offsets[:, :2].cumsum(0, dtype=np.int64)
        return np.split(points, np.flatnonzero(self.offsets[:-1, 2]) + 1)

    @property
    def drawing(self) -> Drawing:
        """The same as a drawing."""
        return Drawing(self.strokes)


def read_handwriting(
    path: str | Path, kinds: Sequence[Kind] = ("lines",), split: str = "train"
) -> list[Handwritten]:
    """Read one part of a data set of handwriting, cleaned.

    Args:
        path: a folder of `<kind>.parquet`, or IAM-OnDB's with `lineStrokes` and `ascii`, which has
            lines alone.
        kinds: "lines", "words", "characters".
        split: "train", "valid" or "test"; no writer is in two of them.

    Returns:
        The samples, kind after kind, in the order of the files.

    Raises:
        UserError: no such folder, file, column, kind or split, or a damaged file.
    """
    if split not in get_args(Split):
        raise UserError(f"no split {split!r}: choose one of {', '.join(get_args(Split))}")
    for kind in kinds:
        if kind not in get_args(Kind):
            raise UserError(f"no {kind!r} here: choose among {', '.join(get_args(Kind))}")
    files = [Path(path) / f"{kind}.parquet" for kind in kinds]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such file; {', '.join(get_args(Kind))}.parquet expected")
    return [sample for file in files for sample in _read_parquet(file, split)]


def kinds_in(path: str | Path) -> list[Kind]:
    """The kinds of samples that a data set has."""
    return [kind for kind in get_args(Kind) if (Path(path) / f"{kind}.parquet").is_file()]


def writer_split(writer: int) -> Split:
    """Say which part a writer belongs to: one in ten is test, one valid."""
    return "test" if writer % 10 == 0 else "valid" if writer % 10 == 1 else "train"


def clean_text(label: str) -> str:
    r"""Undo UNIPEN's escapes in a label: ``\\`` is a backslash, ``\@`` a join that is no letter.

    Returns:
        The text with single spaces; "" where it holds anything but printable ASCII.
    """
    plain = re.sub(r"\\(\\|@)", lambda escape: "" if escape[1] == "@" else "\\", label)
    text = " ".join(plain.split())
    return text if text.isascii() and text.isprintable() else ""


def _read_parquet(file: Path, split: str) -> list[Handwritten]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file, columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{file}: cannot be read as handwriting: {reason}") from None
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise UserError(f"{file}: no column {missing[0]}; {', '.join(COLUMNS)} expected")
    try:
        return _samples(table, split)
    except (pa.ArrowException, AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{file}: a column is not of its kind: {error}") from None


def _samples(table: pa.Table, split: str) -> list[Handwritten]:
    writers = table["writer"].to_numpy()
    ours = np.array([writer_split(int(writer)) == split for writer in np.unique(writers)])
    table = table.filter(ours[np.unique(writers, return_inverse=True)[1]])
    columns = [_flat(table[name]) for name in ("dx", "dy", "pen_lifted")]
    ends = columns[0][1]
    if any(not np.array_equal(ends, others) for _, others in columns[1:]):
        raise ValueError("dx, dy and pen_lifted differ in length")
    offsets = np.column_stack([values.astype(np.int16) for values, _ in columns])
    texts = [clean_text(label) for label in table["text"].to_pylist()]
    kept = _believable(texts, offsets, ends)
    return [
        Handwritten(text, writer, offsets[begin:end])
        for text, writer, begin, end, keep in zip(
            texts, table["writer"].to_pylist(), ends, ends[1:], kept, strict=False
        )
        if keep
    ]


def _flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """A column of lists as all its values and where each list begins, with the end of the last."""
    lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in column.chunks]
    values = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    ends = np.concatenate([[0], *lengths]).cumsum(dtype=np.int64)
    return np.concatenate([np.zeros(0, np.int16), *values]), ends


def _believable(
    texts: Sequence[str], offsets: Offsets, ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which samples keep the rules of this module; `ends` is where each begins, and the end."""
    counts = np.diff(ends)
    characters = np.array([len(text) for text in texts])
    kept = (characters > 0) & (counts >= LEAST_POINTS * characters)
    if not kept.any():
        return kept
    steps = offsets[:, :2].astype(np.float64) / SPREAD
    lifted = np.concatenate([[True], offsets[:-1, 2] != 0])  # the pen moved here in the air
    filled = counts > 0
    begins = ends[:-1][filled]
    lifted[begins] = True
    ink, width, height = (np.zeros(len(texts)) for _ in range(3))
    ink[filled] = np.add.reduceat(np.where(lifted, 0, np.hypot(*steps.T)), begins)
    for size, axis in ((width, 0), (height, 1)):
        place = steps[:, axis].cumsum()
        size[filled] = np.maximum.reduceat(place, begins) - np.minimum.reduceat(place, begins)
    kept &= (ink >= LEAST_INK * characters) & (ink <= MOST_INK * characters)
    kept &= (width <= MOST_WIDTH * characters) & (height <= MOST_HEIGHT)
    leaps = np.flatnonzero(lifted & (steps[:, 0] <= -LEAP))
    for number in np.unique(np.searchsorted(ends, leaps, side="right") - 1):
        if kept[number]:
            part = slice(ends[number], ends[number + 1])
            kept[number] = not _wraps(steps[part], lifted[part], height[number])
    return kept


def _wraps(steps: npt.NDArray[np.float64], lifted: npt.NDArray[np.bool_], height: float) -> bool:
    """Whether a sample goes on in a lower line after a leap to the left."""
    ink = np.where(lifted, 0, np.hypot(*steps.T))
    heights = steps[:, 1].cumsum() * ink
    for leap in np.flatnonzero(lifted & (steps[:, 0] <= -LEAP)):
        before, after = ink[:leap].sum(), ink[leap:].sum()
        if before and after:
            lower = heights[leap:].sum() / after - heights[:leap].sum() / before
            if lower > LOWER * height:
                return True
    return False

"""Online handwriting as a data set, cleaned and split by writer.

    lines = read_handwriting("unipen", ["lines", "words"], "train")
    lines[0].text, lines[0].writer, lines[0].offsets

Two layouts are read: a folder of ``lines.parquet``, ``words.parquet`` and ``characters.parquet``
with UNIPEN's samples (Guyon et al. 1994), and IAM-OnDB's own (see `multimodal.strokes.iam_ondb`).
The rules of cleaning stand in `multimodal.strokes.handwritten_samples`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.splits import require_split
from multimodal.strokes.handwritten_samples import (
    SPREAD,
    Handwritten,
    believable,
    clean_text,
    writer_split,
)
from multimodal.strokes.iam_ondb import is_iam_ondb, read_iam_ondb

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "SPREAD",
    "Handwritten",
    "Kind",
    "clean_text",
    "kinds_in",
    "read_handwriting",
    "writer_split",
]

Kind: TypeAlias = Literal["lines", "words", "characters"]

COLUMNS = ("text", "writer", "dx", "dy", "pen_lifted")


def read_handwriting(
    path: str | Path, kinds: Sequence[Kind] = ("lines",), split: str = "train"
) -> list[Handwritten]:
    """Read one part of a data set of handwriting, cleaned.

    Args:
        path: a folder of `<kind>.parquet`, or IAM-OnDB's, which has lines alone.
        kinds: "lines", "words", "characters".
        split: "train", "dev" or "test"; no writer is in two of them.

    Returns:
        The samples, kind after kind, in the order of the files.

    Raises:
        UserError: no such folder, file, column, kind or split, or a damaged file.
    """
    wanted = require_split(split)
    for kind in kinds:
        if kind not in get_args(Kind):
            raise UserError(f"no {kind!r} here: choose among {', '.join(get_args(Kind))}")
    if is_iam_ondb(path):
        return read_iam_ondb(path, wanted) if "lines" in kinds else []
    files = [Path(path) / f"{kind}.parquet" for kind in kinds]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such file; {', '.join(get_args(Kind))}.parquet expected")
    return [sample for file in files for sample in _read_parquet(file, wanted)]


def kinds_in(path: str | Path) -> list[Kind]:
    """The kinds of samples that a data set has."""
    if is_iam_ondb(path):
        return ["lines"]
    return [kind for kind in get_args(Kind) if (Path(path) / f"{kind}.parquet").is_file()]


def _read_parquet(file: Path, split: str) -> list[Handwritten]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            missing = [name for name in COLUMNS if name not in parquet.schema_arrow.names]
            table = None if missing else parquet.read(list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{file}: cannot be read as handwriting: {reason}") from None
    if table is None:
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
    kept = believable(texts, offsets, ends)
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

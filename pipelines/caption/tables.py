"""Rows as one file: JSON lines, CSV, Parquet, or the results of COCO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import tables
from pipelines.caption.rows import CaptionRow, as_record, clean, dump_json, translated

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = ("words", "alternatives", "objects", "unmentioned")


def write_json_lines(rows: Iterable[CaptionRow], path: Path) -> None:
    """A JSON object a line."""
    tables.write_json_lines(map(as_record, rows), path)


def write_csv(rows: Iterable[CaptionRow], path: Path) -> None:
    """A table; lists are cells of JSON."""
    columns = ["path", "caption", *translated_columns(rows), "score", *LISTS, "error"]
    records = (as_record(row) | {"path": clean(row.source)} for row in rows)
    tables.write_csv(records, columns, path)


def write_parquet(rows: Iterable[CaptionRow], path: Path) -> None:
    """A table with typed columns."""
    tables.write_parquet(map(typed, rows), fields(translated_columns(rows)), path)


def write_coco(rows: Iterable[CaptionRow], path: Path) -> None:
    """A list of results with COCO's keys; a picture without a caption has an empty one.

    `image_id` is the number that a file is called by, such as COCO_val2014_000000391895.jpg, when
    all are and no number comes twice; otherwise the pictures are counted from 1.
    """
    own = _coco_ids(rows)
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows):
            result = {
                "image_id": own[number] if own else number + 1,
                "caption": row.text,
                **dict.fromkeys(translated(row), row.translation),
                "score": as_record(row)["score"],
                "file_name": row.source,
                "error": row.error,
            }
            file.write((",\n" if number else "\n") + dump_json(result))
        file.write("\n]\n")


def translated_columns(rows: Iterable[CaptionRow]) -> list[str]:
    """The column of translations, as every row of a run has it or none."""
    first = next(iter(rows), None)
    return [] if first is None else list(translated(first))


def fields(more: Sequence[str] = ()) -> list[pa.Field]:
    """The columns of a Parquet table of rows, with more columns of text beside the caption."""
    import pyarrow as pa

    alternative = pa.struct([("caption", pa.string()), ("score", pa.float64())])
    recognised = pa.struct([("name", pa.string()), ("probability", pa.float64())])
    return [
        pa.field("path", pa.string()),
        pa.field("caption", pa.string()),
        *(pa.field(name, pa.string()) for name in more),
        pa.field("score", pa.float64()),
        pa.field("words", pa.list_(pa.string())),
        pa.field("word_scores", pa.list_(pa.float64())),
        pa.field("alternatives", pa.list_(alternative)),
        pa.field("objects", pa.list_(recognised)),
        pa.field("unmentioned", pa.list_(pa.list_(pa.string()))),
        pa.field("error", pa.string()),
    ]


def typed(row: CaptionRow) -> dict[str, Any]:
    """A row for these columns."""
    lists = {"words": row.words, "word_scores": row.word_scores}
    return as_record(row) | lists | {"path": clean(row.source)}


def _coco_ids(rows: Iterable[CaptionRow]) -> list[int]:
    """The numbers that the files are called by; none where one has none or two have the same."""
    names = (re.fullmatch(r"(?:COCO_\w+_)?(\d{1,18})\.\w+", Path(row.source).name) for row in rows)
    numbers = np.fromiter((int(name[1]) if name else -1 for name in names), np.int64)
    if len(numbers) == 0 or numbers.min() < 0 or len(np.unique(numbers)) < len(numbers):
        return []
    found: list[int] = numbers.tolist()
    return found

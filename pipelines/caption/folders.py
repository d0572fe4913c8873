"""Rows as a data set, with the pictures inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from pipelines.caption.rows import CaptionRow, clean
from pipelines.caption.tables import fields, translated_columns, typed

PICTURES_AT_A_TIME, BYTES_AT_A_TIME = 100, 2**26  # of a Parquet file, whichever comes first
PICTURES_PER_FILE = 5000
TABLES, TABLE = "data", "train-{:0>5}.parquet"  # where `datasets` looks for them

T = TypeVar("T")


def write_dataset(rows: Iterable[CaptionRow], folder: Path) -> None:
    """Parquet files that ``datasets.load_dataset(folder)`` reads, with the pictures inside.

    The pictures are embedded as the files that were captioned. Where there is no caption, the row
    has its reason and no picture, since one that is broken would end a loop over the data set.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features, Image

    columns = fields(translated_columns(rows))
    features = Features.from_arrow_schema(pa.schema(columns))
    schema = Features({"image": Image(), **features}).arrow_schema
    (folder / TABLES).mkdir()
    for number, part in enumerate(_parts(rows, PICTURES_PER_FILE)):
        with pq.ParquetWriter(folder / TABLES / TABLE.format(number), schema) as file:
            for some in _by_size(map(_with_picture, part)):
                file.write_table(pa.Table.from_pylist(some, schema))


def _with_picture(row: CaptionRow) -> dict[str, Any]:
    picture = None
    if row.error is None:
        picture = {"bytes": row.picture, "path": clean(Path(row.source).name)}
    return typed(row) | {"image": picture}


def _parts(values: Iterable[T], size: int) -> Iterator[Iterator[T]]:
    """Parts of so many values, of which none is held in memory; there is always one."""
    rest = iter(values)
    yield islice(rest, size)
    for first in rest:
        yield chain([first], islice(rest, size - 1))


def _by_size(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Records with pictures, as many as memory should hold at a time."""
    some: list[dict[str, Any]] = []
    with_distillation = 0
    for record in records:
        some.append(record)
        with_distillation += len(record["image"]["bytes"]) if record["image"] else 0
        if len(some) == PICTURES_AT_A_TIME or with_distillation > BYTES_AT_A_TIME:
            yield some
            some, with_distillation = [], 0
    if some:
        yield some

"""Rows as a folder: text files as the pictures lie, or a data set with the pictures inside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, TypeVar

from pipelines.caption.items import Item, looks_like_picture
from pipelines.caption.rows import CaptionRow, clean
from pipelines.caption.tables import fields, translated_columns, typed, write_json_lines

FAILURES = "errors.jsonl"  # among sidecars: the rows that have none
PICTURES_AT_A_TIME, BYTES_AT_A_TIME = 100, 2**26  # of a Parquet file, whichever comes first
PICTURES_PER_FILE = 5000
TABLES, TABLE = "data", "train-{:0>5}.parquet"  # where `datasets` looks for them

T = TypeVar("T")


def write_sidecars(rows: Iterable[CaptionRow], folder: Path) -> None:
    """A text file for each picture, in folders as the pictures are; those without one are listed.

    `a.jpg` has `a.txt`; where `a.png` beside it says something else, that has `a.png.txt`. A
    translation stands beside, in `a.de.txt`.
    """
    root = _common_folder(rows)
    for row in rows:
        text = f"{row.text}\n".encode()
        if row.error is None:
            place = _free_place(folder / os.path.relpath(_absolute(row), root), text)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
            if row.language:
                beside = place.with_name(f"{place.stem}.{row.language}.txt")
                beside.write_text(f"{row.translation}\n", encoding="utf-8")
    failed = (row for row in rows if row.error is not None)
    if (first := next(failed, None)) is not None:
        write_json_lines(chain([first], failed), folder / FAILURES)


def write_dataset(rows: Iterable[CaptionRow], items: Iterable[Item], folder: Path) -> None:
    """Parquet files that ``datasets.load_dataset(folder)`` reads, with the pictures inside.

    The pictures are embedded as the files that they are. Where there is no caption, the row has its
    reason and no picture, since one that is broken would end a loop over the data set.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features, Image

    columns = fields(translated_columns(rows))
    features = Features.from_arrow_schema(pa.schema(columns))
    schema = Features({"image": Image(), **features}).arrow_schema
    (folder / TABLES).mkdir()
    pairs = zip(rows, items, strict=True)
    for number, part in enumerate(_parts(pairs, PICTURES_PER_FILE)):
        with pq.ParquetWriter(folder / TABLES / TABLE.format(number), schema) as file:
            for some in _by_size(_with_picture(*pair) for pair in part):
                file.write_table(pa.Table.from_pylist(some, schema))


def _absolute(row: CaptionRow) -> str:
    """Where a picture is, or would be: members of a shard are no files."""
    return os.path.abspath(row.source)  # noqa: PTH100


def _common_folder(rows: Iterable[CaptionRow]) -> str:
    """The deepest folder that all captioned pictures are below."""
    common: str | None = None
    for row in rows:
        if row.error is None:
            folder = os.path.dirname(_absolute(row))  # noqa: PTH120
            common = folder if common is None else os.path.commonpath((common, folder))
    return common or os.sep


def _free_place(picture: Path, text: bytes) -> Path:
    """Where a caption goes: a place that is free, or holds the same already."""
    names = [f"{picture.name}.txt"]
    if looks_like_picture(picture.name):
        names.insert(0, f"{picture.stem}.txt")
    more = (f"{picture.name}-{number}.txt" for number in count(2))
    places = (picture.with_name(name) for name in chain(names, more))
    return next(place for place in places if not place.exists() or place.read_bytes() == text)


def _with_picture(row: CaptionRow, item: Item) -> dict[str, Any]:
    data = _bytes(item.image) if row.error is None else None
    picture = None if data is None else {"bytes": data, "path": clean(Path(row.source).name)}
    return typed(row) | {"image": picture}


def _bytes(image: str | bytes | None) -> bytes | None:
    """A picture's file as it is; None where it has gone since it was captioned."""
    if not isinstance(image, str):
        return image
    try:
        return Path(image).read_bytes()
    except OSError:
        return None


def _parts(values: Iterable[T], size: int) -> Iterator[Iterator[T]]:
    """Parts of so many values, of which none is held in memory; there is always one."""
    rest = iter(values)
    yield islice(rest, size)
    for first in rest:
        yield chain([first], islice(rest, size - 1))


def _by_size(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Records with pictures, as many as memory should hold at a time."""
    some: list[dict[str, Any]] = []
    held = 0
    for record in records:
        some.append(record)
        held += len(record["image"]["bytes"]) if record["image"] else 0
        if len(some) == PICTURES_AT_A_TIME or held > BYTES_AT_A_TIME:
            yield some
            some, held = [], 0
    if some:
        yield some

"""Records as one file: JSON lines, CSV or Parquet; written as they come, none held in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.output import dump_json

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_A_TIME = 1000  # of a Parquet file

Record = Mapping[str, Any]


def write_json_lines(records: Iterable[Record], path: Path) -> None:
    """A JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{dump_json(record)}\n" for record in records)


def write_csv(
    records: Iterable[Record], columns: Sequence[str], path: Path, delimiter: str = ","
) -> None:
    """A table with a header; lists and objects are cells of JSON.

    Args:
        records: the rows.
        columns: in their order.
        path: the file.
        delimiter: between cells.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, delimiter=delimiter)
        table.writeheader()
        for record in records:
            table.writerow({name: _cell(record[name]) for name in columns})


def write_parquet(records: Iterable[Record], fields: Sequence[pa.Field], path: Path) -> None:
    """A table with typed columns.

    Args:
        records: the rows.
        fields: the typed columns.
        path: the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(fields)
    with pq.ParquetWriter(path, schema) as file:
        rest = iter(records)
        while some := [dict(record) for record in islice(rest, ROWS_AT_A_TIME)]:
            file.write_table(pa.Table.from_pylist(some, schema))


def _cell(value: object) -> object:
    return dump_json(value) if isinstance(value, list | tuple | dict) else value

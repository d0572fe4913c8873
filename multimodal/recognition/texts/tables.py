"""Rows of people's own tables, one at a time: CSV, TSV, JSON lines, Parquet, plain lines.

    for row in read_rows(Path("comments.csv"), Columns()):
        print(row.text, row.label)

Which columns count is told, or found by their names (`TEXT_NAMES`, `LABEL_NAMES`); a table without
a header may have two columns, of which the one with fewer different cells holds the labels.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from multimodal.errors import UserError, offered

TEXT_NAMES = ("text", "sentence", "comment", "review", "content", "body", "message", "title")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "mood", "rating", "stars")
STDIN = "-"

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_LINES = (".txt", "")
ENDINGS = (*_DELIMITERS, ".jsonl", ".ndjson", ".parquet", ".txt")
"""Of files that can be read."""

_LOOKED_AT = 200  # rows of a table without a header, to find out which column holds the labels
_LARGEST_CELL = 2**27  # characters; Python's own limit is 131,072


@dataclass(frozen=True)
class Columns:
    """Which columns hold what; None where their names or their cells tell.

    Attributes:
        text: the name of the column of texts, or its number, counted from 1.
        label: likewise, of labels.
    """

    text: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        source: the file and the row's number in it, counted from 1.
        text: what is said; None where the row has no text.
        label: what it is called; None where the row has no label.
        error: why there is no text.
    """

    source: str
    text: str | None
    label: str | None = None
    error: str | None = None


def read_rows(path: str | Path, columns: Columns, *, labelled: bool = False) -> Iterator[Row]:
    """Every row of a table, in order, one in memory at a time; a bad row says what is wrong.

    Args:
        path: the file; its ending says how it is read, and `-` is lines of the standard input.
        columns: which columns count.
        labelled: whether there must be a column of labels.

    Raises:
        UserError: there is no such file or column, or it cannot be read any further.
    """
    try:
        if str(path) == STDIN:
            yield from _lines(sys.stdin, STDIN)
            return
        ending = Path(path).suffix.lower()
        if ending in _DELIMITERS:
            yield from _delimited(Path(path), _DELIMITERS[ending], columns, labelled=labelled)
        elif ending in (".jsonl", ".ndjson"):
            yield from _records(Path(path), _json_records(Path(path)), columns, labelled=labelled)
        elif ending == ".parquet":
            yield from _parquet(Path(path), columns, labelled=labelled)
        elif ending in _LINES and not labelled:
            with _opened(Path(path)) as file:
                yield from _lines(file, str(path))
        else:
            known = ", ".join(ENDINGS[:-1] if labelled else ENDINGS)
            raise UserError(f"{path}: not a table that can be read; choose one of {known}")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def column_of(names: Sequence[str], wanted: str | None, usual: Sequence[str]) -> int | None:
    """Which of some columns is meant, or None where no name tells.

    Args:
        names: of the columns.
        wanted: a name or a number from 1, as somebody wrote it.
        usual: names to look for where nothing was told, in any case.

    Raises:
        UserError: the column that was told is not there.
    """
    known = {name.strip().lower(): at for at, name in reversed(list(enumerate(names)))}
    if wanted is None:
        return next((known[name] for name in usual if name in known), None)
    if wanted.strip().lower() in known:
        return known[wanted.strip().lower()]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise UserError(f"no column {wanted!r}; {offered(wanted, names)}")


def clean_label(value: object) -> str | None:
    """A label as text; None for what is none."""
    if value is None or isinstance(value, (list, dict)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _row(source: str, text: object, label: object = None) -> Row:
    """A row of two cells; what cannot be a text is an error."""
    if not isinstance(text, str):
        return Row(source, None, clean_label(label), "has no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return Row(source, shown, clean_label(label), "is not UTF-8 text")
    return Row(source, text, clean_label(label))


def _lines(lines: Iterable[str], name: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        yield _row(f"{name}#{number}", line.rstrip("\r\n"))


# ---- CSV and TSV ----


def _delimited(path: Path, delimiter: str, columns: Columns, *, labelled: bool) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_CELL)
    with _opened(path) as file:
        if delimiter == "\t":  # as tab-separated files are written, a quote is a letter
            table = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        else:
            table = csv.reader(file, delimiter=delimiter)
        cells = _without_csv_errors(path, table)
        first = list(islice(cells, _LOOKED_AT))
        text, label, header = _found_columns(path, first, columns, labelled=labelled)
        for number, row in enumerate(chain(first[header:], cells), 1):
            source = f"{path}#{number}"
            if text >= len(row):
                yield Row(source, None, None, f"has {len(row)} columns, and no text among them")
                continue
            has_label = label is not None and label < len(row)
            yield _row(source, row[text], row[label] if has_label and label is not None else None)


def _without_csv_errors(path: Path, table: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from (row for row in table if row)
    except csv.Error as error:
        raise UserError(f"{path}: is no table that can be read: {error}") from error


def _found_columns(
    path: Path, rows: Sequence[Sequence[str]], columns: Columns, *, labelled: bool
) -> tuple[int, int | None, bool]:
    """The column of texts, that of labels, and whether the first row is a header."""
    names = rows[0] if rows else []
    try:
        text = column_of(names, columns.text, TEXT_NAMES)
        label = column_of(names, columns.label, LABEL_NAMES)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    by_number = [
        wanted.isdecimal() and wanted not in names
        for wanted in (columns.text, columns.label)
        if wanted is not None
    ]
    header = (text is not None or label is not None) and not (by_number and all(by_number))
    if text is None:
        text, label = _told_apart(path, rows[header:], label, columns, labelled=labelled)
    if labelled and label is None:
        raise UserError(f"{path}: no column of labels; name it with --label-column")
    return text, label, header


def _told_apart(
    path: Path,
    rows: Sequence[Sequence[str]],
    label: int | None,
    columns: Columns,
    *,
    labelled: bool,
) -> tuple[int, int | None]:
    """Of the columns of a table whose names tell nothing: where the texts are, where the labels."""
    width = len(rows[0]) if rows else 1
    if width == 1 and not labelled:
        return 0, None
    if width != 2 or columns.text:
        raise UserError(f"{path}: no column of texts; name it with --text-column")
    if label is not None:
        return 1 - label, label
    different = [len({row[at] for row in rows if at < len(row)}) for at in range(2)]
    labels = different.index(min(different))
    return 1 - labels, labels


# ---- records with names ----


def _records(
    path: Path, records: Iterable[Mapping[str, Any] | None], columns: Columns, *, labelled: bool
) -> Iterator[Row]:
    for number, record in enumerate(records, 1):
        source = f"{path}#{number}"
        if record is None:
            yield Row(source, None, None, "is no JSON object")
            continue
        names = list(record)
        try:
            text = column_of(names, columns.text, TEXT_NAMES)
            label = column_of(names, columns.label, LABEL_NAMES)
        except UserError as error:
            yield Row(source, None, None, f"has {error}")
            continue
        if number == 1 and (text is None or (labelled and label is None)):
            kind = "texts" if text is None else "labels"
            option = "--text-column" if text is None else "--label-column"
            raise UserError(f"{path}: no column of {kind}; name it with {option}")
        yield _row(
            source,
            None if text is None else record[names[text]],
            None if label is None else record[names[label]],
        )


def _json_records(path: Path) -> Iterator[Mapping[str, Any] | None]:
    with _opened(path) as lines:
        for line in lines:
            if line.strip():
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    record = None
                yield record if isinstance(record, dict) else None


def _parquet(path: Path, columns: Columns, *, labelled: bool) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as data, pq.ParquetFile(data) as file:
            records = (record for batch in file.iter_batches(1000) for record in batch.to_pylist())
            yield from _records(path, records, columns, labelled=labelled)
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: damaged or cut off: {reason}") from error

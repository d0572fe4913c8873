"""Tables of text as people have them: commas, semicolons, tabs or bars; UTF-8 or UTF-16.

for number, row in read_sheet(Path("captions.csv")):
    print(number, row["image"], row["caption"])
"""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from multimodal.errors import UserError

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DELIMITERS = ",\t;|"


def _bare_utf16(start: bytes) -> str | None:
    """The encoding of two bytes a character without a mark, as its first character shows it."""
    if len(start) < 4 or 0 not in start:
        return None
    return "utf-16-le" if start[1] == 0 else "utf-16-be"


@contextmanager
def open_text(file: Path, errors: str = "strict") -> Iterator[TextIO]:
    """Open a text in UTF-8, or in UTF-16 or UTF-32 by its first bytes; .gz is unpacked."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rb") as raw:
        start = raw.read(4)
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    if encoding is None:
        encoding = _bare_utf16(start) or "utf-8"
    if encoding != "utf-8":
        errors = "strict" if errors == "surrogateescape" else errors
    with opener(file, "rt", encoding=encoding, errors=errors, newline="") as text:
        yield text


def read_sheet(file: Path, errors: str = "strict") -> Iterator[tuple[int, dict[str, str]]]:
    """Read the rows of a table under its header, each with the number of its last line.

    The header tells what separates cells. Tabs separate without quoting, as in TSV: a quotation
    mark is a character there. Cells that a row lacks are empty.

    Args:
        file: the table; a name that ends in .gz is unpacked.
        errors: what becomes of bytes that are no text; see `open`.

    Raises:
        UserError: a row has too many cells, one of a TSV too few, or quotation marks do not fit.
        OSError, UnicodeError: as from reading.
    """
    csv.field_size_limit(2**31 - 1)  # of the process; the default loses rows with long cells
    with open_text(file, errors) as text:
        header = text.readline()
        delimiter = max(_DELIMITERS, key=header.count)
        text.seek(0)
        table = csv.reader(
            text,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
            skipinitialspace=True,
            strict=True,
        )
        try:
            yield from _named(table, delimiter, file)
        except csv.Error as error:
            raise UserError(f"{file}, line {table.line_num}: {error}") from error


def header_of(file: Path, errors: str = "strict") -> list[str]:
    """The names of a table's columns."""
    with open_text(file, errors) as text:
        header = text.readline()
        delimiter = max(_DELIMITERS, key=header.count)
        return [name.strip().strip('"') for name in header.strip("\r\n").split(delimiter)]


def _named(table: csv.reader, delimiter: str, file: Path) -> Iterator[tuple[int, dict[str, str]]]:  # type: ignore[valid-type]
    names: list[str] = []
    for cells in table:  # type: ignore[attr-defined]
        if not names:
            names = [name.strip().removeprefix("\ufeff") for name in cells]
            continue
        if not any(cells):
            continue
        number: int = table.line_num  # type: ignore[attr-defined]
        if len(cells) > len(names):
            hint = "a caption holds a tab" if delimiter == "\t" else f"quote one with {delimiter!r}"
            raise UserError(f"{file}, line {number}: too many cells; {hint}")
        if len(cells) < len(names) and delimiter == "\t":
            raise UserError(f"{file}, line {number}: too few cells; a caption holds a line break")
        cells += [""] * (len(names) - len(cells))
        yield number, dict(zip(names, (c.replace("\r\n", "\n") for c in cells), strict=True))

"""Pictures, or paths to them, inside tables, tar shards, zip archives and data sets.

A container that is damaged gives the pictures before the damage, and one item that says so.
"""

from __future__ import annotations

import csv
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Any

from multimodal.errors import UserError
from pipelines.caption.items import Item, looks_like_picture

# Tried in this order, in any case.
COLUMNS = (
    *("image", "path", "file_name", "filename", "file", "filepath", "image_path", "img"),
    *("bytes", "jpg", "jpeg", "png", "webp"),
)
MOST_BYTES = 2**28  # of a picture in a shard or an archive; it is held in memory whole
ENCRYPTED = 1  # among the flags of a zip archive's member
ROWS = 16  # of a Parquet table that are in memory at a time

Reader = Callable[[str], Iterator[Item]]


def _damage_is_an_item(reader: Reader) -> Reader:
    """One bad container never ends a run."""

    @wraps(reader)
    def read(source: str) -> Iterator[Item]:
        try:
            yield from reader(source)
        except UserError as error:
            yield Item(source, error=str(error))
        except FileNotFoundError as error:
            yield Item.unreadable(source, error)
        except Exception as error:  # decompressors and parsers meet damage with errors of any type
            yield Item(source, error=f"is damaged or cut off: {_first_line(error)}")

    return read


@_damage_is_an_item
def read_csv(source: str) -> Iterator[Item]:
    """A table with a header, and a column of paths."""
    with Path(source).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.DictReader(file)
        column = _column(rows.fieldnames or ())
        yield from _items(source, (row[column] for row in rows))


@_damage_is_an_item
def read_json_lines(source: str) -> Iterator[Item]:
    """A JSON object a line, each with a path."""
    with Path(source).open(encoding="utf-8-sig", errors="surrogateescape") as lines:
        yield from _items(source, (_json_value(line) for line in lines if line.strip()))


@_damage_is_an_item
def read_parquet(source: str) -> Iterator[Item]:
    """A table with a column of paths, of bytes, or of both as `datasets` has it."""
    import pyarrow.parquet as pq

    with Path(source).open("rb") as data, pq.ParquetFile(data) as file:
        column = _column(file.schema_arrow.names)
        batches = file.iter_batches(ROWS, columns=[column])
        yield from _items(source, (value for b in batches for value in b.column(0).to_pylist()))


@_damage_is_an_item
def read_tar(source: str) -> Iterator[Item]:
    """The pictures of a tar shard, as WebDataset packs them; its other members are passed over."""
    with tarfile.open(source) as tar:
        while (member := tar.next()) is not None:
            if member.isreg() and looks_like_picture(member.name):
                yield _member(source, tar, member)
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
        if _ends_early(tar):
            raise UserError("is damaged or cut off: what comes next is no member")


@_damage_is_an_item
def read_zip(source: str) -> Iterator[Item]:
    """The pictures of a zip archive, in its order; hidden files and all others are passed over."""
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            if looks_like_picture(member.filename) and not _is_hidden(member.filename):
                yield _zipped(source, archive, member)


@_damage_is_an_item
def read_saved_dataset(source: str) -> Iterator[Item]:
    """What `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote, all splits in order."""
    from datasets import load_from_disk

    yield from _dataset_items(source, load_from_disk(source))


def read_hub_dataset(source: str) -> Iterator[Item]:
    """A data set of the Hugging Face Hub, streamed, all splits in their order.

    Raises:
        UserError: the Hub or the network fails; a run that stops here can be resumed.
    """
    from datasets import load_dataset

    try:
        yield from _dataset_items(source, load_dataset(source, streaming=True))
    except Exception as error:  # the library raises its own, the network's and plain errors alike
        raise UserError(f"{source}: not to be had from the Hub: {_first_line(error)}") from error


def _dataset_items(source: str, loaded: Any) -> Iterator[Item]:
    from datasets import Image

    splits = loaded if isinstance(loaded, dict) else {"": loaded}
    for split, rows in splits.items():
        features = rows.features or {}
        pictures = [name for name, feature in features.items() if isinstance(feature, Image)]
        column = pictures[0] if pictures else _column(features)
        if pictures:  # decoding is ours: in the library one broken picture would end the loop
            rows = rows.cast_column(column, Image(decode=False))
        values = (row[column] for row in rows.select_columns([column]))
        yield from _items(f"{source}[{split}]" if split else source, values)


def _column(names: Iterable[str]) -> str:
    """The column that holds the pictures."""
    given = {name.strip().lower(): name for name in reversed(list(names))}
    for name in COLUMNS:
        if name in given:
            return given[name]
    if len(given) == 1:
        return next(iter(given.values()))
    there = ", ".join(reversed(given.values())) or "none"
    raise UserError(f"has no column called path or image (there are: {there})")


def _items(source: str, values: Iterable[object]) -> Iterator[Item]:
    """Cells of a table: paths, bytes, or both as `datasets` stores a picture."""
    for number, value in enumerate(values):
        name = f"{source}#{number}"
        if isinstance(value, Mapping):
            value = value.get("path") if value.get("bytes") is None else value["bytes"]
        if isinstance(value, bytes):
            yield Item(name, value)
        elif isinstance(value, str) and value.strip():
            yield Item.listed(value, Path(source).parent)
        else:
            yield Item(name, error="has no picture: neither a path nor bytes")


def _json_value(line: str) -> object:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    fields = record if isinstance(record, dict) else {}
    return next((fields[name] for name in COLUMNS if name in fields), None)


def _member(source: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Item:
    name = f"{source}/{member.name}"
    if member.size > MOST_BYTES:
        return Item(name, error=f"is too large ({member.size} bytes; at most {MOST_BYTES})")
    file = tar.extractfile(member)
    return Item(name, file.read() if file else b"")


def _is_hidden(name: str) -> bool:
    """Whether a file or a folder around it is hidden, or among what macOS packs along."""
    return any(
        part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts if part != ".."
    )


def _zipped(source: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Item:
    """One member, whose name is a name and never a place; damage is its own alone."""
    name = f"{source}/{member.filename}"
    if member.file_size > MOST_BYTES:  # no more than this is ever unpacked
        return Item(name, error=f"is too large ({member.file_size} bytes; at most {MOST_BYTES})")
    if member.flag_bits & ENCRYPTED:
        return Item(name, error="is encrypted: unpack the archive with its password first")
    try:
        return Item(name, archive.read(member))
    except Exception as error:  # decompressors meet damage with errors of any type
        return Item(name, error=f"is damaged or cut off: {_first_line(error)}")


def _ends_early(tar: tarfile.TarFile) -> bool:
    """Whether something else than the mark of an end comes where the last member ended.

    `tarfile` takes that for the end as well, and says nothing.
    """
    tar.fileobj.seek(tar.offset)
    block = tar.fileobj.read(tarfile.BLOCKSIZE)
    return len(block) % tarfile.BLOCKSIZE > 0 or any(block)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)

"""Pictures, or paths to them, inside tables, tar shards, zip archives and data sets.

A container that is damaged gives the pictures before the damage, and one item that says so.
"""

from __future__ import annotations

import json
import posixpath
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Any

from multimodal.captioning.sheets import header_of, open_text, read_sheet
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

Reader = Callable[[str, "Reading"], Iterator[Item]]


class ContentsNeededError(Exception):
    """Names alone were wanted, and some stand within a file."""


@dataclass
class Reading:
    """How inputs are read, and what was passed over.

    Attributes:
        image_column: the column that holds the pictures; found by its name or kind when None.
        passed_over: how many files were no pictures, by their endings.
        names_only: whether names are wanted and nothing that lies within a file.
    """

    image_column: str | None = None
    passed_over: Counter[str] = field(default_factory=Counter)
    names_only: bool = False

    def pass_over(self, name: str) -> None:
        """Count a file that gets no row."""
        self.passed_over[PurePosixPath(name).suffix.lower() or "without an ending"] += 1


def _damage_is_an_item(reader: Reader) -> Reader:
    """One bad container never ends a run."""

    @wraps(reader)
    def read(source: str, reading: Reading) -> Iterator[Item]:
        try:
            yield from reader(source, reading)
        except UserError as error:
            yield Item(source, error=str(error).removeprefix(f"{source}: "))
        except FileNotFoundError as error:
            yield Item.unreadable(source, error)
        except Exception as error:  # decompressors and parsers meet damage with errors of any type
            yield Item(source, error=f"is damaged or cut off: {_first_line(error)}")

    return read


@_damage_is_an_item
def read_csv(source: str, reading: Reading) -> Iterator[Item]:
    """A table with a header, and a column of paths."""
    file = Path(source)
    columns = _columns(header_of(file, "surrogateescape"), reading)
    rows = (row for _, row in read_sheet(file, "surrogateescape"))
    yield from _items(source, (_first(row, columns) for row in rows))


@_damage_is_an_item
def read_json_lines(source: str, reading: Reading) -> Iterator[Item]:
    """A JSON object a line, each with a path."""
    with open_text(Path(source), "surrogateescape") as lines:
        yield from _items(source, (_json_value(line, reading) for line in lines if line.strip()))


@_damage_is_an_item
def read_parquet(source: str, reading: Reading) -> Iterator[Item]:
    """A table with a column of paths, of bytes, or of both as `datasets` has it."""
    import pyarrow.parquet as pq

    with Path(source).open("rb") as data, pq.ParquetFile(data) as file:
        columns = _columns(file.schema_arrow.names, reading)
        batches = file.iter_batches(ROWS, columns=columns)
        rows = (row for batch in batches for row in batch.to_pylist())
        yield from _items(source, (_first(row, columns) for row in rows))


def holds_pictures(source: str) -> bool:
    """Whether a container beside pictures has some of its own, and is no table that names them."""
    if not source.lower().endswith(".parquet"):
        return True
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(source)
        columns = _columns(schema.names, Reading())
    except (OSError, UserError, pa.ArrowException):
        return False
    types = [schema.field(name).type for name in columns]
    return any(pa.types.is_struct(t) or pa.types.is_binary(t) for t in types)


@_damage_is_an_item
def read_tar(source: str, reading: Reading) -> Iterator[Item]:
    """The pictures of a tar shard, as WebDataset packs them; its other members are passed over.

    Archives that were put together one behind the other are read to their end. What is a link gets
    the picture that it leads to, behind all others.
    """
    links: dict[str, str] = {}
    for tar, member in _members(source):
        if _is_hidden(member.name) or not (member.isreg() or member.issym() or member.islnk()):
            continue
        if not looks_like_picture(member.name):
            reading.pass_over(member.name)
        elif member.isreg():
            yield _member(source, tar, member)
        else:
            links[member.name] = _target(member)
    if links:
        yield from _linked(source, links)


def _members(source: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    with tarfile.open(source) as first:
        tar = first
        while True:
            while (member := tar.next()) is not None:
                yield tar, member
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            begin = _behind(tar)
            if begin is None:
                return
            tar.fileobj.seek(begin)
            tar = tarfile.TarFile(fileobj=tar.fileobj)


def _behind(tar: tarfile.TarFile) -> int | None:
    """Where another archive begins behind the end of one; None where there is none.

    Raises:
        UserError: something else than the mark of an end comes where the last member ended, which
            `tarfile` takes for the end as well; or what follows the end is no archive.
    """
    tar.fileobj.seek(tar.offset)
    ends = tar.offset
    marked = False
    while block := tar.fileobj.read(tarfile.BLOCKSIZE):
        if len(block) < tarfile.BLOCKSIZE:
            break
        if any(block):
            if marked and block[257:262] == b"ustar":
                return ends
            break
        marked = True
        ends += tarfile.BLOCKSIZE
    else:
        return None
    raise UserError("is damaged or cut off: what comes next is no member")


def _target(member: tarfile.TarInfo) -> str:
    """The member that a link leads to: a symbolic one is relative to its own folder."""
    if member.islnk():
        return posixpath.normpath(member.linkname)
    return posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))


def _linked(source: str, links: Mapping[str, str]) -> Iterator[Item]:
    """The pictures behind links, by a second look for those that are led to."""
    known = {posixpath.normpath(name): target for name, target in links.items()}
    ends = {}
    for name, target in links.items():
        passed = {name}
        while target in known and target not in passed:
            passed.add(target)
            target = known[target]
        ends[name] = target
    wanted: dict[str, list[str]] = {}
    for name, target in ends.items():
        wanted.setdefault(target, []).append(name)
    for tar, member in _members(source):
        if member.isreg():
            for name in wanted.pop(posixpath.normpath(member.name), ()):
                yield replace(_member(source, tar, member), name=f"{source}/{name}")
    for target, names in wanted.items():
        for name in names:
            yield Item(f"{source}/{name}", error=f"is a link to {target}, which is not there")


@_damage_is_an_item
def read_zip(source: str, reading: Reading) -> Iterator[Item]:
    """The pictures of a zip archive, in its order; hidden files and all others are passed over."""
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            if member.is_dir() or _is_hidden(member.filename):
                continue
            if looks_like_picture(member.filename):
                yield _zipped(source, archive, member)
            else:
                reading.pass_over(member.filename)


@_damage_is_an_item
def read_saved_dataset(source: str, reading: Reading) -> Iterator[Item]:
    """What `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote, all splits in order."""
    from datasets import load_from_disk

    yield from _dataset_items(source, load_from_disk(source), reading)


def read_hub_dataset(source: str, reading: Reading) -> Iterator[Item]:
    """A data set of the Hugging Face Hub, streamed, all splits in their order.

    Raises:
        UserError: the Hub or the network fails; a run that stops here can be resumed.
    """
    from datasets import load_dataset

    try:
        yield from _dataset_items(source, load_dataset(source, streaming=True), reading)
    except UserError as error:
        raise UserError(f"{source}: {error}") from error
    except Exception as error:  # the library raises its own, the network's and plain errors alike
        raise UserError(f"{source}: not to be had from the Hub: {_first_line(error)}") from error


def _dataset_items(source: str, loaded: Any, reading: Reading) -> Iterator[Item]:
    from datasets import Image

    splits = loaded if isinstance(loaded, dict) else {"": loaded}
    for split, rows in splits.items():
        features = rows.features or {}
        pictures = [name for name, feature in features.items() if isinstance(feature, Image)]
        column = _dataset_column(list(features), pictures, reading)
        if column in pictures:  # decoding is ours: in the library one broken one would end the loop
            rows = rows.cast_column(column, Image(decode=False))
        values = (row[column] for row in rows.select_columns([column]))
        yield from _items(f"{source}[{split}]" if split else source, values)


def _dataset_column(names: Sequence[str], pictures: Sequence[str], reading: Reading) -> str:
    """The one column of pictures, or the one of them that is called so."""
    if reading.image_column is not None or not pictures:
        return _columns(names, reading)[0]
    if len(pictures) == 1:
        return pictures[0]
    try:
        return _columns(pictures, reading)[0]
    except UserError as error:
        there = ", ".join(pictures)
        raise UserError(
            f"has several columns of pictures; name an --image-column: {there}"
        ) from error


def _columns(names: Iterable[str], reading: Reading) -> list[str]:
    """The columns that may hold the pictures; of a row, the first that is not empty does."""
    given = {name.strip().lower(): name for name in reversed(list(names))}
    there = ", ".join(reversed(given.values())) or "none"
    if reading.image_column is not None:
        if (wanted_column := reading.image_column.strip().lower()) not in given:
            raise UserError(f"has no column {reading.image_column!r} (there are: {there})")
        return [given[wanted_column]]
    found = [given[name] for name in COLUMNS if name in given]
    if not found and len(given) == 1:
        found = list(given.values())
    if not found:
        raise UserError(f"has no column called path or image (there are: {there})")
    return found


def _first(row: Mapping[str, Any], columns: Iterable[str]) -> object:
    """The first cell that is not empty."""
    return next((cell for name in columns if _is_given(cell := row.get(name))), None)


def _is_given(cell: object) -> bool:
    if isinstance(cell, Mapping):
        return any(map(_is_given, cell.values()))
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


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


def _json_value(line: str, reading: Reading) -> object:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    try:
        return _first(record, _columns(record, reading))
    except UserError:
        return None


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
        if stat.S_ISLNK(member.external_attr >> 16):
            beside = posixpath.dirname(member.filename)
            target = posixpath.normpath(posixpath.join(beside, archive.read(member).decode()))
            if target not in archive.namelist() or target == member.filename:
                return Item(name, error=f"is a link to {target}, which is not there")
            return replace(_zipped(source, archive, archive.getinfo(target)), name=name)
        return Item(name, archive.read(member))
    except Exception as error:  # decompressors meet damage with errors of any type
        return Item(name, error=f"is damaged or cut off: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)

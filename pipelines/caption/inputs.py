"""What the inputs of a run name: pictures one by one, in an order that is always the same.

An input is a picture, a folder, a pattern such as ``photos/*.jpg``, a list of paths (``.txt``, or
``-`` for the standard input), a table (``.csv``, ``.jsonl``, ``.parquet``), a tar shard, a zip
archive, a folder of `datasets`, or the name of a data set on the Hugging Face Hub.
"""
# ruff: noqa: PTH112, PTH207
# os.path answers where Path raises (a name too long, a folder that may not be entered), and glob
# takes a pattern whole.

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from glob import glob, has_magic
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from multimodal.captioning.sheets import open_text
from multimodal.errors import UserError
from multimodal.hub import names_repository
from multimodal.images import list_pictures
from pipelines.caption.containers import (
    ContentsNeededError,
    Reader,
    Reading,
    holds_pictures,
    read_csv,
    read_hub_dataset,
    read_json_lines,
    read_parquet,
    read_saved_dataset,
    read_tar,
    read_zip,
)
from pipelines.caption.items import Item, looks_like_picture
from pipelines.sources import path_exists

STDIN = "-"
LINES_TRIED = 1000  # of a list, to tell it from prose
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
SAVED_DATASET = ("state.json", "dataset_dict.json")  # one of them is in what `datasets` saved

# Photos that installed packages carry for their own examples, as far as they show what captions
# are about: animals outdoors, people. The last is a tower, of which the captioner knows nothing.
SAMPLES = (
    ("gradio", "media_assets/images/lion.jpg"),
    ("gradio", "media_assets/images/cheetah1.jpg"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ("gradio", "media_assets/images/tower.jpg"),
)


def read_inputs(inputs: Iterable[str | Path], reading: Reading | None = None) -> Iterator[Item]:
    """Every picture that the inputs name, one at a time; what is odd becomes an item with an error.

    Args:
        inputs: what to read.
        reading: how; it counts what was passed over.

    Raises:
        UserError: a data set of the Hub cannot be read any further.
    """
    reading = reading or Reading()
    for source in map(str, inputs):
        yield from _reader(source)(source, reading)


def require_inputs(inputs: Sequence[str | Path]) -> None:
    """See to it that there is something to caption, before a model is loaded.

    Raises:
        UserError: nothing was given, a pattern fits no file, a folder holds no picture, or a text
            is no list of paths.
    """
    if not inputs:
        raise UserError("nothing to caption: name pictures or folders, or use --samples")
    for source in map(str, inputs):
        reader = _reader(source)
        if reader is _read_pattern and not glob(source, recursive=True):
            raise UserError(f"{source}: no file fits this pattern")
        if reader is _read_folder and next(_read_folder(source, Reading()), None) is None:
            raise UserError(f"{source}: no picture in this folder or below it")
        if reader is _read_list and not _names_pictures(source):
            raise UserError(
                f"{source}: is no picture and no list of paths: no line of it names a file"
            )


def names_of(inputs: Sequence[str | Path]) -> Iterator[str]:
    """The names of all pictures, where they can be told without reading what is in any file.

    Raises:
        ContentsNeededError: they cannot.
    """
    readers = {_reader(source) for source in map(str, inputs)}
    if not readers <= {_read_file, _read_folder, _read_pattern, _read_list}:
        raise ContentsNeededError
    return (item.name for item in read_inputs(inputs, Reading(names_only=True)))


def count_inputs(inputs: Sequence[str | Path]) -> int | None:
    """How many pictures there are, where that can be told by looking at names."""
    try:
        return sum(1 for _ in names_of(inputs))
    except ContentsNeededError:
        return None


def find_pictures(inputs: Sequence[str | Path]) -> list[Path]:
    """Files stay as they are, in their order; a folder becomes all the pictures below it.

    Raises:
        UserError: when nothing was given, or a folder holds no picture.
    """
    require_inputs(inputs)
    pictures: list[Path] = []
    for source in map(Path, inputs):
        pictures += list_pictures(source) if source.is_dir() else [source]
    return pictures


def sample_pictures() -> list[Path]:
    """Photos that are on every machine on which this package is installed."""
    found = []
    for package, name in SAMPLES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent / name)
    return [path for path in found if path.is_file()]


def _reader(source: str) -> Reader:
    """Who reads an input; its name decides, and what is there."""
    if source == STDIN:
        return _read_stdin
    if os.path.isdir(source):
        saved = any(Path(source, name).is_file() for name in SAVED_DATASET)
        return read_saved_dataset if saved else _read_folder
    if source.lower().endswith(TARS):
        return read_tar
    if has_magic(source) and not os.path.lexists(source):
        return _read_pattern
    by_ending = _BY_ENDING.get(Path(source).suffix.lower())
    if by_ending is None and names_repository(source) and not looks_like_picture(source):
        return read_hub_dataset
    return by_ending or _read_file


def _read_file(source: str, _: Reading) -> Iterator[Item]:
    yield Item(source, source)


def _read_pattern(source: str, reading: Reading) -> Iterator[Item]:
    for path in sorted(glob(source, recursive=True)):
        if reading.names_only and _reader(path) not in {_read_file, _read_folder, _read_list}:
            raise ContentsNeededError
        if "**" not in source or not os.path.isdir(path):  # ** finds what is in the folders itself
            yield from _reader(path)(path, reading)


def _read_stdin(_: str, __: Reading) -> Iterator[Item]:
    names = (os.fsdecode(line) for line in sys.stdin.buffer)
    yield from _listed(names, Path())


def _read_list(source: str, _: Reading) -> Iterator[Item]:
    try:
        with open_text(Path(source), "surrogateescape") as names:
            yield from _listed(names, Path(source).parent)
    except OSError as error:
        yield Item.unreadable(source, error)


def _names_pictures(source: str) -> bool:
    """Whether a line of a list names a file, or a picture that is no longer there.

    A list that is empty or cannot be read is none of prose either: its row says what is wrong.
    """
    items = list(islice(_read_list(source, Reading()), LINES_TRIED))
    return not items or any(
        item.error or looks_like_picture(item.name) or path_exists(item.name) for item in items
    )


def _listed(lines: Iterable[str], folder: Path) -> Iterator[Item]:
    for line in lines:
        if name := line.rstrip("\r\n"):
            yield Item.listed(name, folder)


def _read_folder(source: str, reading: Reading) -> Iterator[Item]:
    """The pictures below a folder, and those in its tables and shards."""
    alone = True
    containers: list[str] = []
    for item in _walk(source):
        if item.error is not None or looks_like_picture(item.name):
            alone = False
            yield item
        elif _is_container(item.name):
            containers.append(item.name)
        else:
            reading.pass_over(item.name)
    for name in containers:
        if alone or holds_pictures(name):
            if reading.names_only:
                raise ContentsNeededError
            yield from _reader(name)(name, reading)
        else:  # a table of the pictures beside it, such as this program writes
            reading.pass_over(name)


def _walk(folder: str) -> Iterator[Item]:
    """Files below a folder by the order of their paths; hidden ones left out, no folder twice."""
    seen: set[tuple[int, int]] = set()
    ahead = [(folder, True)]
    while ahead:
        path, is_folder = ahead.pop()
        if not is_folder:
            yield Item(path, path)
            continue
        try:
            identity = Path(path).stat()
            if (identity.st_dev, identity.st_ino) not in seen:
                seen.add((identity.st_dev, identity.st_ino))
                ahead += reversed(_entries(path))
        except OSError as error:
            yield Item.unreadable(path, error)


def _entries(folder: str) -> list[tuple[str, bool]]:
    """The files and folders in a folder, and which of them are folders."""
    with os.scandir(folder) as entries:
        visible = sorted((e.name, e.path, _is_folder(e)) for e in entries if e.name[:1] != ".")
    return [(path, is_folder) for _, path, is_folder in visible]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _is_container(name: str) -> bool:
    return name.lower().endswith((*TARS, ".parquet", ".zip"))


_BY_ENDING = {
    ".txt": _read_list,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_json_lines,
    ".parquet": read_parquet,
    ".zip": read_zip,
}

"""Text files beside pictures: whose they are is written down, so that none of people's is touched.

An index beside them names the files that runs wrote, the picture of each, and what it held. A file
that is not in it, or holds something else by now, belongs to people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import chain, count
from pathlib import Path
from typing import Any

from multimodal.atomic import write_text
from pipelines.caption.items import looks_like_picture
from pipelines.caption.rows import CaptionRow, dump_json
from pipelines.caption.tables import write_json_lines

FAILURES = "errors.jsonl"  # the rows that have no file
INDEX = ".captions.json"


class Sidecars:
    """A folder of text files, one for each picture, in folders as the pictures are.

    `a.jpg` has `a.txt`; where `a.png` beside it says something else, that has `a.png.txt`. A
    translation stands beside, in `a.de.txt`. Where the pictures are in the folder itself, each file
    lies beside its picture.

    Args:
        folder: where they are to be.
        fill: whether pictures that have a file keep it.
    """

    def __init__(self, folder: Path, *, fill: bool = False) -> None:
        self.folder = folder
        self._fill = fill
        self._former = _read_index(folder)
        self._written: dict[str, dict[str, str]] = {}

    def write(self, rows: Iterable[CaptionRow], temporary: Path) -> None:
        """Write the files to another folder; `move_into_place` brings them from there."""
        root = self._root(rows)
        for row in rows:
            self._write_one(row, root, temporary, row.text)
        for row in rows:
            if row.language:
                self._write_one(row, root, temporary, row.translation, f".{row.language}")
        failed = (row for row in rows if row.error is not None)
        if (first := next(failed, None)) is not None:
            write_json_lines(chain([first], failed), temporary / FAILURES)
            self._note(temporary, temporary / FAILURES, "")
        self._seen = {_absolute(row) for row in rows} if self._former else set()

    def move_into_place(self, temporary: Path) -> None:
        """Put the files in their place, and take away what earlier runs said of these pictures."""
        self.folder.mkdir(exist_ok=True)
        stale = [name for name in self._former if self._is_stale(name)]
        self._write_index(self._former | self._written)  # a crash leaves none of ours unknown
        for file in [path for path in temporary.rglob("*") if path.is_file()]:
            place = self.folder / file.relative_to(temporary)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
        for name in stale:
            if self._is_ours(name):
                (self.folder / name).unlink()
        kept = {name: entry for name, entry in self._former.items() if name not in stale}
        self._write_index(kept | self._written)

    def _is_stale(self, name: str) -> bool:
        """Whether a file of an earlier run says what this run would not say."""
        if name in self._written:
            return False
        picture = self._former[name]["of"]
        return name == FAILURES or (picture in self._seen and not self._fill)

    def _write_one(
        self, row: CaptionRow, root: str, temporary: Path, text: str, language: str = ""
    ) -> None:
        if row.error is not None or (language and not text):
            return
        picture = Path(os.path.relpath(_absolute(row), root))
        if self._fill and self._has_file(picture, language):
            return
        content = f"{text}\n".encode()
        place = self._free_place(temporary, picture, content, language)
        (temporary / place).parent.mkdir(parents=True, exist_ok=True)
        (temporary / place).write_bytes(content)
        self._note(temporary, temporary / place, _absolute(row))

    def _note(self, temporary: Path, file: Path, picture: str) -> None:
        name = file.relative_to(temporary).as_posix()
        self._written[name] = {"of": picture, "holds": _digest(file.read_bytes())}

    def _has_file(self, picture: Path, language: str) -> bool:
        names = _names(picture, language)
        return any(os.path.lexists(self.folder / next(names)) for _ in range(2))

    def _free_place(self, temporary: Path, picture: Path, content: bytes, language: str) -> Path:
        """Where a text goes: not where people have a file, nor where another picture's text is.

        Captions that say the same may share a file; a translation shares none.
        """
        for place in _names(picture, language):
            if os.path.lexists(self.folder / place) and not self._is_ours(place.as_posix()):
                continue
            there = temporary / place
            if not there.exists() or (not language and there.read_bytes() == content):
                return place
        raise AssertionError("names never end")

    def _is_ours(self, name: str) -> bool:
        entry = self._former.get(name)
        try:
            return (
                entry is not None and _digest((self.folder / name).read_bytes()) == entry["holds"]
            )
        except OSError:
            return False

    def _root(self, rows: Iterable[CaptionRow]) -> str:
        """What the pictures' paths are relative to: this folder, or the deepest that has all."""
        common: str | None = None
        for row in rows:
            if row.error is None:
                folder = os.path.dirname(_absolute(row))  # noqa: PTH120
                common = folder if common is None else os.path.commonpath((common, folder))
        own = os.path.abspath(self.folder)  # noqa: PTH100
        if common is not None and os.path.commonpath((common, own)) == own:
            return own
        return common or os.sep

    def _write_index(self, entries: Mapping[str, Any]) -> None:
        write_text(self.folder / INDEX, dump_json({"format": 1, "files": entries}))


def _names(picture: Path, language: str) -> Iterator[Path]:
    """Where a picture's text may lie, the best place first."""
    if looks_like_picture(picture.name):
        yield picture.with_name(f"{picture.stem}{language}.txt")
    yield picture.with_name(f"{picture.name}{language}.txt")
    for number in count(2):
        yield picture.with_name(f"{picture.name}{language}-{number}.txt")


def _read_index(folder: Path) -> dict[str, dict[str, str]]:
    try:
        content = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return {name: {"of": e["of"], "holds": e["holds"]} for name, e in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _absolute(row: CaptionRow) -> str:
    """Where a picture is, or would be: members of a shard are no files."""
    return os.path.abspath(row.source)  # noqa: PTH100


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()

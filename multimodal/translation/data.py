"""The same sentences in two or more languages, from the public layouts and people's own files.

    text = read_parallel("multi30k/", "train")            # train.en.gz, train.de.gz, train.fr.gz
    text = read_parallel("corpus", "dev")                 # corpus.en and corpus.de
    text = read_parallel("pairs.csv", "train")            # its columns en and de
    text = read_parallel("owner/name", "test")            # a data set on the Hugging Face Hub

Splits that a source states are used: the names of files, a table's `split`, the splits of
`datasets`; "val", "valid" and "validation" are other names of dev. A source that states none is
divided by `multimodal.splits.split_by_hash`.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import permutations
from pathlib import Path
from typing import Any, TypeAlias

from multimodal.errors import UserError
from multimodal.hub import load_data_set, names_repository, reason_of
from multimodal.splits import require_split, split_by_hash, split_by_name, stated_split

_TABLES = (".csv", ".tsv", ".jsonl")
_SAVED = ("state.json", "dataset_dict.json")  # one of them is in what `datasets` saved
_CODE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_NO_LANGUAGE = {"id"}  # a column of that name numbers the rows

Row: TypeAlias = dict[str, str]
"""Language → sentence; never empty, never fewer than two."""


@dataclass(frozen=True)
class Blank:
    """A sentence that should be there and is empty, beside one in another language.

    Attributes:
        place: where it stands, such as "test.de: line 12".
        language: its code.
        beside: the languages that have something there.
    """

    place: str
    language: str
    beside: frozenset[str]


@dataclass(frozen=True)
class ParallelText:
    """Sentences and the same in other languages.

    Attributes:
        languages: their codes, in alphabetical order.
        rows: language → sentence, with two languages or more each.
        blanks: what is empty and so not among the rows.
    """

    languages: tuple[str, ...]
    rows: Sequence[Row]
    blanks: Sequence[Blank] = ()

    def directions(self, pivot: str = "") -> list[tuple[str, str]]:
        """All (from, to); those alone that begin or end with a language, where one is named.

        Raises:
            UserError: when that language is not there.
        """
        if pivot and pivot not in self.languages:
            known = ", ".join(self.languages)
            raise UserError(f"pivot {pivot!r}: no such language in the data; there are {known}")
        pairs = permutations(self.languages, 2)
        return [pair for pair in pairs if not pivot or pivot in pair]

    def pairs(self, source: str, target: str) -> tuple[list[str], list[str]]:
        """The sentences of one direction that are there in both languages."""
        both = [(row[source], row[target]) for row in self.rows if source in row and target in row]
        return [a for a, _ in both], [b for _, b in both]

    def require_whole(self, source: str, target: str) -> None:
        """See to it that no sentence of a direction was left out for being empty.

        Whoever learns can do without it; a figure would flatter, for what is hard is often missing.

        Raises:
            UserError: one was.
        """
        for blank in self.blanks:
            other = source if blank.language == target else target
            if blank.language in {source, target} and other in blank.beside:
                raise UserError(
                    f"{blank.place}: empty in {blank.language!r}, but not in {other!r}: write the "
                    "sentence, or remove the row from both"
                )


def read_parallel(source: str | Path, split: str, languages: Sequence[str] = ()) -> ParallelText:
    """Read one split of parallel text.

    Args:
        source: a folder of text files ``<split>.<language>``, the beginning of the names of such
            files, a .csv, .tsv or .jsonl table, a folder that `datasets` saved, or the name of a
            data set on the Hugging Face Hub. Files may be packed (.gz).
        split: train, dev, test, or the name of a file as far as its language.
        languages: which to read, all that are found unless given: a code such as "de", or
            "de=German" for a column of another name.

    Raises:
        UserError: when the source cannot be read, or has no such split or languages.
    """
    columns = dict(_named(entry) for entry in languages)
    if languages and len(columns) < 2:
        raise UserError("--languages: name two or more, such as en,de")
    rows = _rows(source, split, columns)
    kept = [row.sentences for row in rows if len(row.sentences) > 1]
    if not kept:
        raise UserError(f"{source}: no sentences in two languages in its split {split!r}")
    blanks = [blank for row in rows for blank in row.blanks]
    return ParallelText(tuple(sorted({code for row in kept for code in row})), kept, blanks)


def _named(entry: str) -> tuple[str, str]:
    code, _, column = entry.strip().partition("=")
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?", code):
        raise UserError(f"--languages: {code!r} is no code of a language, such as de")
    return code.lower(), column or code


def _rows(source: str | Path, split: str, columns: Mapping[str, str]) -> list[_Found]:
    path = Path(source)
    ending = Path(path.name.removesuffix(".gz")).suffix.lower()
    if path.is_dir():
        if any((path / name).is_file() for name in _SAVED):
            return _of_tables(str(source), _saved(path), split, columns)
        return _of_files(path, "", split, columns)
    if path.is_file():
        if ending not in _TABLES:
            known = ", ".join(_TABLES)
            raise UserError(
                f"{path}: name a table ({known}), or what the names of text files begin with, "
                "without the languages"
            )
        return _of_tables(str(source), {"": list(_table(path, ending))}, split, columns)
    if path.parent.is_dir() and _text_files(path.parent, path.name):
        return _of_files(path.parent, path.name, split, columns)
    if names_repository(source):
        tables = _without_lone_train(load_data_set(str(source)))
        return _of_tables(str(source), tables, split, columns)
    raise UserError(f"{source}: no such folder, table, text files or data set")


# ---- text files: <name>.<language>[.gz] ----


def _text_files(folder: Path, name: str = "") -> dict[str, dict[str, Path]]:
    """Name without the language → language → file, of all files or those of one name."""
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for file in sorted(folder.iterdir()):
        stem, _, code = file.name.removesuffix(".gz").rpartition(".")
        if stem and _CODE.fullmatch(code) and file.is_file() and (not name or stem == name):
            found[stem].setdefault(code.lower(), file)
    return {stem: files for stem, files in found.items() if len(files) > 1}


def _of_files(folder: Path, name: str, split: str, columns: Mapping[str, str]) -> list[_Found]:
    groups = _text_files(folder, name)
    if not groups:
        raise UserError(f"{folder}: no text files named <split>.<language>, such as train.de")
    if split in groups:
        chosen = [split]
    else:
        chosen = [stem for stem in groups if stated_split(stem) == (split_by_name(split) or split)]
    if chosen:
        return [row for stem in chosen for row in _aligned(groups[stem], columns)]
    if any(stated_split(stem) for stem in groups):
        raise UserError(f"{folder}: no split {split!r}; there are {', '.join(groups)}")
    rows = [row for files in groups.values() for row in _aligned(files, columns)]
    return _hashed(rows, split)


def _aligned(files: Mapping[str, Path], columns: Mapping[str, str]) -> Iterator[_Found]:
    """The lines of files of equal length, one row for each."""
    wanted = {code: path for code, path in files.items() if not columns or code in columns}
    lines = {code: _read_text(path).split("\n") for code, path in wanted.items()}
    for of_file in lines.values():
        if not of_file[-1]:
            of_file.pop()
    (first, count), *others = ((wanted[code], len(of_file)) for code, of_file in lines.items())
    for other, length in others:
        if length != count:
            raise UserError(f"{other}: {length} lines, but {first} has {count}: they do not match")
    for number, values in enumerate(_transposed(lines), 1):
        places = {code: f"{path}: line {number}" for code, path in wanted.items()}
        yield _found(values, places)


def _transposed(lines: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for values in zip(*lines.values(), strict=True):
        yield dict(zip(lines, values, strict=True))


@dataclass(frozen=True)
class _Found:
    """What one row of a source holds."""

    sentences: Row
    blanks: tuple[Blank, ...]


def _found(values: Mapping[str, Any], places: Mapping[str, str]) -> _Found:
    """What is there, in one line each, and what is empty; a cell that holds nothing is neither."""
    joined = {code: " ".join(str(x).split()) for code, x in values.items() if x is not None}
    there = {code: text for code, text in joined.items() if text}
    empty = (code for code in joined if code not in there) if there else ()
    return _Found(there, tuple(Blank(places[code], code, frozenset(there)) for code in empty))


def _hashed(rows: Iterable[_Found], split: str) -> list[_Found]:
    wanted = require_split(split)
    return [
        row
        for row in rows
        if row.sentences and split_by_hash(row.sentences[min(row.sentences)]) == wanted
    ]


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line}: not UTF-8 text; convert the file") from None


# ---- tables ----


def _table(path: Path, ending: str) -> Iterator[dict[str, Any]]:
    text = _read_text(path)
    if ending == ".jsonl":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _json_row(line, f"{path}: line {number}")
        return
    delimiter = "\t" if ending == ".tsv" else max(",;\t", key=text.partition("\n")[0].count)
    table = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in table:
            if None in row:
                raise UserError(f"{path}: line {table.line_num}: more cells than columns")
            yield row
    except csv.Error as error:
        raise UserError(f"{path}: line {table.line_num}: {error}") from error


def _json_row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UserError(f'{where}: not an object like {{"en": "…", "de": "…"}}')
    return row


def _of_tables(
    source: str,
    tables: Mapping[str, Iterable[Mapping[str, Any]]],
    split: str,
    columns: Mapping[str, str],
) -> list[_Found]:
    """The rows of a split, of tables by the names of their splits; "" for one that has none."""
    wanted = split_by_name(split) or split
    stated: dict[str, list[_Found]] = defaultdict(list)
    for name, table in tables.items():
        chosen: dict[str, str] = {}
        for number, row in enumerate(table, 1):
            # `datasets` keeps pairs of languages in one column of this name
            flat = row["translation"] if isinstance(row.get("translation"), dict) else row
            chosen = chosen or _columns(source, list(flat), columns)
            of_row = str(row.get("split") or name).lower()
            place = ", ".join(filter(None, (source, name, f"row {number}")))
            values = {code: flat.get(column) for code, column in chosen.items()}
            found = _found(values, dict.fromkeys(chosen, place))
            stated[split_by_name(of_row) or of_row].append(found)
    if list(stated) == [""]:
        return _hashed(stated[""], split)
    if wanted in stated:
        return stated[wanted]
    raise UserError(f"{source}: no split {split!r}; there are {', '.join(stated) or 'none'}")


def _columns(source: str, names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Language → the column that holds it."""
    if columns:
        missing = next((column for column in columns.values() if column not in names), None)
        if missing is not None:
            raise UserError(f"{source}: no column {missing!r}, but {', '.join(names)}")
        return dict(columns)
    found = {
        name.lower(): name
        for name in names
        if _CODE.fullmatch(name) and name.lower() not in _NO_LANGUAGE
    }
    if len(found) < 2:
        raise UserError(
            f"{source}: no two columns named by languages, but {', '.join(names)}; tell them by "
            "--languages en=COLUMN,de=COLUMN"
        )
    return found


def _saved(folder: Path) -> Mapping[str, Any]:
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # whatever is damaged there raises its own
        raise UserError(f"{folder}: `datasets` cannot read it: {reason_of(error)}") from error
    return _without_lone_train(found) if isinstance(found, dict) else {"": found}


def _without_lone_train(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """A lone "train" is how `datasets` names a table without splits."""
    return {"": tables["train"]} if list(tables) == ["train"] else tables

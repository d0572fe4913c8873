"""Captioned photos, from the public layouts and from people's own tables.

    photos = read_captions("flickr8k/", "train")        # also "dev" and "test"
    photos = read_captions("captions.csv", "train", images=Path("photos"))
    photos = read_captions("owner/name", "dev")         # a data set on the Hugging Face Hub

Splits that a source states are used: Flickr8k's lists, the files of a COCO folder, Karpathy's or a
table's `split`, folders, the splits of `datasets`. Every name that `datasets` knows is known, such
as "training" and "evaluation", and "restval" is a part of train; a row with another name, or with
none where others have one, is an error. No split is made up beside stated ones.
A source that states none (one COCO file, a table, `datasets` with nothing but a "train") is divided
by `multimodal.splits.split_by_hash`.
"""

import json
import os
import re
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from glob import escape, has_magic
from hashlib import sha1
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from multimodal.captioning.sheets import open_text, read_sheet
from multimodal.errors import UserError
from multimodal.hub import load_data_set, names_repository
from multimodal.images import list_pictures
from multimodal.splits import SPLIT_NAMES, require_split, split_by_hash, split_by_name

# Tried in this order, as regular expressions and in any case, where the caller names no column.
_NUMBERED = r"(?:[ _.-]?\d+)?"
IMAGE_COLUMNS = (
    *("image", "file_?name", "image_?name", "image_?path", "path", "file", "file_?path", "img"),
    *("photo", "picture", "image_?file"),
)
CAPTION_COLUMNS = tuple(
    f"{name}{_NUMBERED}"
    for name in ("captions?", "text", "sentences?", "raw", "comment", "descriptions?")
)
CONVERSATION = "conversations"  # of LLaVA: what the model answers is the caption

# The archive of Flickr8k spells it "Flicker8k"; copies of it have mended that.
_PHOTO_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset")


@dataclass(frozen=True)
class CaptionedPhoto:
    """A photo and what people wrote about it.

    Attributes:
        name: unique in the data: the file's name as the source writes it, or the SHA-1 of a picture
            that lies inside a table.
        image: what `multimodal.images.open_image` takes: an existing file, or the bytes of one.
        captions: at least one, none empty, as written (not tokenised).
        label: what to call it: its name, or for a picture inside a table the name or number of its
            row.
    """

    name: str
    image: Path | bytes
    captions: tuple[str, ...]
    label: str = field(default="", compare=False)


def read_captions(
    source: str | Path,
    split: str,
    *,
    images: Path | None = None,
    image_column: str | None = None,
    caption_column: str | None = None,
) -> list[CaptionedPhoto]:
    """Read one split of captioned photos, in the source's order, without opening any photo.

    Args:
        source: what it is shows in its name and contents:
            - the folder of Flickr8k (Hodosh, Young and Hockenmaier 2013);
            - a COCO folder with `annotations/` (Chen et al. 2015), or one `.json` file out of it;
            - the `.json` file of Karpathy's splits (Karpathy and Fei-Fei 2015);
            - a `.csv`, `.tsv`, `.txt` or `.jsonl` table, in which rows of one photo are merged, or
              a `.json` list of such rows, also as LLaVA and BLIP have it;
            - an image folder of `datasets`, with `metadata.csv` or `metadata.jsonl`, or Parquet;
            - a folder of photos with a `.txt` of captions beside each, a caption a line;
            - the name of a data set on the Hugging Face Hub, "owner/name".
        split: "train", "dev" or "test", or another name of these.
        images: the folder of the photos, where they are not beside their captions.
        image_column: the column of a table's photos, where `IMAGE_COLUMNS` do not name it.
        caption_column: that of its captions, where `CAPTION_COLUMNS` do not name it.

    Raises:
        UserError: a source that is not understood, a split or a column that it lacks, a split
            without photos, an empty caption or a missing photo.
    """
    wanted = require_split(split)
    if images is not None and not Path(images).is_dir():
        raise UserError(f"{images}: there is no such folder of photos")
    request = _Request(Path(source), images, image_column, caption_column)
    return _photos(_rows_of_split(request, wanted), _photo_folders(request))


def read_sentences(file: str | Path) -> list[tuple[str, ...]]:
    """Read captions whose photos are not available, grouped by photo, to learn the language from.

    Args:
        file: lines of photo#number, a tab and a caption, as Flickr30k is published (Young, Lai,
            Hodosh and Hockenmaier 2014); a name that ends in .gz is unpacked.

    Raises:
        UserError: when the file cannot be read, or a line is not of that form.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for where, line in _lines(Path(file)):
        name, caption = _token_line(line, where)
        groups[name].append(caption)
    return [tuple(captions) for captions in groups.values()]


@dataclass(frozen=True)
class _Request:
    source: Path
    images: Path | None
    image_column: str | None
    caption_column: str | None


@dataclass(frozen=True)
class _Row:
    """A photo and captions as a source has them; several rows may speak of one photo."""

    name: str
    image: bytes | tuple[Path, ...]  # places to look in, relative to any of the photo folders
    captions: tuple[str, ...]
    where: str
    label: str = ""


# What a reader yields: the source's name of a split, or None where it states none, and its rows, to
# be taken before the next split is asked for. A split that nobody wants is therefore never read.
_Splits = Iterator[tuple[str | None, Iterable[_Row]]]
_Reader = Callable[[_Request], _Splits]
_T = TypeVar("_T")


def _rows_of_split(request: _Request, wanted: str) -> list[_Row]:
    rows: list[_Row] = []
    offered: set[str | None] = set()
    for name, part in _reader(request.source)(request):
        offered.add(name)
        if name is None:
            rows += (row for row in part if split_by_hash(row.name) == wanted)
        elif split_by_name(name) == wanted:
            rows += part
    if not rows:
        stated = ", ".join(sorted(filter(None, offered))) or "none"
        divided = "names divide it, a tenth each: add photos, or make folders train and dev"
        hint = divided if None in offered else f"there are: {stated}"
        raise UserError(f"{request.source}: no photo in a {wanted} split ({hint})")
    return rows


def _stated_split(cell: Any, where: str) -> str:
    """The split that a row states.

    Raises:
        UserError: it states none, or one by an unknown name.
    """
    name = "" if cell is None else str(cell).strip()
    if split_by_name(name) is None:
        stated = f"the split {name!r} is unknown" if name else "the split is empty"
        raise UserError(f"{where}: {stated}; use {', '.join(SPLIT_NAMES)}")
    return name


def _photos(rows: Iterable[_Row], folders: list[Path]) -> list[CaptionedPhoto]:
    """Merge the rows of each photo, and see to it that captions and files are there."""
    merged: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if not row.captions or not all(row.captions):
            raise UserError(f"{row.where}: photo {row.name!r} lacks a caption or has an empty one")
        merged[row.name].append(row)
    photos, missing = [], []
    for name, same in merged.items():
        image = _locate(same[0].image, folders)
        if image is None:
            missing.append(same[0])
        else:
            captions = tuple(caption for row in same for caption in row.captions)
            photos.append(CaptionedPhoto(name, image, captions, same[0].label or name))
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        searched = ", ".join(map(str, folders))
        problem = f"photo {missing[0].name!r}{more} is missing; looked in {searched}"
        raise UserError(f"{missing[0].where}: {problem}")
    return photos


def _locate(image: bytes | tuple[Path, ...], folders: list[Path]) -> Path | bytes | None:
    if isinstance(image, bytes):
        return image
    candidates = (folder / place for folder in folders for place in image)
    # Path.is_file raises for a name that is longer than the file system allows.
    return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113


def _photo_folders(request: _Request) -> list[Path]:
    if request.images is not None:
        return [Path(request.images)]
    root = request.source if request.source.is_dir() else request.source.parent
    root = root.parent if root.name == "annotations" else root
    return [root, *(root / name for name in _PHOTO_FOLDERS if (root / name).is_dir())]


def _grouped(pairs: Iterable[tuple[str | None, _T]]) -> Iterator[tuple[str | None, list[_T]]]:
    groups: dict[str | None, list[_T]] = defaultdict(list)
    for split, item in pairs:
        groups[split].append(item)
    return iter(groups.items())


# ---- Flickr8k, COCO, Karpathy ----


def _read_flickr8k(request: _Request) -> _Splits:
    """Read the lists; captions of other photos are ignored, as the published file has some."""
    rows: dict[str, list[_Row]] = defaultdict(list)
    for where, line in _lines(request.source / "Flickr8k.token.txt"):
        name, caption = _token_line(line, where)
        rows[name].append(_Row(name, (Path(name),), (caption,), where))
    for file in sorted(request.source.glob("Flickr_8k.*Images.txt")):
        listed = {line.strip(): where for where, line in _lines(file)}
        split = file.name.removeprefix("Flickr_8k.").removesuffix("Images.txt")
        found = [rows.get(name) or [_Row(name, (), (), where)] for name, where in listed.items()]
        yield split, chain.from_iterable(found)


def _token_line(line: str, where: str) -> tuple[str, str]:
    key, _, caption = line.partition("\t")
    name, number_sign, _ = key.rpartition("#")
    if not number_sign:
        raise UserError(f"{where}: expected photo#number, a tab and a caption")
    return name, caption.strip()


def _read_coco_folder(request: _Request) -> _Splits:
    """Read captions_train2017.json and its like, or those of them that a pattern names.

    Raises:
        UserError: there are several years of a split.
    """
    if request.source.is_dir():
        files = sorted(request.source.glob("annotations/captions_*.json"))
    else:
        files = sorted(request.source.parent.glob(request.source.name))
    by_split: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        by_split[file.stem.removeprefix("captions_").rstrip("0123456789")].append(file)
    for split, (file, *others) in by_split.items():
        if others:
            both = ", ".join(found.name for found in (file, *others))
            year = others[-1].stem.removeprefix(f"captions_{split}")
            pattern = file.with_name(f"captions_*{year}.json")
            raise UserError(
                f"{request.source}: holds several years ({both}); name one, such as {pattern}"
            )
        parts = _read_json(replace(request, source=file))
        yield split, (row for _, rows in parts for row in rows)


def _read_json(request: _Request) -> _Splits:
    file = request.source
    text = _text(file)
    if text.lstrip()[:1] == "{" and "}\n{" in text:  # rows of JSON under another ending
        yield from _read_table(request)
        return
    content = _parsed(text, str(file))
    if isinstance(content, list) and content:
        yield from _table_splits(_listed_rows(content, file), request)
        return
    if isinstance(content, dict) and content and all(map(_is_captions, content.values())):
        rows = (_Row(n, (Path(n),), _captions(c, str(file)), str(file)) for n, c in content.items())
        yield None, rows
        return
    try:
        pairs = _coco(content, file) if "annotations" in content else _karpathy(content, file)
        yield from _grouped(pairs)
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"neither COCO captions nor Karpathy's splits: {error!r}"
        raise UserError(f"{file}: {problem}") from error


def _coco(content: dict[str, Any], file: Path) -> Iterator[tuple[None, _Row]]:
    captions: dict[int, list[str]] = defaultdict(list)
    for annotation in content["annotations"]:
        captions[annotation["image_id"]].append(annotation["caption"].strip())
    folder = file.stem.removeprefix("captions_")  # val2017, which holds the photos of that file
    for image in content["images"]:
        name = image["file_name"]
        places = (Path(folder, name), Path(name))
        yield None, _Row(name, places, tuple(captions[image["id"]]), str(file))


def _karpathy(content: dict[str, Any], file: Path) -> Iterator[tuple[str, _Row]]:
    for image in content["images"]:
        name = image["filename"]
        places = (Path(image.get("filepath", ""), name), Path(name))
        captions = tuple(sentence["raw"].strip() for sentence in image["sentences"])
        yield (
            _stated_split(image["split"], f"{file}, {name}"),
            _Row(name, places, captions, str(file)),
        )


# ---- tables ----


def _read_table(request: _Request, folder: Path = Path()) -> _Splits:
    """Read a table whose photos are named relative to `folder`."""
    file = request.source
    if file.suffix.lower() in (".jsonl", ".json"):
        lines = list(_json_lines(file))
    elif _is_token_file(file):
        yield from _read_token_file(file)
        return
    else:
        lines = list(_sheet_lines(file))
    yield from _table_splits(lines, request, folder)


def _table_splits(
    lines: Sequence[tuple[str, dict[str, Any]]], request: _Request, folder: Path = Path()
) -> _Splits:
    file = request.source
    if not lines:
        raise UserError(f"{file}: there are no rows in it")
    columns = list(dict.fromkeys(name for _, line in lines for name in line))
    image_columns, caption_columns = _columns(columns, str(file), request)
    split_column = next((name for name in columns if name.strip().lower() == "split"), None)
    pairs = []
    for where, line in lines:
        image = next((line[name] for name in image_columns if line.get(name)), None)
        if not image:
            raise UserError(f"{where}: column {image_columns[0]!r} names no photo")
        name = (folder / str(image)).as_posix()
        captions = _row_captions([line.get(column) for column in caption_columns], where)
        split = None if split_column is None else _stated_split(line.get(split_column), where)
        pairs.append((split, _Row(name, (Path(name),), captions, where)))
    yield from _grouped(pairs)


def _listed_rows(content: list[Any], file: Path) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a JSON list, each an object."""
    rows = [(f"{file}, item {number}", row) for number, row in enumerate(content, 1)]
    for where, row in rows:
        if not isinstance(row, dict):
            raise UserError(f'{where}: expected an object like {{"image": …, "caption": …}}')
    return rows


def _is_captions(value: Any) -> bool:
    """Whether something can only be captions: a text, or texts in a list."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def _is_token_file(file: Path) -> bool:
    """Whether its first line is photo#number, a tab and a caption."""
    _, first = next(_lines(file), ("", ""))
    return re.match(r"[^\t]+#\d+\t", first) is not None


def _read_token_file(file: Path) -> _Splits:
    pairs = ((where, _token_line(line, where)) for where, line in _lines(file))
    yield None, (_Row(name, (Path(name),), (caption,), where) for where, (name, caption) in pairs)


def _read_sidecars(request: _Request) -> _Splits:
    """Read photos with a text file beside each; folders may be named like splits.

    Photos that a run of `multimodal caption` could not open are left out.

    Raises:
        UserError: a photo has no text, or one with nothing in it.
    """
    source = request.source
    failed = _failed_before(source)
    pairs: list[tuple[str | None, _Row]] = []
    lacking: list[Path] = []
    for photo in list_pictures(source):
        texts = (photo.with_suffix(".txt"), photo.with_name(f"{photo.name}.txt"))
        text = next((place for place in texts if place.is_file()), None)
        name = photo.relative_to(source)
        if text is not None:
            captions = tuple(line.strip() for _, line in _lines(text))
            split = name.parts[0] if split_by_name(name.parts[0]) else None
            pairs.append((split, _Row(name.as_posix(), (name,), captions, str(text))))
        elif photo.resolve() not in failed:
            lacking.append(photo)
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise UserError(f"{lacking[0]}{more}: has no .txt with a caption beside it")
    if len({split is None for split, _ in pairs}) > 1:
        stray = next(row for split, row in pairs if split is None)
        raise UserError(f"{stray.where}: is in no folder of a split, and others are")
    yield from _grouped(pairs)


def _failed_before(folder: Path) -> set[Path]:
    errors = folder / "errors.jsonl"
    if not errors.is_file():
        return set()
    return {Path(row["path"]).resolve() for _, row in _json_lines(errors) if "path" in row}


def _read_image_folder(request: _Request) -> _Splits:
    """Read the tables of an image folder of `datasets`: one, or one in the folder of each split.

    `datasets` itself would guess splits from the names of files: with a photo named test-1.jpg it
    drops those beside it.
    """
    for pattern in ("metadata.csv", "metadata.jsonl", "*/metadata.csv", "*/metadata.jsonl"):
        for file in sorted(request.source.glob(pattern)):
            folder = file.parent.relative_to(request.source)
            folder_split = folder.name if split_by_name(folder.name) else None
            for split, rows in _read_table(replace(request, source=file), folder):
                yield folder_split if split is None else split, rows


def _sheet_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        for number, row in read_sheet(file):
            yield f"{file}, line {number}", _mended(row)
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:  # missing, or a damaged archive
        raise _unreadable(file, error) from error


def _mended(row: dict[str, str]) -> dict[str, str]:
    """Flickr30k's results.csv lacks a bar in one row, between the number and the caption."""
    number = row.get("comment_number", "")
    if row.get("comment") == "" and (found := re.fullmatch(r"(\d+)\s+(\S.*)", number)):
        return row | {"comment_number": found[1], "comment": found[2]}
    return row


def _json_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _lines(file):
        row = _parsed(line, where)
        if not isinstance(row, dict):
            raise UserError(f'{where}: expected an object like {{"image": …, "caption": …}}')
        yield where, row


def _columns(columns: list[str], where: str, request: _Request) -> tuple[list[str], list[str]]:
    """Choose the columns of the photos, of which one is used, and those of the captions."""

    def choose(kind: str, wanted: str | None, usual: tuple[str, ...]) -> list[str]:
        for name in usual if wanted is None else (re.escape(wanted),):
            pattern = re.compile(name, re.IGNORECASE)
            found = [column for column in columns if pattern.fullmatch(column.strip())]
            if found:
                return found
        problem = f"no column {wanted!r}" if wanted else f"no column is known to hold the {kind}s"
        raise UserError(f"{where}: {problem}; name a {kind}_column out of: {', '.join(columns)}")

    images = choose("image", request.image_column, IMAGE_COLUMNS)
    usual = (*CAPTION_COLUMNS, CONVERSATION)
    return images, choose("caption", request.caption_column, usual)


def _row_captions(cells: Sequence[Any], where: str) -> tuple[str, ...]:
    """The captions in the cells of a row, of which some may be empty, but not all."""
    filled = [cell for cell in cells if cell is not None and (cell != "" or len(cells) == 1)]
    return _captions([cell for cell in filled if cell or len(filled) == 1], where)


def _captions(cell: Any, where: str) -> tuple[str, ...]:
    """Return the captions in a cell: a text, a list, or {"raw": text} as copies of COCO have it."""
    if cell is None or isinstance(cell, str):
        return ((cell or "").strip(),)
    if isinstance(cell, list):
        if cell and all(isinstance(turn, Mapping) and "from" in turn for turn in cell):
            return _first_answer(cell, where)
        return tuple(caption for item in cell for caption in _captions(item, where))
    if isinstance(cell, Mapping):
        return _captions(cell.get("raw"), where)
    raise UserError(f"{where}: a caption is a text, not {cell!r}")


def _first_answer(turns: Sequence[Mapping[str, Any]], where: str) -> tuple[str, ...]:
    """What is first said of a photo in a conversation of LLaVA."""
    answers = (turn.get("value") for turn in turns if turn["from"] in ("gpt", "assistant"))
    return _captions(next(answers, None), where)


# ---- `datasets`: Parquet and the Hub ----


def _read_parquet(request: _Request) -> _Splits:
    kind = "data_dir" if request.source.is_dir() else "data_files"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        options = {kind: escape(str(request.source.resolve())), "cache_dir": cache}
        tables = load_data_set(str(request.source), "parquet", **options)
        yield from _dataset_splits(tables, request)


def _read_hub(request: _Request) -> _Splits:
    yield from _dataset_splits(load_data_set(request.source.as_posix()), request)


def _dataset_splits(tables: Mapping[str, Any], request: _Request) -> _Splits:
    for name, table in tables.items():
        where = f"{request.source}, {name}"
        column = next((c for c in table.column_names if c.strip().lower() == "split"), None)
        if len(tables) == 1 and column is not None:
            stated = (
                _stated_split(cell, f"{where} row {number}")
                for number, cell in enumerate(table[column])
            )
            for split, numbers in _grouped(zip(stated, range(len(table)), strict=True)):
                yield split, _dataset_rows(table, numbers, where, request)
        else:
            # A lone "train" is how `datasets` names data without splits.
            split = None if list(tables) == ["train"] else name
            yield split, _dataset_rows(table, range(len(table)), where, request)


def _dataset_rows(
    table: Any, numbers: Iterable[int], where: str, request: _Request
) -> Iterator[_Row]:
    import datasets

    (image_column, *_), caption_columns = _columns(table.column_names, where, request)
    table = table.select_columns([image_column, *caption_columns]).select(numbers)
    if isinstance(table.features[image_column], datasets.Image):
        # Decoded here, one corrupt picture would end the listing.
        table = table.cast_column(image_column, datasets.Image(decode=False))
    for number, row in zip(numbers, table, strict=True):
        place = f"{where} row {number}"
        captions = _row_captions([row[column] for column in caption_columns], place)
        label = _label(row[image_column], f"{where}#{number}")
        yield _Row(*_picture(row[image_column]), captions, place, label)


def _label(cell: Any, place: str) -> str:
    """What a picture is called where it stands: by the file that it was, or by its row."""
    path = cell.get("path") if isinstance(cell, Mapping) else cell
    return Path(path).name if isinstance(path, str) and path else place


def _picture(cell: Any) -> tuple[str, bytes | tuple[Path, ...]]:
    """Return the name and the content or places of a picture: bytes, a file's name, or a pair."""
    if isinstance(cell, Mapping):
        cell = cell.get("path") if cell.get("bytes") is None else cell["bytes"]
        if isinstance(cell, str) and Path(cell).is_file():
            # The path in a cache differs between machines; the split of the photo must not.
            return _digest(Path(cell).read_bytes()), (Path(cell),)
    if isinstance(cell, bytes | bytearray | memoryview):
        return _digest(bytes(cell)), bytes(cell)
    return str(cell or ""), (Path(str(cell or "")),)


# ---- files, and which reader is theirs ----


def _text(file: Path) -> str:
    try:
        with open_text(file) as text:
            return text.read().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:  # missing, or a damaged archive
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{file}: cannot be read: {reason}")


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines that are not blank, and where each of them stands."""
    for number, line in enumerate(_text(file).split("\n"), 1):
        if line.strip():
            yield f"{file}, line {number}", line


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON: {error}") from error


def _digest(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()


_FOLDERS: dict[str, _Reader] = {
    "Flickr8k.token.txt": _read_flickr8k,
    "annotations/captions_*.json": _read_coco_folder,
    "metadata.csv": _read_image_folder,
    "metadata.jsonl": _read_image_folder,
    "*/metadata.csv": _read_image_folder,
    "*/metadata.jsonl": _read_image_folder,
    "*.parquet": _read_parquet,
    "*/*.parquet": _read_parquet,
    "*.txt": _read_sidecars,
    "**/*.txt": _read_sidecars,
}
_FILES: dict[str, _Reader] = {
    ".json": _read_json,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".txt": _read_table,
    ".jsonl": _read_table,
    ".parquet": _read_parquet,
}


def _is_text_table(source: Path) -> bool:
    """Whether a `.txt` has columns, and so is no list of anything else."""
    if source.suffix.lower() != ".txt":
        return True
    _, first = next(_lines(source), ("", ""))
    return any(mark in first for mark in ",\t;|")


def _reader(source: Path) -> _Reader:
    for pattern, read in _FOLDERS.items():
        if any(source.glob(pattern)):
            return read
    if has_magic(source.name) and source.suffix == ".json" and source.parent.is_dir():
        return _read_coco_folder
    is_known = source.is_file() and source.suffix.lower() in _FILES
    if is_known and _is_text_table(source):
        return _FILES[source.suffix.lower()]
    if names_repository(source.as_posix()):
        return _read_hub
    problem = "holds no captions in a known form" if source.exists() else "is not there"
    known = f"a folder with {', '.join(_FOLDERS)}; a file with {', '.join(_FILES)}"
    raise UserError(
        f"{source} {problem}{_inside(source)}; known are {known}; a name on the Hub, owner/name"
    )


def _inside(folder: Path) -> str:
    """What to say of the first table that lies in a folder, which is not looked for there."""
    tables = sorted(path for path in folder.glob("*") if path.suffix in (".csv", ".tsv", ".jsonl"))
    return f"; for its table, name that: {tables[0]}" if tables else ""

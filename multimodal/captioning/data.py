"""Captioned photos, from the public layouts and from people's own tables.

    photos = read_captions("flickr8k/", "train")        # also "dev" and "test"
    photos = read_captions("captions.csv", "train", images=Path("photos"))
    photos = read_captions("owner/name", "dev")         # a data set on the Hugging Face Hub

Splits that a source states are used: Flickr8k's lists, the files of a COCO folder, Karpathy's or a
table's `split`, the splits of `datasets`. "val", "valid" and "validation" are other names of dev,
and "restval" is a part of train. No split is made up beside stated ones: a COCO folder has no test.
A source that states none (one COCO file, a table, `datasets` with nothing but a "train") is divided
by `split_by_hash`.
"""

import csv
import gzip
import json
import os
import re
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from glob import escape
from hashlib import sha1
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from multimodal.errors import UserError

# Tried in this order, as regular expressions and in any case, where the caller names no column.
IMAGE_COLUMNS = ("image", "file_name", "path", "file", "filepath", "img")
CAPTION_COLUMNS = ("caption", "captions", "text", "sentence", "sentences", "raw", r"caption_?\d+")

_SPLITS = {"train": "train", "restval": "train", "test": "test"}
_SPLITS |= dict.fromkeys(("dev", "val", "valid", "validation"), "dev")

# The archive of Flickr8k spells it "Flicker8k"; copies of it have mended that.
_PHOTO_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset")


@dataclass(frozen=True)
class CaptionedPhoto:
    """A photo and what people wrote about it.

    name: unique in the data: the file's name as the source writes it, or the SHA-1 of a picture
        that lies inside a table.
    image: what `multimodal.images.open_image` takes: an existing file, or the bytes of one.
    captions: at least one, none empty, as written (not tokenised).
    """

    name: str
    image: Path | bytes
    captions: tuple[str, ...]


def read_captions(
    source: str | Path,
    split: str,
    *,
    images: Path | None = None,
    image_column: str | None = None,
    caption_column: str | None = None,
) -> list[CaptionedPhoto]:
    """Read one split of captioned photos, in the source's order, without opening any photo.

    source: what it is shows in its name and contents:
        - the folder of Flickr8k (Hodosh, Young and Hockenmaier 2013);
        - a COCO folder with `annotations/` (Chen et al. 2015), or one `.json` file out of it;
        - the `.json` file of Karpathy's splits (Karpathy and Fei-Fei 2015);
        - a `.csv`, `.tsv` or `.jsonl` table, in which rows of one photo are merged;
        - an image folder of `datasets`, with `metadata.csv` or `metadata.jsonl`, or Parquet;
        - the name of a data set on the Hugging Face Hub, "owner/name".
    split: "train", "dev" or "test", or another name of these.
    images: the folder of the photos, where they are not beside their captions.
    image_column, caption_column: the columns of a table, where `IMAGE_COLUMNS` and
        `CAPTION_COLUMNS` do not name them.

    Raises `UserError` for a source that is not understood, for a split or a column that it lacks,
    for a split without photos, an empty caption and a missing photo.
    """
    wanted = _SPLITS.get(split.lower())
    if wanted is None:
        raise UserError(f"split {split!r} is unknown: use train, dev or test")
    if images is not None and not Path(images).is_dir():
        raise UserError(f"{images}: there is no such folder of photos")
    request = _Request(Path(source), images, image_column, caption_column)
    return _photos(_rows_of_split(request, wanted), _photo_folders(request))


def read_sentences(file: str | Path) -> list[tuple[str, ...]]:
    """Read captions whose photos are not at hand, grouped by photo, to learn the language from.

    file: lines of photo#number, a tab and a caption, as Flickr30k is published (Young, Lai, Hodosh
        and Hockenmaier 2014); a name that ends in .gz is unpacked.

    Raises:
        UserError: when the file cannot be read, or a line is not of that form.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for where, line in _lines(Path(file)):
        name, caption = _token_line(line, where)
        groups[name].append(caption)
    return [tuple(captions) for captions in groups.values()]


def split_by_hash(name: str) -> str:
    """Return the split of a photo whose data has none: SHA-1 of its name % 20 → 0 test, 1 dev.

    The other 18 are train. Photos that are added later move none of the others.
    """
    return {0: "test", 1: "dev"}.get(int(_digest(name.encode()), 16) % 20, "train")


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


# What a reader yields: the source's name of a split, or None where it states none, and its rows, to
# be taken before the next split is asked for. A split that nobody wants is therefore never read.
_Splits = Iterator[tuple[str | None, Iterable[_Row]]]
_Reader = Callable[[_Request], _Splits]
_T = TypeVar("_T")


def _rows_of_split(request: _Request, wanted: str) -> list[_Row]:
    rows: list[_Row] = []
    offered: set[str | None] = set()
    for name, part in _reader(request.source)(request):
        if name == "":
            raise UserError(f"{request.source}: a row has an empty split; fill or drop the column")
        offered.add(name)
        if name is None:
            rows += (row for row in part if split_by_hash(row.name) == wanted)
        elif _SPLITS.get(name.lower()) == wanted:
            rows += part
    if not rows:
        stated = ", ".join(sorted(filter(None, offered))) or "none"
        hint = "names divide it; state splits" if None in offered else f"there are: {stated}"
        raise UserError(f"{request.source}: no photo in a {wanted} split ({hint})")
    return rows


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
            photos.append(CaptionedPhoto(name, image, captions))
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
    """Read captions_train2017.json and its like; of several years, the last."""
    files = sorted(request.source.glob("annotations/captions_*.json"))
    by_split = {file.stem.removeprefix("captions_").rstrip("0123456789"): file for file in files}
    for split, file in by_split.items():
        parts = _read_json(replace(request, source=file))
        yield split, (row for _, rows in parts for row in rows)


def _read_json(request: _Request) -> _Splits:
    file = request.source
    content = _parsed(_text(file), str(file))
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
        yield image["split"], _Row(name, places, captions, str(file))


# ---- tables ----


def _read_table(request: _Request, folder: Path = Path()) -> _Splits:
    """Read a table whose photos are named relative to `folder`."""
    file = request.source
    lines = list(_json_lines(file) if file.suffix.lower() == ".jsonl" else _csv_lines(file))
    if not lines:
        raise UserError(f"{file}: there are no rows in it")
    columns = list(lines[0][1])
    image_column, caption_columns = _columns(columns, str(file), request)
    pairs = []
    for where, line in lines:
        if not line.get(image_column):
            raise UserError(f"{where}: column {image_column!r} names no photo")
        name = (folder / str(line[image_column])).as_posix()
        captions = _captions([line.get(column) for column in caption_columns], where)
        split = str(line.get("split") or "").strip() if "split" in columns else None
        pairs.append((split, _Row(name, (Path(name),), captions, where)))
    yield from _grouped(pairs)


def _read_image_folder(request: _Request) -> _Splits:
    """Read the tables of an image folder of `datasets`: one, or one in the folder of each split.

    `datasets` itself would guess splits from the names of files: with a photo named test-1.jpg it
    drops those beside it.
    """
    for pattern in ("metadata.csv", "metadata.jsonl", "*/metadata.csv", "*/metadata.jsonl"):
        for file in sorted(request.source.glob(pattern)):
            folder = file.parent.relative_to(request.source)
            folder_split = folder.name if folder.name.lower() in _SPLITS else None
            for split, rows in _read_table(replace(request, source=file), folder):
                yield folder_split if split is None else split, rows


def _csv_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    text = _text(file)
    # Spreadsheets separate by semicolons where the comma is the decimal sign.
    delimiter = max(",\t;", key=text.partition("\n")[0].count)
    table = csv.DictReader(StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for line in table:
            where = f"{file}, line {table.line_num}"
            if None in line:
                raise UserError(f"{where}: too many cells; quote a caption that has {delimiter!r}")
            yield where, line
    except csv.Error as error:
        raise UserError(f"{file}, line {table.reader.line_num}: {error}") from error


def _json_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _lines(file):
        row = _parsed(line, where)
        if not isinstance(row, dict):
            raise UserError(f'{where}: expected an object like {{"image": …, "caption": …}}')
        yield where, row


def _columns(columns: list[str], where: str, request: _Request) -> tuple[str, list[str]]:
    """Choose the column of the photos and those of the captions."""

    def choose(kind: str, asked: str | None, usual: tuple[str, ...]) -> list[str]:
        for name in usual if asked is None else (re.escape(asked),):
            found = [column for column in columns if re.fullmatch(name, column, re.IGNORECASE)]
            if found:
                return found
        problem = f"no column {asked!r}" if asked else f"no column is known to hold the {kind}s"
        raise UserError(f"{where}: {problem}; name a {kind}_column out of: {', '.join(columns)}")

    image_columns = choose("image", request.image_column, IMAGE_COLUMNS)
    return image_columns[0], choose("caption", request.caption_column, CAPTION_COLUMNS)


def _captions(cell: Any, where: str) -> tuple[str, ...]:
    """Return the captions in a cell: a text, a list, or {"raw": text} as copies of COCO have it."""
    if cell is None or isinstance(cell, str):
        return ((cell or "").strip(),)
    if isinstance(cell, list):
        return tuple(caption for item in cell for caption in _captions(item, where))
    if isinstance(cell, Mapping):
        return _captions(cell.get("raw"), where)
    raise UserError(f"{where}: a caption is a text, not {cell!r}")


# ---- `datasets`: Parquet and the Hub ----


def _read_parquet(request: _Request) -> _Splits:
    kind = "data_dir" if request.source.is_dir() else "data_files"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        options = {kind: escape(str(request.source.resolve())), "cache_dir": cache}
        yield from _dataset_splits(_load_dataset(request, "parquet", **options), request)


def _read_hub(request: _Request) -> _Splits:
    yield from _dataset_splits(_load_dataset(request, request.source.as_posix()), request)


def _load_dataset(request: _Request, name: str, **options: str) -> Mapping[str, Any]:
    import datasets

    bars_were_on = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        return dict(datasets.load_dataset(name, **options))
    except Exception as error:  # a broken file, a private set, no network: each raises its own
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise UserError(f"{request.source}: `datasets` cannot load it: {reason}") from error
    finally:
        if bars_were_on:
            datasets.enable_progress_bars()


def _dataset_splits(tables: Mapping[str, Any], request: _Request) -> _Splits:
    for name, table in tables.items():
        where = f"{request.source}, {name}"
        if len(tables) == 1 and "split" in table.column_names:
            stated = map(str, table["split"])
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

    image_column, caption_columns = _columns(table.column_names, where, request)
    table = table.select_columns([image_column, *caption_columns]).select(numbers)
    if isinstance(table.features[image_column], datasets.Image):
        # Decoded here, one corrupt picture would end the listing.
        table = table.cast_column(image_column, datasets.Image(decode=False))
    for number, row in zip(numbers, table, strict=True):
        place = f"{where} row {number}"
        captions = _captions([row[column] for column in caption_columns], place)
        yield _Row(*_picture(row[image_column]), captions, place)


def _picture(cell: Any) -> tuple[str, bytes | tuple[Path, ...]]:
    """Return the name and the content or places of a picture: bytes, a file's name, or a pair."""
    if isinstance(cell, Mapping):
        cell = cell.get("path") if cell.get("bytes") is None else cell["bytes"]
        if isinstance(cell, str) and Path(cell).is_file():
            # The path in a cache differs between machines; the split of the photo must not.
            return _digest(Path(cell).read_bytes()), (Path(cell),)
    if isinstance(cell, bytes):
        return _digest(cell), cell
    return str(cell or ""), (Path(str(cell or "")),)


# ---- files, and which reader is theirs ----


def _text(file: Path) -> str:
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:  # missing, or a damaged archive
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{file}: cannot be read: {reason}") from error


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
}
_FILES: dict[str, _Reader] = {
    ".json": _read_json,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".jsonl": _read_table,
    ".parquet": _read_parquet,
}


def _reader(source: Path) -> _Reader:
    for pattern, read in _FOLDERS.items():
        if any(source.glob(pattern)):
            return read
    if source.is_file() and source.suffix.lower() in _FILES:
        return _FILES[source.suffix.lower()]
    # A misspelt path into a folder that is here must not go out to the network.
    is_path = source.exists() or source.parent.is_dir()
    if not is_path and re.fullmatch(r"[\w.-]+/[\w.-]+", source.as_posix()):
        return _read_hub
    problem = "holds no captions in a known form" if source.exists() else "is not there"
    known = f"a folder with {', '.join(_FOLDERS)}; a file with {', '.join(_FILES)}"
    raise UserError(f"{source} {problem}; known are {known}; a name on the Hub, owner/name")

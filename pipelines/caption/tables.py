"""Rows as one file: JSON lines, CSV, Parquet, or the results of COCO."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from pipelines import tables
from pipelines.caption.rows import CaptionRow, as_record, clean, dump_json, translated

if TYPE_CHECKING:
    import pyarrow as pa


def write_json_lines(rows: Iterable[CaptionRow], path: Path) -> None:
    """A JSON object a line."""
    tables.write_json_lines(map(as_record, rows), path)


def write_csv(rows: Iterable[CaptionRow], path: Path) -> None:
    """A table; lists are cells of JSON."""
    records = (as_record(row) | {"path": clean(row.source)} for row in rows)
    columns = list(as_record(next(iter(rows), CaptionRow("", "", 0))))
    tables.write_csv(records, columns, path)


def write_parquet(rows: Iterable[CaptionRow], path: Path) -> None:
    """A table with typed columns."""
    tables.write_parquet(map(typed, rows), fields(translated_columns(rows)), path)


def write_coco(
    rows: Iterable[CaptionRow], path: Path, numbers: Mapping[str, int] | None = None
) -> None:
    """A list of results with COCO's keys; a picture without a caption has an empty one.

    Args:
        rows: can be iterated over again and again.
        path: where to.
        numbers: the `image_id` of every name of a file; by default the number that a file is called
            by, such as COCO_val2014_000000391895.jpg.

    Raises:
        UserError: a picture has no number, or two have the same.
    """
    own = coco_ids((row.source for row in rows), numbers)
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows):
            result = {
                "image_id": own[number],
                "caption": row.text,
                **dict.fromkeys(translated(row), row.translation),
                "score": as_record(row)["score"],
                "file_name": row.source,
                "error": row.error,
            }
            file.write((",\n" if number else "\n") + dump_json(result))
        file.write("\n]\n")


def read_image_numbers(annotations: Path) -> dict[str, int]:
    """The ids of the images of a COCO annotation file, by the names of their files.

    Raises:
        UserError: it is no such file.
    """
    try:
        images = json.loads(annotations.read_bytes())["images"]
        return {Path(image["file_name"]).name: int(image["id"]) for image in images}
    except OSError as error:
        raise UserError(f"{annotations}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{annotations}: holds no images with file_name and id") from error


def coco_ids(names: Iterable[str], numbers: Mapping[str, int] | None = None) -> list[int]:
    """The `image_id` of each picture; see `write_coco`."""
    found: dict[int, str] = {}
    for name in names:
        number = _number_of(name, numbers)
        if number in found:
            raise UserError(
                f"{name}: has the image_id {number}, as {found[number]} has; COCO results need "
                "another for each: choose .jsonl, or name the --annotations"
            )
        found[number] = name
    return list(found)


def _number_of(name: str, numbers: Mapping[str, int] | None) -> int:
    file = Path(name).name
    if numbers is not None:
        if file not in numbers:
            raise UserError(f"{name}: is not among the images of the --annotations")
        return numbers[file]
    found = re.fullmatch(r"(?:COCO_\w+_)?(\d{1,18})(?:\.\w+)?", file, re.ASCII)
    if found is None:
        raise UserError(
            f"{name}: has no number in its name, and COCO results need an image_id: name the "
            "--annotations that number the pictures, or choose .jsonl"
        )
    return int(found[1])


def translated_columns(rows: Iterable[CaptionRow]) -> list[str]:
    """The column of translations, as every row of a run has it or none."""
    first = next(iter(rows), None)
    return [] if first is None else list(translated(first))


def fields(more: Sequence[str] = ()) -> list[pa.Field]:
    """The columns of a Parquet table of rows, with more columns of text beside the caption."""
    import pyarrow as pa

    alternative = pa.struct([("caption", pa.string()), ("score", pa.float64())])
    recognised = pa.struct([("name", pa.string()), ("probability", pa.float64())])
    return [
        pa.field("path", pa.string()),
        pa.field("caption", pa.string()),
        *(pa.field(name, pa.string()) for name in more),
        pa.field("score", pa.float64()),
        pa.field("words", pa.list_(pa.string())),
        pa.field("word_scores", pa.list_(pa.float64())),
        pa.field("support", pa.list_(pa.float64())),
        pa.field("confidence", pa.float64()),
        pa.field("alternatives", pa.list_(alternative)),
        pa.field("objects", pa.list_(recognised)),
        pa.field("unmentioned", pa.list_(pa.list_(pa.string()))),
        pa.field("error", pa.string()),
    ]


def typed(row: CaptionRow) -> dict[str, Any]:
    """A row for these columns."""
    lists = {"words": row.words, "word_scores": row.word_scores}
    return as_record(row) | lists | {"path": clean(row.source)}

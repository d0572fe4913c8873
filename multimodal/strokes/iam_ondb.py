"""IAM-OnDB (Liwicki and Bunke 2005) in its own layout, for those who have registered for it.

    ascii/a01/a01-000/a01-000u.txt            the lines of a page, after "CSR:"
    lineStrokes/a01/a01-000/a01-000u-01.xml   the strokes of its first line, and so on
    original/a01/a01-000/strokesu.xml         who wrote the page, where this folder is there
    trainset.txt, testset_v.txt, testset_f.txt    the official parts, here or one folder below

The official parts are taken where their lists are there (its second validation set, testset_t.txt,
belongs to none); else writers are parted like UNIPEN's. Units become those of UNIPEN here: for each
page, `SPREAD` is the median over its lines of how far their ink spreads up and down.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.strokes.handwritten_samples import (
    SPREAD,
    Handwritten,
    believable,
    clean_text,
    writer_split,
)
from multimodal.strokes.xml_tree import Language, read_xml

LISTS = {"train": "trainset.txt", "dev": "testset_v.txt", "test": "testset_f.txt"}
PAGE = Language("a page of IAM-OnDB", "WhiteboardCaptureSession")

_MARK = "CSR:"
_UNKNOWN = 100_000  # what stands for unknown writers begins here


def is_iam_ondb(folder: str | Path) -> bool:
    """Whether a folder has this layout."""
    return (Path(folder) / "lineStrokes").is_dir() and (Path(folder) / "ascii").is_dir()


def read_iam_ondb(folder: str | Path, split: str) -> list[Handwritten]:
    """Read the lines of one part.

    Pages whose number of lines differs from that of their files of strokes are left out, for nobody
    can tell which line is which.

    Args:
        folder: holds `ascii` and `lineStrokes`.
        split: "train", "dev" or "test".

    Raises:
        UserError: no page in it, or a damaged file.
    """
    folder = Path(folder)
    pages = sorted(folder.glob("ascii/*/*/*.txt"))
    if not pages:
        raise UserError(f"{folder}: no page as ascii/a01/a01-000/a01-000u.txt in it")
    part = _official(folder, split)
    lines: list[Handwritten] = []
    for page in pages:
        writer = _writer(folder, page)
        if writer_split(writer) == split if part is None else page.stem in part:
            lines += _page(folder, page, writer)
    return lines


def _official(folder: Path, split: str) -> set[str] | None:
    """The names of the pages of a part, where its list is there."""
    found = sorted([*folder.glob(LISTS[split]), *folder.glob(f"*/{LISTS[split]}")])
    return set(_text(found[0]).split()) if found else None


def _writer(folder: Path, page: Path) -> int:
    """The number of a page's writer; where it is not known, one that stands for the form."""
    letter = page.stem.removeprefix(page.parent.name)
    original = folder / "original" / page.parent.relative_to(folder / "ascii")
    file = original / f"strokes{letter}.xml"
    if file.is_file():
        for element in read_xml(file, PAGE).walk():
            writer = element.attributes.get("writerID", "")
            if writer.isdecimal():
                return int(writer)
    return _UNKNOWN + zlib.crc32(page.parent.name.encode()) % _UNKNOWN


def _page(folder: Path, page: Path, writer: int) -> Iterator[Handwritten]:
    where = folder / "lineStrokes" / page.parent.relative_to(folder / "ascii")
    files = sorted(where.glob(f"{page.stem}-[0-9]*.xml"))
    _, _, below = _text(page).partition(_MARK)
    texts = [line for line in below.splitlines() if line.strip()]
    if len(texts) != len(files) or not files:
        return
    pages = [_strokes(file) for file in files]
    spreads = [float(np.concatenate(strokes)[:, 1].std()) for strokes in pages if strokes]
    unit = float(np.median(spreads)) / SPREAD if spreads else 0.0
    if not unit:
        return
    lines = [
        (clean_text(text), _offsets(strokes, unit))
        for text, strokes in zip(texts, pages, strict=True)
    ]
    counts = [len(offsets) for _, offsets in lines]
    every = np.concatenate([offsets for _, offsets in lines])
    kept = believable([text for text, _ in lines], every, np.cumsum([0, *counts]))
    for (text, offsets), keep in zip(lines, kept, strict=True):
        if keep:
            yield Handwritten(text, writer, offsets)


def _strokes(file: Path) -> list[npt.NDArray[np.float64]]:
    strokes = []
    for stroke in read_xml(file, PAGE).walk():
        points = [point.attributes for point in stroke.children if point.tag == "Point"]
        try:
            rows = [(float(point["x"]), float(point["y"])) for point in points]
        except (KeyError, ValueError):
            raise UserError(f"{file}:{stroke.line}: a point without x or y") from None
        if rows:
            strokes.append(np.array(rows))
    return strokes


def _offsets(strokes: list[npt.NDArray[np.float64]], unit: float) -> npt.NDArray[np.int16]:
    if not strokes:
        return np.zeros((0, 3), np.int16)
    points = np.rint(np.concatenate(strokes) / unit).clip(-(2**14), 2**14)
    lifted = np.zeros(len(points))
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = 1
    steps = np.diff(points, axis=0, prepend=points[:1])
    return np.column_stack([steps, lifted]).astype(np.int16)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error

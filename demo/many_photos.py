"""Many photos: a pile of them, or a zip archive, becomes a table of sentences, and files of it."""

from __future__ import annotations

import shutil
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.caption import CONFIDENCE, confidence
from demo.limits import MEGABYTE, Limits
from demo.shared import Shared, asset, job_buttons, never_fetched, scratch
from demo.uploads import Upload
from multimodal.errors import UserError

if TYPE_CHECKING:
    from pipelines.caption.rows import CaptionRow

BATCH = 8  # pictures at a time: small, so that the table fills steadily
EVERY = 0.3  # seconds between two looks at a growing table
FILES = {"CSV": "captions.csv", "JSONL": "captions.jsonl", "Texts": "captions.zip"}
REPORT = "captions.html"


class Row(TypedDict):
    """What became of one picture."""

    name: Annotated[str, "of the picture; in a zip archive, the archive's before it"]
    caption: Annotated[str, "the sentence, in English; empty after an error"]
    confidence: Annotated[float, CONFIDENCE]
    error: Annotated[str, "why it could not be captioned; else empty"]


@dataclass
class Album:
    """A table of captioned pictures while it grows.

    Attributes:
        total: pictures that there will be, as far as that is known.
        rows: what became of those that are done.
        note: why there are no more.
    """

    total: int
    rows: list[CaptionRow] = field(default_factory=list)
    note: str = ""
    _drawn: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: CaptionRow) -> None:
        """Put the next row into the table."""
        self.rows.append(row)
        self._drawn.append({**as_row(row), "thumbnail": _thumbnail(row)})

    def shown(self, *, running: bool) -> dict[str, Any]:
        """As the page draws it."""
        return {
            "rows": [*self._drawn],
            "total": max(self.total, len(self.rows)),
            "failed": sum(row.error is not None for row in self.rows),
            "running": running,
            "note": self.note,
        }


def as_row(row: CaptionRow) -> Row:
    """A row as API clients get it."""
    return {
        "name": row.source,
        "caption": row.text,
        "confidence": round(confidence(row), 4) if row.text else 0.0,
        "error": row.error or "",
    }


def hand_in(files: object, folder: Path, limits: Limits) -> tuple[list[Path], int]:
    """Put what was uploaded into a folder, under the names that it came with.

    Returns:
        The files, and how many pictures are in them.

    Raises:
        UserError: there is nothing, too much, or more than may be unpacked.
    """
    if not isinstance(files, Sequence) or not files:
        raise UserError("There are no photos yet. Please drop some, or a zip archive of them.")
    places, pictures, size = [], 0, 0
    for number, file in enumerate(files):
        upload = Upload.of(file, limits, "file")
        place = folder / upload.name
        if place.exists():
            place = folder / f"{place.stem} ({number}){place.suffix}"
        _link(upload.path, place)
        places.append(place)
        inside, unpacked = _contents(place)
        pictures, size = pictures + inside, size + unpacked
    if pictures > limits.pictures:
        raise UserError(
            f"These are {pictures:,} pictures. Please hand in at most {limits.pictures:,} at a "
            "time; the command `multimodal caption` takes any number."
        )
    if size > limits.unpacked_bytes:
        most = limits.unpacked_bytes // MEGABYTE
        raise UserError(f"Unpacked, this is {size // MEGABYTE:,} MB. Please keep it to {most} MB.")
    return places, pictures


def caption_all(shared: Shared, places: Sequence[Path], album: Album) -> Iterator[CaptionRow]:
    """Every picture's row, under the name that its owner knows, as long as there is time.

    Args:
        shared: models and limits.
        places: what `hand_in` gave.
        album: gets the rows and, where time ran out, a note.
    """
    from pipelines.caption import caption_images

    end = time.monotonic() + shared.limits.batch_seconds
    captioner = shared.models.captioner
    rows = caption_images(
        places, captioner, batch_size=BATCH, workers=1, thumbnails=True, keep_attention=True
    )
    for row in rows:
        name = str(Path(row.source).relative_to(places[0].parent))
        album.add(replace(row, source=name))
        yield album.rows[-1]
        if time.monotonic() > end:
            seconds = f"{shared.limits.batch_seconds:g}"
            album.note = f"Stopped after {seconds} seconds; hand in the rest separately."
            return


def write_files(rows: Sequence[CaptionRow], folder: Path, *, crop: bool) -> list[str]:
    """Everything that can be downloaded, in the order of the buttons."""
    from pipelines.caption.outputs import Output
    from pipelines.caption.report import write_report
    from pipelines.caption.sidecars import INDEX

    texts = folder / "texts"
    for place in (folder / FILES["CSV"], folder / FILES["JSONL"], texts):
        Output(place).write(rows)
    (texts / INDEX).unlink()  # nobody writes to a downloaded archive again
    shutil.make_archive(str(folder / "captions"), "zip", texts)
    write_report(rows, folder / REPORT, crop=crop)
    return [str(folder / name) for name in (*FILES.values(), REPORT)]


def table(**arguments: Any) -> gr.HTML:
    """The table, which is drawn row by row as it grows."""
    return gr.HTML(
        None,
        html_template='<div class="album"></div>',
        css_template=asset("album.css"),
        js_on_load=asset("album.js"),
        apply_default_css=False,
        **arguments,
    )


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def caption_many(files: Any) -> list[Row]:
        """Caption many photos, or a zip archive of them: a row for each, errors included.

        Args:
            files: Pictures and zip archives.
        """
        folder = scratch()
        try:
            places, total = hand_in(files, folder, shared.limits)
            return [as_row(row) for row in caption_all(shared, places, Album(total))]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def run(files: Any) -> Iterator[list[Any]]:
        folder, inbox = scratch(), scratch()
        try:
            places, total = hand_in(files, inbox, shared.limits)
            album = Album(total)
            nothing = [gr.DownloadButton(visible=False) for _ in downloads]
            yield [album.shown(running=True), *nothing]
            seen = time.monotonic()
            for _ in caption_all(shared, places, album):
                if time.monotonic() > seen + EVERY:
                    yield [album.shown(running=True), *[gr.skip()] * len(downloads)]
                    seen = time.monotonic()
            crop = shared.models.captioner.network.encoder.config.fit == "crop"
            files = write_files(album.rows, folder, crop=crop)
            ready = [gr.DownloadButton(value=file, visible=True) for file in files]
            yield [album.shown(running=False), *ready]
        finally:
            shutil.rmtree(inbox, ignore_errors=True)

    gr.Markdown(
        "Drop photos, or a zip archive of them. Every file gets a row; whatever cannot be opened "
        "gets its reason. Nothing leaves this machine.",
        elem_classes="lede",
    )
    files = gr.File(
        file_count="multiple",
        file_types=["image", ".zip"],
        label="Photos or a zip archive",
        height=170,
        elem_id="many-files",
    )
    never_fetched(files)
    with gr.Row(elem_classes="actions"):
        start = gr.Button("Caption them all", variant="primary", elem_id="many-start")
        stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="many-stop")
    with gr.Row(elem_classes="downloads"):
        downloads = [
            gr.DownloadButton(name, visible=False, size="md") for name in (*FILES, "HTML report")
        ]
    shown = table(elem_id="many-table", elem_classes="bare", label="The captions")
    events = {"preprocess": False, "concurrency_id": "albums", "concurrency_limit": 1}
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    buttons = [start, stop]
    begun = start.click(lambda: job_buttons(running=True), None, buttons, **quick)
    running = begun.then(
        shared.polite(run, seconds=inf), [files], [shown, *downloads], **(shared.private | events)
    )
    for ended in (running.success, running.failure):
        ended(lambda: job_buttons(running=False), None, buttons, **quick)
    stop.click(lambda: job_buttons(running=False), None, buttons, cancels=[running], **quick)
    shared.endpoint(caption_many, [files], **events)


def _link(source: Path, place: Path) -> None:
    try:
        place.hardlink_to(source)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, place)


def _contents(place: Path) -> tuple[int, int]:
    """How many pictures a file holds, and their bytes once unpacked; damage is told later."""
    if place.suffix.lower() != ".zip":
        return 1, place.stat().st_size
    try:
        with zipfile.ZipFile(place) as archive:
            sizes = [member.file_size for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError):
        return 1, 0
    return len(sizes), sum(sizes)


def _thumbnail(row: CaptionRow) -> str:
    return f"data:image/jpeg;base64,{b64encode(row.thumbnail).decode()}" if row.thumbnail else ""

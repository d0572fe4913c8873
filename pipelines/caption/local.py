"""One row for each picture, in order: the loop around the two engines that caption."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from multimodal.errors import UserError
from pipelines.caption.batches import caption_batch, in_batches
from pipelines.caption.containers import Reading
from pipelines.caption.decoding import OpenedAhead, Opener, count_cores
from pipelines.caption.inputs import read_inputs
from pipelines.caption.items import Item, stamp_of
from pipelines.caption.journal import Journal
from pipelines.caption.known import KnownPictures
from pipelines.caption.rows import CaptionRow, require_calibrated

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner
    from pipelines.caption.languages import RowTranslator

Engine: TypeAlias = Literal["local", "ray"]


def caption_images(  # noqa: PLR0913 - the choices of a run, by keyword
    inputs: Iterable[str | Path],
    captioner: Captioner,
    *,
    engine: Engine = "local",
    address: str | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    min_score: float | None = None,
    min_confidence: float | None = None,
    journal: Journal | None = None,
    thumbnails: bool = False,
    keep_pictures: bool = False,
    reading: Reading | None = None,
    translate: RowTranslator | None = None,
    **options: Any,
) -> Iterator[CaptionRow]:
    """Caption everything that the inputs name: one row for each picture, in their order.

    Pictures are opened ahead by threads and captioned in batches that are filled across folders; a
    picture that looks like an earlier one to the network gets its caption. Memory does not grow
    with the number of pictures.

        for row in caption_images(["photos/", "more.tar"], Captioner.from_pretrained()):
            print(row.source, row.error or row.text)

    Args:
        inputs: see `pipelines.caption.inputs`.
        captioner: who captions.
        engine: "local", or "ray" for the actors of a Ray cluster, see `caption.cluster`.
        address: of the cluster's head; a Ray on this machine is started and ended unless given.
        batch_size: new pictures that are captioned at a time.
        workers: threads that open pictures; as many as there are cores, and two at least. With
            Ray, actors; as many as the cluster has cores.
        min_score: a caption with a lower score is withheld; its row says so.
        min_confidence: the same for captions with a lower confidence.
        journal: begun; what it holds is taken from it and comes first, the rest is added to it
            batch by batch, before its rows are given.
        thumbnails: whether rows have a small picture, for a report.
        keep_pictures: whether the journal gets the files that were captioned, byte by byte.
        reading: how inputs are read; it counts what is passed over.
        translate: gives the rows of a batch their captions in another language.
        **options: of generation, such as beam_size, n_best and keep_attention.

    Raises:
        UserError: an option is unknown or out of range, the journal belongs to other inputs, the
            disk refuses, or Ray is not installed or not to be reached.
    """
    if batch_size < 1 or (workers is not None and workers < 1):
        raise UserError(f"batch_size={batch_size}, workers={workers}: must be at least 1")
    require_calibrated(captioner, min_confidence)
    search = captioner.search_options(options)
    items = read_inputs(inputs, reading)
    with KnownPictures() as known:
        for row in replay(journal or (), items):
            known.add(row)
            yield replace(row, picture=b"")
        if engine == "ray":
            from pipelines.caption.cluster import caption_blocks

            actor = {"thumbnails": thumbnails, "keep": keep_pictures, "options": search}
            batches: Iterator[list[CaptionRow]] = caption_blocks(
                items, captioner, actor, address, batch_size, workers
            )
        else:
            opener = Opener(captioner.preprocess, captioner.size, thumbnails, keep_pictures)
            pictures = OpenedAhead(items, opener, workers or max(2, count_cores()), 2 * batch_size)
            opened = in_batches(pictures, batch_size, known)
            batches = (caption_batch(batch, captioner, search, known) for batch in opened)
        for batch in batches:
            rows = [row.sure(min_score, min_confidence) for row in batch]
            rows = translate(rows) if translate else rows
            if journal is not None:
                journal.add(rows)
            yield from (replace(row, picture=b"") for row in rows)


def replay(journal: Iterable[CaptionRow], items: Iterator[Item]) -> Iterator[CaptionRow]:
    """The rows of a journal, while the items that they belong to are taken from the inputs.

    Raises:
        UserError: the inputs name other pictures than they did.
    """
    for row in journal:
        item = next(items, None)
        found = "nothing" if item is None else item.name
        if found != row.source:
            raise UserError(
                f"{row.source}: was captioned, but now there is {found} in its place: "
                "the inputs have changed; begin anew with --overwrite"
            )
        if item is not None and row.stamp and stamp_of(item.image) != row.stamp:
            raise UserError(
                f"{row.source}: has changed since it was captioned; begin anew with --overwrite"
            )
        yield row

"""Batches for the network, and what it says of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.caption.decoding import Opened
from pipelines.caption.known import KnownPictures
from pipelines.caption.rows import CaptionRow

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner

MAX_WAITING = 8  # times its size: a batch is closed then, however few of its pictures are new


def in_batches(
    pictures: Iterable[Opened], size: int, known: KnownPictures
) -> Iterator[list[Opened]]:
    """Batches with `size` new pictures; only these still have their view.

    What a batch holds depends on the pictures alone, never on when they were opened, since the last
    digits of a score depend on the other pictures of its batch.

    Args:
        pictures: opened, in their order.
        size: new pictures of a batch.
        known: those that were captioned before.
    """
    batch: list[Opened] = []
    new: set[str] = set()
    for opened in pictures:
        is_new = opened.error is None and opened.digest not in new and opened.digest not in known
        if is_new:
            new.add(opened.digest)
        batch.append(opened if is_new else replace(opened, view=None))
        if len(new) == size or len(batch) == MAX_WAITING * size:
            yield batch
            batch, new = [], set()
    if batch:
        yield batch


def caption_batch(
    batch: Sequence[Opened],
    captioner: Captioner,
    options: Any,
    known: KnownPictures,
) -> list[CaptionRow]:
    """The rows of a batch; its new pictures become known.

    Args:
        batch: opened pictures.
        captioner: who captions.
        options: how to search.
        known: those that were captioned before.
    """
    new = [(opened, opened.view) for opened in batch if opened.view is not None]
    names, views = [opened.name for opened, _ in new], [view for _, view in new]
    captions = captioner.caption_preprocessed(names, views, options) if new else []
    rows = {}
    for (opened, _), caption in zip(new, captions, strict=True):
        rows[opened.digest] = CaptionRow.of(caption, opened)
        known.add(rows[opened.digest])
    return [_row(opened, rows, known) for opened in batch]


def _row(opened: Opened, new: Mapping[str, CaptionRow], known: KnownPictures) -> CaptionRow:
    if opened.error is not None:
        return replace(CaptionRow.failed(opened.name, opened.error), stamp=opened.stamp)
    if opened.view is not None:
        return new[opened.digest]
    return known.row(opened.digest).belonging_to(opened)

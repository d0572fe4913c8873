"""Pictures opened ahead of the network, side by side, in their order, a bounded number of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from queue import Full, Queue
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import TypeAlias

import numpy as np
from PIL import Image

from multimodal.images import ImageError, count_pixels, open_file, open_image, resize
from multimodal.pixels import RefusedError
from multimodal.processor import give_back_memory
from pipelines.caption.items import Item, stamp_of

THUMBNAIL = 256  # pixels of its longer side
LARGE = 2**24  # pixels; pictures that have more of them are opened one at a time
PATIENCE = 1.0  # seconds for a thread that may be waiting for an input that never comes

_LARGE_ONES = Lock()

View: TypeAlias = Callable[[Image.Image], np.ndarray]


@dataclass(frozen=True, eq=False)
class Opened:
    """What came of one input.

    Attributes:
        name: the input's.
        view: what the network gets to see, uint8 (size, size, 3); None where there is an error.
        digest: the view, hashed; empty where there is an error.
        thumbnail: a small JPEG, where one was asked for.
        stamp: see `CaptionRow`.
        picture: the file that was opened, where it was asked for.
        error: why there is no view.
    """

    name: str
    view: np.ndarray | None = None
    digest: str = ""
    thumbnail: bytes = b""
    stamp: str = ""
    picture: bytes = b""
    error: str | None = None


@dataclass(frozen=True)
class Opener:
    """Makes of an item what the network needs, and no more: memory is held for that alone.

    Attributes:
        view: `Captioner.view`.
        size: pixels of the view's side; a JPEG is decoded no larger than that needs.
        thumbnails: whether to make one of every picture.
        keep: whether to keep the file of every picture.
    """

    view: View
    size: int
    thumbnails: bool = False
    keep: bool = False

    def __call__(self, item: Item) -> Opened:
        """Open one item; whatever is wrong with it is in the result."""
        if item.image is None:
            return Opened(item.name, error=item.error)
        if count_pixels(item.image, needed=self.size) <= LARGE:
            return self._open(item.name, item.image)
        with _LARGE_ONES:
            opened = self._open(item.name, item.image)
            give_back_memory()
        return opened

    def _open(self, name: str, image: str | bytes) -> Opened:
        stamp = stamp_of(image)
        try:
            # What is kept is what is opened, whatever becomes of the file meanwhile.
            content = _content(image) if self.keep else image
            picture = open_image(content, needed=self.size, convert=False)
            view = self.view(picture)
            thumbnail = _thumbnail(picture) if self.thumbnails else b""
        except ImageError as error:
            return Opened(name, stamp=stamp, error=error.reason)
        except MemoryError:
            return Opened(name, stamp=stamp, error="needs more memory than there is")
        kept = content if self.keep and isinstance(content, bytes) else b""
        return Opened(name, view, _digest(view), thumbnail, stamp, kept)


def _content(image: str | bytes) -> str | bytes:
    """The bytes of a file; its name where it cannot be read, which `open_image` explains."""
    if isinstance(image, bytes):
        return image
    try:
        with open_file(image) as file:
            return file.read()
    except (OSError, RefusedError):
        return image


def _digest(view: np.ndarray) -> str:
    """What the network sees, hashed."""
    return blake2b(view.tobytes(), digest_size=16).hexdigest()


def count_cores() -> int:
    """The processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # only Linux has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class OpenedAhead:
    """Iterates over what came of the items, in their order, while threads open the next ones.

    At most `ahead` opened pictures wait, and two pictures a thread wait to be opened: memory is
    bounded however many there are and however far the network lags behind. Pillow lets other
    threads run while it decodes, and so does torch while it computes.

    Args:
        items: read by a thread of its own, since they may come from a slow disk.
        opener: what to do with each.
        workers: how many threads open pictures.
        ahead: how many pictures may wait for the network.
    """

    def __init__(
        self, items: Iterable[Item], opener: Callable[[Item], Opened], workers: int, ahead: int
    ) -> None:
        self._items, self._opener, self._workers = items, opener, workers
        self._waiting: Queue[Future[Opened] | None] = Queue(ahead)
        self._unopened = BoundedSemaphore(2 * workers)
        self._stop = Event()

    def __iter__(self) -> Iterator[Opened]:
        """Yield every opened item; an error of the items themselves is raised in its place."""
        feeder = Thread(target=self._feed, name="read inputs", daemon=True)
        feeder.start()
        try:
            while (opened := self._waiting.get()) is not None:
                yield opened.result()
        finally:
            self._stop.set()
            feeder.join(PATIENCE)

    def _feed(self) -> None:
        with ThreadPoolExecutor(self._workers, "open pictures") as pool:
            try:
                for item in self._items:
                    self._unopened.acquire()
                    future = pool.submit(self._opener, item)
                    future.add_done_callback(lambda _: self._unopened.release())
                    if not self._put(future):
                        return
            except BaseException as error:  # belongs to whoever iterates
                failed: Future[Opened] = Future()
                failed.set_exception(error)
                self._put(failed)
            self._put(None)

    def _put(self, future: Future[Opened] | None) -> bool:
        """Wait for room; False when nobody wants more."""
        while not self._stop.is_set():
            try:
                self._waiting.put(future, timeout=0.1)
            except Full:
                continue
            return True
        return False


def _thumbnail(picture: Image.Image) -> bytes:
    scale = min(1.0, THUMBNAIL / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    file = BytesIO()
    resize(picture, size).save(file, "JPEG", quality=75)
    return file.getvalue()

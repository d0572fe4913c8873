"""The engine that captions on the machines of a Ray cluster (the `ray` extra).

Every batch is one block of a Ray data set: the actors open its pictures, caption them by the same
class as everybody and give its rows back as JSON. A block holds the same pictures whenever and
wherever it is captioned, so that a resumed run ends as an unbroken one does. Actors know nothing of
each other: a picture that comes again is recognised within its batch only.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.errors import UserError
from pipelines.caption.batches import caption_batch, in_batches
from pipelines.caption.decoding import Opener
from pipelines.caption.items import Item
from pipelines.caption.known import KnownPictures
from pipelines.caption.rows import CaptionRow, dump_json, from_journal, to_journal

if TYPE_CHECKING:
    import pyarrow as pa


def caption_blocks(
    items: Iterable[Item],
    captioner: Captioner,
    actor: Mapping[str, Any],
    address: str | None,
    batch_size: int,
    workers: int | None,
) -> Iterator[list[CaptionRow]]:
    """Caption items by actors of Ray Data with a core each, the rows of a block at a time.

    Files are opened by the actors: every machine has to see them under the same path. What lies in
    tables and shards is sent to them.

    Args:
        items: what to caption.
        captioner: who captions; every actor gets a copy.
        actor: the further arguments of `CaptionActor`.
        address: of the cluster's head; a Ray on this machine is started and ended unless given.
        batch_size: pictures of a block.
        workers: how many actors; as many as there are cores unless given.

    Raises:
        UserError: Ray is not installed or not to be reached.
    """
    with _Ray(address) as ray:
        blocks = [ray.put(block) for block in _blocks(items, batch_size)]
        if not blocks:
            return
        given = {"captioner": ray.put(captioner), **actor}
        for block in _captioned(blocks, given, workers or int(ray.cluster_resources()["CPU"])):
            yield [from_journal(json.loads(line)) for line in block["row"].to_pylist()]


class CaptionActor:
    """A captioner on one core of a cluster: a block of items in, a block of rows out.

    Args:
        captioner: a reference to it in Ray's object store.
        options: how to caption.
        thumbnails: whether rows have a small picture.
        keep: whether rows have the files of their pictures.
    """

    def __init__(
        self, captioner: Any, options: CaptionOptions, *, thumbnails: bool, keep: bool
    ) -> None:
        import ray

        self._captioner: Captioner = ray.get(captioner)
        size = self._captioner.network.encoder.config.size
        self._opener = Opener(self._captioner.preprocess, size, thumbnails, keep)
        self._options = options

    def __call__(self, block: pa.Table) -> pa.Table:
        """Caption one block; what cannot be opened is a row with its reason."""
        import pyarrow as pa

        opened = [self._opener(item) for item in _items(block)]
        with KnownPictures() as known:
            batches = in_batches(opened, len(opened), known)
            rows = [
                row
                for batch in batches
                for row in caption_batch(batch, self._captioner, self._options, known)
            ]
        return pa.table({"row": [dump_json(to_journal(row)) for row in rows]})


class _Ray:
    """Ray, connected; what was started here is ended."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def __enter__(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it calls home otherwise
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        try:
            import ray
        except ImportError as error:
            raise UserError("--engine ray: needs Ray; pip install 'multimodal-rnn[ray]'") from error
        try:
            ray.init(self._address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(f"{self._address or 'ray'}: Ray does not answer: {reason}") from error
        return ray

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()


def _captioned(blocks: Sequence[Any], actor: dict[str, Any], workers: int) -> Iterator[pa.Table]:
    """The blocks of rows, in the order of the blocks of items."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = ray.data.from_arrow_refs(list(blocks)).map_batches(
        CaptionActor,
        fn_constructor_kwargs=actor,
        batch_size=None,  # a block is a batch
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=1,
    )
    yield from rows.iter_batches(batch_size=None, batch_format="pyarrow")


def _blocks(items: Iterable[Item], size: int) -> Iterator[pa.Table]:
    import pyarrow as pa

    names = ("name", "path", "data", "error")
    schema = pa.schema([(name, pa.binary()) for name in names])
    rest = iter(items)
    while some := list(islice(rest, size)):
        rows = [_packed(item) for item in some]
        yield pa.Table.from_pylist(rows, schema)


def _packed(item: Item) -> dict[str, bytes | None]:
    """An item as bytes: names of files need not be Unicode."""
    return {
        "name": _encoded(item.name),
        "path": _encoded(item.image) if isinstance(item.image, str) else None,
        "data": item.image if isinstance(item.image, bytes) else None,
        "error": None if item.error is None else _encoded(item.error),
    }


def _items(block: pa.Table) -> Iterator[Item]:
    for row in block.to_pylist():
        image = row["data"] if row["path"] is None else _decoded(row["path"])
        error = None if row["error"] is None else _decoded(row["error"])
        yield Item(_decoded(row["name"]), image, error)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")

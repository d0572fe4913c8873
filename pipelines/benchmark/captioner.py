"""How fast captioning is: the job behind ``multimodal benchmark captioner``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from pipelines.benchmark.products import multiply_all
from pipelines.benchmark.timing import seconds as seconds_of
from pipelines.caption import find_pictures, sample_pictures

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.captioning.captioner import Captioner
    from multimodal.captioning.model import Decoder, DecoderMemory

BATCH_SIZES = (1, 8, 32)


def benchmark_captioner(
    model: str | Path | None, inputs: Sequence[Path], photos: int
) -> Iterator[str]:
    """Time a captioner; gives the lines of a table as they are measured.

    Every figure is the median of three runs over all photos. "End to end" begins with the files and
    ends with the sentences; "decoder" begins with the cells of the photos; the matrix products
    alone are the decoder's matrix products alone, with the shapes and on the threads that they had
    in that run.

    Args:
        model: a folder, a Hub id, or None for the shipped captioner.
        inputs: pictures and folders; the photos of installed packages when empty.
        photos: how many pictures to time, taken in turn.
    """
    import torch

    from multimodal.captioning.captioner import Captioner

    captioner = Captioner.from_pretrained(model)
    found = find_pictures(inputs) if inputs else sample_pictures()
    pictures = list(islice(cycle(found), photos))
    dtype = next(captioner.network.parameters()).dtype
    yield f"{photos} photos, beam size {captioner.options.beam_size}, {dtype}"
    yield f"{torch.get_num_threads()} threads of torch"
    yield "batch   photos/s end to end   photos/s decoder   decoder / matrix products alone"
    seconds: dict[int, float] = {}
    for size in BATCH_SIZES:
        whole = seconds_of(partial(_caption_all, captioner, pictures, size))
        run = DecoderRun(captioner, pictures, size)
        seconds[size], products_alone = seconds_of(run.generate), seconds_of(run.multiply)
        per_second = f"{photos / whole:21.1f} {photos / seconds[size]:18.1f}"
        yield f"{size:5d} {per_second} {seconds[size] / products_alone:33.2f}"
    ratio = seconds[BATCH_SIZES[0]] / seconds[BATCH_SIZES[-1]]
    yield f"beam search one photo at a time takes {ratio:.1f} times as long as 32 at once"


class DecoderRun:
    """The decoder's part of captioning, on cells that are ready, and its matrix products alone.

    Args:
        captioner: whose decoder.
        pictures: what to caption.
        batch_size: photos at a time.
    """

    def __init__(self, captioner: Captioner, pictures: Sequence[Path], batch_size: int) -> None:
        from multimodal.images import open_image

        self._captioner = captioner
        self._options = captioner.search_options({})
        cells = captioner.encode_images([open_image(picture) for picture in pictures])
        self._batches = cells.split(batch_size)
        self._products = [self._shapes(cells) for cells in self._batches]

    def generate(self) -> None:
        """Write the sentences of all photos."""
        for cells in self._batches:
            self._captioner.generate(cells, self._options)

    def multiply(self) -> None:
        """Do the matrix products of `write` on the same threads, and nothing else."""
        multiply_all(self._products)

    def _shapes(self, cells: Tensor) -> list[list[Callable[[], Tensor]]]:
        """The products of every thread for one batch: for its photos once, then for every step.

        Finished sentences leave the batch, so that every step has its own count of rows.
        """
        decoder = self._captioner.network.decoder
        products: dict[int, list[Callable[[], Tensor]]] = defaultdict(list)
        look, step = decoder.encode, decoder.step

        def looking(cells: Tensor, *others: Tensor) -> DecoderMemory:
            products[get_ident()] += _products_of_encoding(decoder, cells)
            return look(cells, *others)

        def stepping(words: Tensor, state: Any, memory: DecoderMemory, /) -> Any:
            products[get_ident()] += _products_of_step(decoder, memory, *words.shape)
            return step(words, state, memory)

        decoder.encode = looking  # type: ignore[method-assign, assignment]
        decoder.step = stepping  # type: ignore[method-assign, assignment]
        try:
            self._captioner.generate(cells, self._options)
        finally:
            del decoder.encode, decoder.step
        return list(products.values())


def _products_of_encoding(decoder: Decoder, cells: Tensor) -> Iterator[Callable[[], Tensor]]:
    from torch import nn

    config, flat = decoder.config, cells.flatten(0, 1)
    yield partial(decoder.image_projection, cells[:, 0])
    if decoder.detector is not None:
        yield partial(decoder.detector, cells)
        yield partial(decoder.word_projection, flat.new_zeros(len(cells), config.detected_words))
    if config.attention:
        yield partial(decoder.cell_projection, flat)
        values = flat.new_zeros(len(flat), config.hidden_size)
        yield partial(nn.functional.linear, values, decoder.attention.memory_projection.weight)


def _products_of_step(
    decoder: Decoder, memory: DecoderMemory, photos: int, hypotheses: int
) -> Iterator[Callable[[], Tensor]]:
    import torch
    from torch import nn

    config, rows = decoder.config, photos * hypotheses
    networks = [decoder.attention_lstm, *([decoder.language_lstm] if config.attention else [])]
    weights: list[Tensor] = [
        weight for network in networks for weight in network.parameters() if weight.dim() > 1
    ]
    weights.append(decoder.readout.weight)
    if config.attention:
        weights.append(decoder.attention.query_projection.weight)
        values = memory.values.new_zeros(memory.values.shape)
        maps = values.new_zeros(photos, hypotheses, values.shape[1])
        yield partial(torch.bmm, maps, values)
    for weight in weights:
        yield partial(nn.functional.linear, memory.image.new_zeros(rows, weight.shape[1]), weight)


def _caption_all(captioner: Captioner, pictures: Sequence[Path], batch_size: int) -> None:
    for _ in captioner.captions(pictures, batch_size=batch_size):
        pass

"""How fast translating is: the job behind ``multimodal benchmark translator``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.translation.model import Memory, TranslationNetwork
    from multimodal.translation.translator import Translator
    from multimodal.translation.writing import LanguageWriter, Sights

AT_ONCE = (1, 32, 256)
_WHO = ("A man", "Two dogs", "A young woman in a red jacket", "Three children and their mother")
_DOES = ("is running", "are sitting", "plays with a ball", "looks at the camera", "jumps")
_WHERE = (
    "on the beach",
    "in front of a large white building",
    "in the snow",
    "near a lake",
    "on a busy street while other people are walking past the shops",
)


def benchmark_translator(
    model: str | Path | None, file: Path | None, to: str, sentences: int
) -> Iterator[str]:
    """Time a translator; gives the lines of a table as they are measured.

    Every figure is the median of three runs over all sentences. The bare products are the matrix
    products alone, with the shapes that they had in that run.

    Args:
        model: a folder, a Hub id, or None for the shipped translator.
        file: sentences, one a line; English ones that are put together here when None.
        to: the code of the language to write.
        sentences: how many to time, taken in turn.
    """
    import torch

    from multimodal.translation.translator import SHIPPED, Translator

    translator = Translator.load(model or SHIPPED)
    some = list(islice(cycle(_sentences(file)), sentences))
    dtype = next(translator.network.parameters()).dtype
    beam = translator.options.beam_size
    yield f"{sentences} sentences, beam size {beam}, {dtype}, {torch.get_num_threads()} threads"
    yield "at once   sentences/s   against one at a time   against its bare matrix products"
    alone = 0.0
    for size in AT_ONCE:
        run = Run(translator, some, to, size)
        run.translate()  # kernels are built for every new shape
        took, bare = seconds_of(run.translate), seconds_of(run.multiply)
        alone = alone or took
        times = f"{alone / took:21.1f} x {took / bare:32.2f} x"
        yield f"{size:7d} {sentences / took:13.1f} {times}"


class Run:
    """All sentences by so many at once, and the bare matrix products of that.

    Args:
        translator: who translates.
        sentences: what.
        to: the language to write.
        size: sentences at once.
    """

    def __init__(
        self, translator: Translator, sentences: Sequence[str], to: str, size: int
    ) -> None:
        self._translator = translator
        self._groups = [sentences[begin : begin + size] for begin in range(0, len(sentences), size)]
        self._to = to
        self._size = size
        self._products = list(self._shapes())

    def translate(self) -> None:
        """Translate everything; no more than a group is there at a time."""
        for group in self._groups:
            for _ in self._translator.translations(group, self._to, batch_size=self._size):
                pass

    def multiply(self) -> None:
        """Do the matrix products of `translate`, and nothing else."""
        for multiply in self._products:
            multiply()

    def _shapes(self) -> Iterator[Callable[[], Tensor]]:
        """The products of every sentence that was read and of every step that was written."""
        network, writer = self._translator.network, self._translator.writer(self._to)
        read, written = self._watch()
        for memory in read:
            yield from _of_reading(network, writer, memory)
        for sights, hypotheses in written:
            yield from _of_writing(network, writer, sights, hypotheses)

    def _watch(self) -> tuple[list[Memory], list[tuple[Sights, int]]]:
        """What was done in one run: memories that were made; steps, each with its hypotheses."""
        from multimodal.translation.writing import LanguageWriter

        network = self._translator.network
        read: list[Memory] = []
        written: list[tuple[Sights, int]] = []
        reads, step = network.read, LanguageWriter.__call__

        def reading(*arguments: Any) -> Memory:
            read.append(reads(*arguments))
            return read[-1]

        def stepping(self: LanguageWriter, tokens: Tensor, state: Any, memory: Sights, /) -> Any:
            written.append((memory, tokens.shape[1]))
            return step(self, tokens, state, memory)

        network.read = reading  # type: ignore[method-assign, assignment]
        LanguageWriter.__call__ = stepping  # type: ignore[method-assign]
        try:
            self.translate()
        finally:
            del network.read
            LanguageWriter.__call__ = step  # type: ignore[method-assign]
        return read, written


def _of_reading(
    network: TranslationNetwork, writer: LanguageWriter, memory: Memory
) -> Iterator[Callable[[], Tensor]]:
    batch, steps, _ = memory.values.shape
    for layer in (*network.reader.forwards, *network.reader.backwards):
        yield _multiplication(layer.weight_ih_l0, batch * steps)
        yield from [_multiplication(layer.weight_hh_l0, batch)] * steps
    yield _multiplication(network.attention.memory_projection.weight, batch * steps)
    yield _multiplication(writer.sight, batch * steps)
    yield _multiplication(network.beginning.weight, batch)


def _of_writing(
    network: TranslationNetwork, writer: LanguageWriter, memory: Sights, hypotheses: int
) -> Iterator[Callable[[], Tensor]]:
    import torch

    batch, steps, _ = memory.adds.shape
    layers: list[Any] = [network.first.layers[0], network.second.layers[0]]
    weights: list[Tensor] = [layer.weight_hh_l0 for layer in layers]
    weights += [network.attention.query_projection.weight]
    weights += [writer.below, writer.features, writer.readout]
    for weight in weights:
        yield _multiplication(weight, batch * hypotheses)
    yield _multiplication(network.attention.energy.weight, batch * hypotheses * steps)
    maps = memory.adds.new_zeros(batch, hypotheses, steps)
    yield partial(torch.bmm, maps, memory.adds)


def _multiplication(weight: Any, rows: int) -> Callable[[], Tensor]:
    from torch.nn import functional as F

    return partial(F.linear, weight.new_zeros(rows, weight.shape[1]), weight)


def _sentences(file: Path | None) -> list[str]:
    from multimodal.errors import UserError

    if file is None:
        return [f"{who} {does} {where}." for where, does, who in product(_WHERE, _DOES, _WHO)]
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read: {error}") from error
    if not lines:
        raise UserError(f"{file}: no sentence in it")
    return lines

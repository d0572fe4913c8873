"""How fast translating is: the job behind ``multimodal benchmark translator``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice, product
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from pipelines.benchmark.products import multiply_all
from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.translation.language_decoder import LanguageDecoder, ProjectedMemory
    from multimodal.translation.model import Memory, TranslationNetwork
    from multimodal.translation.translator import Translator

BATCH_SIZES = (1, 32, 256)
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

    Every figure is the median of three runs over all sentences, of the search alone and, where the
    translator does that, with what it found read back. matrix products alone are
    alone, with the shapes and on the threads that they had in that run.

    Args:
        model: a folder, a Hub id, or None for the shipped translator.
        file: sentences, one a line; English ones that are put together here when None.
        to: the code of the language to write.
        sentences: how many to time, taken in turn.
    """
    import torch

    from multimodal.translation.translator import Translator

    translator = Translator.from_pretrained(model)
    some = list(islice(cycle(_sentences(file)), sentences))
    dtype = next(translator.network.parameters()).dtype
    beam = translator.options.beam_size
    yield f"{sentences} sentences, beam size {beam}, {dtype}, {torch.get_num_threads()} threads"
    yield "at once   sentences/s   against one at a time   against the matrix products alone"
    for weight in sorted({0.0, translator.channel_weight}):
        yield f"channel weight {weight:g}"
        yield from _by_batch_size(partial(Run, translator, some, to, weight))


def _by_batch_size(run_of: Callable[[int], Run]) -> Iterator[str]:
    alone = 0.0
    for size in BATCH_SIZES:
        run = run_of(size)
        run.translate()  # kernels are built for every new shape
        took, products_alone = seconds_of(run.translate), seconds_of(run.multiply)
        alone = alone or took
        times = f"{alone / took:21.1f} x {took / products_alone:33.2f} x"
        yield f"{size:7d} {run.sentences / took:13.1f} {times}"


class Run:
    """All sentences by so many at once, and the matrix products alone of that.

    Args:
        translator: who translates.
        sentences: what.
        to: the language to write.
        weight: how much it counts whether a translation can be read back.
        size: sentences at once.
    """

    def __init__(
        self, translator: Translator, sentences: Sequence[str], to: str, weight: float, size: int
    ) -> None:
        self.sentences = len(sentences)
        self._translator = translator
        self._weight = weight
        self._groups = [sentences[begin : begin + size] for begin in range(0, len(sentences), size)]
        self._to = to
        self._size = size
        self._products = [self._shapes(group) for group in self._groups]

    def translate(self) -> None:
        """Translate everything; no more than a group is there at a time."""
        for group in self._groups:
            self._translate(group)

    def multiply(self) -> None:
        """Do the matrix products of `translate` on as many threads, and nothing else."""
        multiply_all(self._products)

    def _translate(self, group: Sequence[str]) -> None:
        for _ in self._translator.translations(
            group, self._to, batch_size=self._size, channel_weight=self._weight
        ):
            pass

    def _shapes(self, group: Sequence[str]) -> list[list[Callable[[], Tensor]]]:
        """The products of every thread: of reading, of each step, and of all that was predicted."""
        from multimodal.translation.language_decoder import LanguageDecoder

        network, decoder = self._translator.network, self._translator.decoder(self._to)
        products: dict[int, list[Callable[[], Tensor]]] = defaultdict(list)
        reads, step, predicts = network.encode, LanguageDecoder.__call__, network.forward

        def reading(*arguments: Any) -> Memory:
            memory = reads(*arguments)
            products[get_ident()] += _of_reading(network, decoder, memory)
            return memory

        def stepping(
            self: LanguageDecoder, tokens: Tensor, state: Any, memory: ProjectedMemory, /
        ) -> Any:
            products[get_ident()] += _of_writing(network, decoder, memory, tokens.shape[1])
            return step(self, tokens, state, memory)

        def predicting(memory: Memory, tokens: Tensor) -> Tensor:
            products[get_ident()] += _of_predicting(network, decoder, memory, tokens.shape[1])
            return predicts(memory, tokens)

        network.encode = reading  # type: ignore[method-assign, assignment]
        network.forward = predicting  # type: ignore[method-assign]
        LanguageDecoder.__call__ = stepping  # type: ignore[method-assign]
        try:
            self._translate(group)
        finally:
            del network.encode, network.forward
            LanguageDecoder.__call__ = step  # type: ignore[method-assign]
        return list(products.values())


def _of_reading(
    network: TranslationNetwork, decoder: LanguageDecoder, memory: Memory
) -> Iterator[Callable[[], Tensor]]:
    batch, steps, _ = memory.values.shape
    for layer in (*network.encoder.forwards, *network.encoder.backwards):
        yield _multiplication(layer.weight_ih_l0, batch * steps)
        yield from [_multiplication(layer.weight_hh_l0, batch)] * steps
    yield _multiplication(network.attention.memory_projection.weight, batch * steps)
    yield _multiplication(decoder.seen_weight, batch * steps)
    yield _multiplication(network.init_hidden.weight, batch)


def _of_writing(
    network: TranslationNetwork, decoder: LanguageDecoder, memory: ProjectedMemory, hypotheses: int
) -> Iterator[Callable[[], Tensor]]:
    import torch

    batch, steps, _ = memory.adds.shape
    layers: list[Any] = [network.first.layers[0], network.second.layers[0]]
    weights: list[Tensor] = [layer.weight_hh_l0 for layer in layers]
    weights += [network.attention.query_projection.weight]
    weights += [decoder.below, decoder.features, decoder.readout]
    for weight in weights:
        yield _multiplication(weight, batch * hypotheses)
    yield _multiplication(network.attention.energy.weight, batch * hypotheses * steps)
    maps = memory.adds.new_zeros(batch, hypotheses, steps)
    yield partial(torch.bmm, maps, memory.adds)


def _of_predicting(
    network: TranslationNetwork, decoder: LanguageDecoder, memory: Memory, steps: int
) -> Iterator[Callable[[], Tensor]]:
    import torch

    batch, seen, _ = memory.values.shape
    for layer in (network.first.layers[0], network.second.layers[0]):
        yield _multiplication(layer.weight_ih_l0, batch * steps)
        yield from [_multiplication(layer.weight_hh_l0, batch)] * steps
    attention = network.attention
    weights: list[Tensor] = [attention.query_projection.weight, network.features.weight]
    for weight in (*weights, decoder.readout):  # the languages are about as rich in subwords
        yield _multiplication(weight, batch * steps)
    yield _multiplication(attention.energy.weight, batch * steps * seen)
    maps = memory.values.new_zeros(batch, steps, seen)
    yield partial(torch.bmm, maps, memory.values)


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

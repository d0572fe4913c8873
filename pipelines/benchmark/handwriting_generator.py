"""How fast writing and training are: ``multimodal benchmark handwriting-generator``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.benchmark.timing import seconds as seconds_of

if TYPE_CHECKING:
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.handwriting.written import WrittenLine

LINES = 30
LINE = "Recurrent networks read and write, one point after another."
SEED, STYLE = 7, 1
BATCH, STEPS, LETTERS = 32, 320, 32  # of a batch that is learnt from


def benchmark_handwriting_generator(model: str | Path | None) -> Iterator[str]:
    """Time a writer; gives the lines of a table as they are measured.

    A page of 30 lines is written at once, and 30 lines one after the other: as tools do that write
    one line at a time, each as a whole, and by calls of `write`, which parts a line into pieces
    that are written side by side. All are laid out and smoothed. The matrix products alone are the
    matrix products alone that a page needs, with as many rows at every step as pieces were
    unfinished.

    Args:
        model: a folder, a Hub id, or None for the shipped handwriting generator.
    """
    import torch

    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.processor import torch_dtype

    generator = HandwritingGenerator.from_pretrained(model)
    kind = str(torch_dtype(generator.precision)).removeprefix("torch.")
    yield f"{LINES} lines of {len(LINE)} characters, {kind}, {torch.get_num_threads()} threads"
    for num_candidates in sorted({1, generator.options.num_candidates}):
        yield from _writing(generator, num_candidates)
    yield _training(generator)


def _writing(generator: HandwritingGenerator, num_candidates: int) -> Iterator[str]:
    from multimodal.handwriting.candidates import TextChunk
    from multimodal.handwriting.layout import Layout, chunks_of, set_lines
    from multimodal.handwriting.pages import smooth
    from multimodal.handwriting.placing import placed

    style, layout = generator.style(STYLE), Layout()
    whole = [TextChunk(LINE, style)]
    pieces = [TextChunk(part, style) for part in chunks_of(LINE)] * LINES

    def write(text: str, seed: int) -> None:
        generator.write(text, style=STYLE, seed=seed, num_candidates=num_candidates)

    def one_by_one() -> None:
        for number in range(LINES):
            (line,) = generator.write_texts(
                whole, seed=SEED + number, num_candidates=num_candidates
            )
            smooth(set_lines([[placed(line, LINE, generator.scale)]], layout)[0])

    at_once = seconds_of(lambda: write("\n".join([LINE] * LINES), SEED))
    strokes = seconds_of(
        lambda: generator.write_texts(pieces, seed=SEED, num_candidates=num_candidates)
    )
    single = seconds_of(one_by_one)

    def called_one_by_one() -> None:
        for number in range(LINES):
            write(LINE, SEED + number)

    called = seconds_of(called_one_by_one)
    lines = generator.write_texts(pieces * num_candidates, seed=SEED, num_candidates=1)
    products_alone = seconds_of(ProductsAlone(generator, lines).multiply)
    letters = len(LINE) * LINES
    yield f"{num_candidates} candidate{'s' * (num_candidates > 1)} of each piece"
    yield f"  a page at once             {at_once:8.3f} s   {letters / at_once:8.0f} characters/s"
    yield f"    its points alone         {strokes:8.3f} s"
    yield f"  line after line, as wholes {single:8.3f} s   {single / at_once:8.1f} x the page"
    yield f"  line after line, by write  {called:8.3f} s   {called / at_once:8.1f} x the page"
    share = products_alone / strokes
    yield f"  matrix products alone      {products_alone:8.3f} s   {share:8.2f} of its points"


class ProductsAlone:
    """The matrix products that writing takes, and nothing else.

    Args:
        generator: whose.
        lines: what it wrote.
    """

    def __init__(self, generator: HandwritingGenerator, lines: Sequence[WrittenLine]) -> None:
        import numpy as np
        import torch

        from multimodal.handwriting.incremental_decoder import DecoderWeights
        from multimodal.processor import torch_dtype

        self._weights = DecoderWeights(generator.network, torch_dtype(generator.precision))
        counts = np.array([len(line.rows) for line in lines])
        self._rows = [int((counts > step).sum()) for step in range(counts.max())]
        self._read = torch.zeros(len(lines), self._weights.width, dtype=self._weights.dtype)

    def multiply(self) -> None:
        """Do them."""
        from torch.nn.functional import linear

        weights = self._weights
        for rows in self._rows:
            read = self._read[:rows]
            linear(read[:, : weights.low], weights.lower.step)
            linear(read, weights.upper.step)
            linear(read, weights.readout.weight)


def _training(generator: HandwritingGenerator) -> str:
    """Points a second in training, beside torch's fused LSTMs of the same sizes."""
    import torch
    from torch import nn

    from multimodal.handwriting.model import POINT, HandwritingNetwork
    from multimodal.processor import torch_dtype

    config = generator.network.config
    network = HandwritingNetwork(config)
    points = torch.randn(BATCH, STEPS, POINT)
    texts = torch.randint(1, 96, (BATCH, LETTERS))
    low = POINT + config.character_embedding_size
    seen = low + config.window_size + config.writer_embedding_size
    lower = nn.LSTM(low, config.window_size, batch_first=True)
    upper = nn.LSTM(seen, config.hidden_size, batch_first=True)
    shown = torch.randn(BATCH, STEPS, low)
    above = torch.randn(BATCH, STEPS, upper.input_size)
    mixed = torch_dtype(generator.precision) == torch.bfloat16

    def learn() -> None:
        with torch.inference_mode(False), torch.enable_grad():
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                embeddings = network.writer_embedding(torch.zeros(BATCH, dtype=torch.long))
                vectors, *_ = network.unroll(points, network.memory(texts), embeddings)
                loss = -network.output.offset_log_likelihood(vectors, points[..., :2]).mean()
            loss.backward()

    def learn_fused_lstm() -> None:
        with torch.inference_mode(False), torch.enable_grad():
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                loss = lower(shown)[0].float().mean() + upper(above)[0].float().mean()
            loss.backward()

    ours, products_alone = seconds_of(learn), seconds_of(learn_fused_lstm)
    return (
        f"training {BATCH * STEPS / ours:.0f} points/s, {products_alone / ours:.2f} of LSTMs alone"
        " of the same sizes, forward and backward"
    )

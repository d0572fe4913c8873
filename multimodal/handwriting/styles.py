"""A handwriting style as a small file: an embedding, how fast it moves, and a sample to begin from.

A style tells the network in two ways whose handwriting to imitate. The embedding is what it learnt
of a writer; for somebody it never saw, it is found by gradient with the network frozen
(`fit_writer_embedding`). The primer is a line of that writer, which the network reads before it
writes on (Graves 2013, section 5.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.batches import batch_of
from multimodal.handwriting.dataset import LEVELLED, HandwritingDataset, levelled, usable
from multimodal.handwriting.likelihood import batch_nll, dataset_nll
from multimodal.handwriting.model import HandwritingNetwork
from multimodal.handwriting.style import Primer
from multimodal.strokes import Drawing, to_stroke3
from multimodal.strokes.handwritten import SPREAD

EPSILON = 0.9
"""How far strokes may stray when points are left out: what UNIPEN's lines here were thinned by."""

LEAST_SAMPLE = 3  # points
LONGEST_SAMPLE = 1000
PRIMER = (8, 30)
"""The fewest and the most characters of a sample that is written on from."""

STEPS, RATE, PULL = 40, 0.08, 1e-3


def samples_as_script(samples: Sequence[tuple[Drawing, str]]) -> HandwritingDataset:
    """Samples of one writer, in any unit, as pieces of the size that the network learnt from.

    Args:
        samples: what was written, one line each, and what it says.

    Raises:
        UserError: no samples, one without enough points, a text that cannot be written.
    """
    if not samples:
        raise UserError("no sample to learn a style from; ten lines are plenty")
    texts = [encode(" ".join(text.split())) for _, text in samples]
    for number, ((drawing, _), text) in enumerate(zip(samples, texts, strict=True), 1):
        if drawing.points < max(LEAST_SAMPLE, len(text) - 1) or len(text) < 2:
            raise UserError(
                f"sample {number}: {drawing.points} points for {len(text) - 1} characters of text"
            )
    rows = [to_stroke3(drawing.moved(*-drawing.strokes[0][0])) for drawing, _ in samples]
    spreads = [float(piece[:, 1].cumsum(0).std()) for piece in rows]
    factor = SPREAD / max(float(np.median(spreads)), 1e-6)
    pieces = []
    for number, ((drawing, _), text) in enumerate(zip(samples, texts, strict=True), 1):
        fine = drawing.moved(*-drawing.strokes[0][0]).scaled(factor).simplified(EPSILON)
        piece = to_stroke3(fine)
        if not usable(piece, "x" * (len(text) - 1), LONGEST_SAMPLE):
            raise UserError(f"sample {number}: not a single line of writing of at most 90 letters")
        pieces.append(levelled(piece) if len(text) > LEVELLED else piece)
    count = len(pieces)
    return HandwritingDataset(
        pieces, texts, np.zeros(count, dtype=np.int64), np.array(["lines"] * count)
    )


def fit_writer_embedding(
    network: HandwritingNetwork,
    script: HandwritingDataset,
    scale: float,
    steps: int = STEPS,
    progress: Callable[[int, float], object] = lambda *_: None,
) -> Tensor:
    """Find the embedding (S,) under which pieces of one writer surprise least; the network stays.

    It begins from the known writer that predicts the pieces best, and is pulled to the mean of all.

    Args:
        network: what was learnt.
        script: pieces of one writer.
        scale: the network's unit.
        steps: of Adam.
        progress: is told the number of each step and the nats per point.
    """
    start = _nearest_writer(network, script, scale)
    middle = network.writer_embedding.weight.detach().mean(0)
    batch = batch_of(script.rows, script.texts, [0] * len(script), scale)
    points = int(script.lengths.sum())
    embedding = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([embedding], lr=RATE)
    learnt = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in learnt:
        weight.requires_grad_(False)
    try:
        memory = network.memory(batch.texts)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = RATE * (1 - step / steps)
            vectors, *_ = network.unroll(batch.points, memory, embedding.expand(len(script), -1))
            nats = batch_nll(network.output, vectors, batch).total.sum() / points
            loss = nats + PULL * (embedding - middle).square().sum()
            (embedding.grad,) = torch.autograd.grad(loss, [embedding])
            optimizer.step()
            progress(step, float(nats.detach()))
    finally:
        for weight in learnt:
            weight.requires_grad_(True)
    return embedding.detach()


def pace_of(script: HandwritingDataset) -> float:
    """How far a writer moves, in the data's units a character: the median over its pieces."""
    widths = [np.ptp(rows[:, 0].cumsum(0)) for rows in script.rows]
    counts = [len(text) - 1 for text in script.texts]
    return float(np.median([w / n for w, n in zip(widths, counts, strict=True)])) or 1.0


def primer_of(script: HandwritingDataset) -> Primer | None:
    """The piece that is best written on from: of the usual pace, and neither long nor short."""
    least, most = PRIMER
    pace = pace_of(script)
    fitting = [
        (abs(np.ptp(rows[:, 0].cumsum(0)) / (len(text) - 1) - pace), number)
        for number, (rows, text) in enumerate(zip(script.rows, script.texts, strict=True))
        if least <= len(text) - 1 <= most
    ]
    if not fitting:
        return None
    number = min(fitting)[1]
    text = "".join(CHARACTERS[code - 1] for code in script.texts[number][:-1])
    rows = tuple((float(x), float(y), int(lifted)) for x, y, lifted in script.rows[number])
    return Primer(text, rows)


def _nearest_writer(
    network: HandwritingNetwork, script: HandwritingDataset, scale: float
) -> Tensor:
    """The embedding, of a spread of known ones and nobody's, that predicts a few pieces best."""
    embeddings = network.writer_embedding.weight.detach()
    spread = torch.linspace(0, len(embeddings) - 1, min(12, len(embeddings))).round().long()
    some = script.subsample(3)
    nats = [
        float(dataset_nll(network, some, embeddings[number].expand(len(some), -1), scale).sum())
        for number in spread
    ]
    return embeddings[spread[int(np.argmin(nats))]]

"""Writing point after point: many lines at once, each from random numbers of its own.

A line ends by its window alone: the pen's state END_OF_LINE can only be drawn while the window
looks at the cell behind the last character. A line fails where it never comes there within its
limit of points, or lingers there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.handwriting.incremental_decoder import HandwritingDecoder
from multimodal.handwriting.model import END_OF_LINE, LIFTED, POINT
from multimodal.handwriting.written import LINGERING, WrittenLine, most_points
from multimodal.recurrent.mixture import UNIFORMS, MixtureOutput
from multimodal.seeds import uniforms

_CROWDED = 7 / 8  # the share of a batch that must still be writing for the others to stay in it


def random_numbers(seeds: list[int], points: int) -> Tensor:
    """(lines, points, 4) in [0, 1); a line's depend on its own seed alone."""
    numbers = uniforms(seeds, 1, points * UNIFORMS)
    return torch.from_numpy(numbers).view(len(seeds), points, UNIFORMS)


@torch.inference_mode()
def write_lines(
    decoder: HandwritingDecoder,
    first: Tensor,
    lengths: Tensor,
    output: MixtureOutput,
    seeds: list[int],
    bias: float,
) -> list[WrittenLine]:
    """Write on until every line has ended or its points are used up.

    Args:
        decoder: stands before the first points.
        first: (B, 4) the points that come first, with the height of each.
        lengths: (B,) the cells of the texts, the end among them.
        output: how vectors are read.
        seeds: one for each line.
        bias: see `MixtureOutput.sample`.
    """
    lines = len(first)
    most = most_points(int(lengths.max()))
    numbers = random_numbers(seeds, most)
    limits = torch.tensor([most_points(int(length)) for length in lengths])
    drawn = np.zeros((most, lines, POINT), dtype=np.float32)
    looks = np.zeros((most, lines), dtype=np.int64)
    outputs = torch.zeros(most, lines, output.size)
    pens_drawn = torch.zeros(most, lines, dtype=torch.long)
    counts = np.zeros(lines, dtype=np.int64)
    ended = np.zeros(lines, dtype=bool)
    rows = torch.arange(lines)
    writing = torch.ones(lines, dtype=torch.bool)
    lingered = torch.zeros(lines, dtype=torch.long)
    last, ends = first, lengths - 1
    for step in range(most):
        vectors = decoder.move(last)
        outputs[step, rows] = vectors.float()
        # A line may end only where the window rests on the cell behind the last character: before,
        # the end has no probability. Having arrived, it may linger for a while, as for a dot.
        looked = decoder.looks.argmax(1)
        arrived = looked >= ends
        vectors[:, END_OF_LINE].masked_fill_(~arrived, -torch.inf)
        lingered += arrived
        offsets, states = output.sample(vectors, numbers[rows, step], 1.0, bias)
        height = last[:, 3:] + offsets[:, 1:]
        last = torch.cat([offsets, (states == LIFTED)[:, None].float(), height], 1)
        over = states == END_OF_LINE
        late = (lingered > LINGERING) | (step + 1 >= limits)
        now = writing.numpy()
        which = rows.numpy()
        drawn[step, which] = last.numpy()
        pens_drawn[step, rows] = states
        looks[step, which] = looked.numpy()
        counts[which[now & ~over.numpy()]] = step + 1
        ended[which[now & over.numpy()]] = True
        writing &= ~(over | late)
        # Lines that are over stay in the batch, unread, until an eighth of it has ended.
        left = int(writing.sum())
        if not left:
            break
        if left <= _CROWDED * len(rows):
            kept = writing.nonzero()[:, 0]
            decoder = decoder.keep(kept)
            rows, writing, last = rows[kept], writing[kept], last[kept]
            ends, limits, lingered = ends[kept], limits[kept], lingered[kept]
    nats = _nats(output, outputs, torch.from_numpy(drawn[..., :2]), pens_drawn, counts)
    return [
        WrittenLine(
            np.concatenate([first[number : number + 1, :3].numpy(), drawn[:count, number, :3]]),
            np.concatenate([looks[:1, number], looks[:count, number]]),
            bool(ended[number]),
            np.append(np.float32(0), nats[:count, number]),
        )
        for number, count in enumerate(counts.tolist())
    ]


def _nats(
    output: MixtureOutput,
    vectors: Tensor,
    offsets: Tensor,
    pens: Tensor,
    counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """The surprise of each line's points: (steps, B), 0 behind the last."""
    drawn = torch.arange(len(vectors))[:, None] < torch.from_numpy(counts)
    there = vectors[drawn]
    nats = -output.offset_log_likelihood(there, offsets[drawn])
    nats -= output.pen_log_likelihood(there, pens[drawn])
    return vectors.new_zeros(drawn.shape).masked_scatter(drawn, nats).numpy()

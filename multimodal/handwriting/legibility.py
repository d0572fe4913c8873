"""How surely a written line says its text, as the network that wrote it sees it.

A generative network reads by asking what a line is likelier to be: Bayes' rule, with texts for
classes. Each letter is compared with one that looks like it: the points that were drawn while the
window looked at it are more or less surprising if the text has the other one there. From such
odds follows how probable it is that every letter is what it should be; one bad letter is not
made up for by others that are very good. Nobody else is asked: readers stay independent judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.handwriting.batches import batch_of
from multimodal.handwriting.likelihood import step_nll
from multimodal.handwriting.model import HandwritingNetwork, PenState
from multimodal.handwriting.written import WrittenLine
from multimodal.recurrent.generation.trees import take_rows

BATCH_SIZE = 64  # lines that are read together


class WrittenLines(NamedTuple):
    """Lines, and what they were written from.

    Attributes:
        lines: B of them.
        first: (B, 4) the points that came first.
        embeddings: (B, S), embeddings.
    """

    lines: Sequence[WrittenLine]
    first: Tensor
    embeddings: Tensor


@torch.inference_mode()
def nll_as(
    network: HandwritingNetwork,
    written: WrittenLines,
    memory: Tensor,
    state: PenState,
    dtype: torch.dtype,
) -> list[npt.NDArray[np.float32]]:
    """The surprise of each point of lines in nats, as in `WrittenLine.nats`, as another text.

    Args:
        network: whose surprise.
        written: the lines.
        memory: (B, U, D), the cells of the texts that they are to say.
        state: before the first points.
        dtype: of the products.
    """
    lines = written.lines
    nats: dict[int, npt.NDArray[np.float32]] = {}
    lengths = torch.tensor([len(line.rows) for line in lines])
    order = lengths.argsort(stable=True)
    for begin in range(0, len(order), BATCH_SIZE):
        which = order[begin : begin + BATCH_SIZE]
        rows = [lines[number].rows for number in which.tolist()]
        batch = batch_of(rows, [[]] * len(rows), [0] * len(rows), 1.0)
        first, embeddings, cells, before = take_rows(
            (written.first, written.embeddings, memory, state), which
        )
        batch.points[..., 3] += first[:, 3:]
        with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
            vectors, *_ = network.unroll(batch.points, cells, embeddings, before)
        steps = step_nll(network.output, vectors, batch).total.float().numpy()
        for number, of_line, points in zip(which.tolist(), steps, rows, strict=True):
            nats[number] = np.append(np.float32(0), of_line[: len(points) - 1])
    return [nats[number] for number in range(len(lines))]

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
from multimodal.handwriting.generation import WrittenLine
from multimodal.handwriting.likelihood import step_nats
from multimodal.handwriting.model import PenState, WriterNetwork
from multimodal.recurrent.generation.trees import take_rows

AT_ONCE = 64  # lines that are read together

TEMPERATURE = 6.0
"""By which odds are divided: neighbouring points say much the same, so that their sums are too
sure. On UNIPEN's valid split 4 to 8 do about equally well, 1 and 2 less."""

_ALIKE = (
    "ao bl ce da el ft gy hn il ji kh lt mn nu oa pg qg rv sr tl un vr wv xy yg zr "
    "AH BR CG DO EF FE GC HN IJ JI KR LI MN NM OQ PD QO RK SJ TI UV VU WN XY YX ZL "
    "06 17 25 38 49 53 61 72 83 97 ., ,. ;: :; !| ?7 '` \"' -_ += *+ /( \\| () )( [( ]) {( }) "
    "<( >) =- &8 %# $S #% @a ^' _- `' |! ~-"
)
_LOOKALIKES = {pair[0]: pair[1] for pair in _ALIKE.split()}  # what a letter is easily taken for


class Written(NamedTuple):
    """Lines, and what they were written from.

    Attributes:
        lines: B of them.
        first: (B, 4) the points that came first.
        hands: (B, S), embeddings.
    """

    lines: Sequence[WrittenLine]
    first: Tensor
    hands: Tensor


def lookalike(text: str) -> str:
    """A text of the same length in which every letter is one that it is easily taken for."""
    return "".join(_LOOKALIKES.get(letter, letter) for letter in text)


def doubt(line: WrittenLine, text: str, nats: npt.NDArray[np.float32], begun: int = 0) -> float:
    """How doubtful it is that a line says its text: -log of the probability, in nats.

    Args:
        line: with the surprise of its points as what they should be.
        text: what it should say.
        nats: (N,) the surprise of its points if what it says is the `lookalike` of the text.
        begun: how many cells come before those of the text.
    """
    # The window leads the pen: a point belongs to what was looked at when the one before was drawn.
    told = (nats - line.nats)[1:]
    odds = np.bincount(line.looks[:-1], told, begun + len(text))[begun:][: len(text)]
    compared = [letter in _LOOKALIKES for letter in text]
    return float(np.logaddexp(0, -odds[compared] / TEMPERATURE).sum())


@torch.inference_mode()
def nats_as(
    network: WriterNetwork,
    written: Written,
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
    for begin in range(0, len(order), AT_ONCE):
        which = order[begin : begin + AT_ONCE]
        rows = [lines[number].rows for number in which.tolist()]
        batch = batch_of(rows, [[]] * len(rows), [0] * len(rows), 1.0)
        first, hands, cells, before = take_rows(
            (written.first, written.hands, memory, state), which
        )
        batch.points[..., 3] += first[:, 3:]
        with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
            vectors, *_ = network.unroll(batch.points, cells, hands, before)
        steps = step_nats(network.output, vectors, batch).total.float().numpy()
        for number, of_line, points in zip(which.tolist(), steps, rows, strict=True):
            nats[number] = np.append(np.float32(0), of_line[: len(points) - 1])
    return [nats[number] for number in range(len(lines))]

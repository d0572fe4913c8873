"""How surely a written line says its text, as the network that wrote it sees it.

A generative network reads by asking what a line is likelier to be: Bayes' rule, with texts for
classes. So a line is the more legible the likelier it is as its own text than as one that looks
like it. Nobody else is asked: readers stay independent judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.handwriting.batches import batch_of
from multimodal.handwriting.generation import WrittenLine
from multimodal.handwriting.likelihood import AT_ONCE, batch_nats
from multimodal.handwriting.model import PenState, WriterNetwork
from multimodal.recurrent.generation.trees import take_rows

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


@torch.inference_mode()
def nats_as(
    network: WriterNetwork,
    written: Written,
    memory: Tensor,
    state: PenState,
    dtype: torch.dtype,
) -> Tensor:
    """The surprise of lines (B,) in nats if they are to say what a memory holds.

    Args:
        network: whose surprise.
        written: the lines.
        memory: (B, U, D), the cells of the texts.
        state: before the first points.
        dtype: of the products.
    """
    lines = written.lines
    nats = torch.zeros(len(lines))
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
        nats[which] = batch_nats(network.output, vectors, batch).total.float()
    return nats

"""Drawing point after point: many drawings at once, each from random numbers of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.recurrent.mixture import UNIFORMS, MixtureOutput
from multimodal.seeds import uniforms
from multimodal.sketching.hands import Hand
from multimodal.sketching.model import stroke5
from multimodal.sketching.pens import DOWN, END
from multimodal.sketching.sequences import Rows

_CROWDED = 7 / 8  # the share of a batch that must still be drawing for the others to stay in it


class Point(NamedTuple):
    """The next point of all drawings that are not finished.

    Attributes:
        rows: (B',) which drawings; a few that have ended may still be among them.
        offsets: (B', 2), scaled.
        pens: (B',) the pen's states after the point.
    """

    rows: Tensor
    offsets: Tensor
    pens: Tensor


def random_numbers(seed: int, drawings: int, points: int) -> Tensor:
    """(drawings, points, 4) in [0, 1); a drawing's depend on the seed and its own number alone."""
    numbers = uniforms([seed], drawings, points * UNIFORMS)
    return torch.from_numpy(numbers).view(drawings, points, UNIFORMS)


def normal_numbers(seed: int, drawings: int, size: int) -> Tensor:
    """(drawings, size) from N(0, 1), as independent of each other as `random_numbers`."""
    # The complement's stream, for the numbers of the seed itself are the points'.
    numbers = torch.from_numpy(uniforms([~seed], drawings, size)[0])
    normal: Tensor = torch.special.ndtri(numbers.clamp(min=2.0**-33))
    return normal.float()


def first_points(drawings: int) -> Tensor:
    """What stands before the first point: the pen on the paper at the origin, (B, 5)."""
    return stroke5(torch.zeros(drawings, 2), torch.full((drawings,), DOWN))


@torch.inference_mode()
def draw_points(
    hand: Hand, last: Tensor, output: MixtureOutput, numbers: Tensor, temperature: float
) -> Iterator[Point]:
    """Draw on until every drawing has ended or the random numbers are used up.

    Args:
        hand: stands before the last points.
        last: (B, 5) the last points.
        output: how the hand's vectors are read.
        numbers: (B, T, 4), see `random_numbers`.
        temperature: see `MixtureOutput.sample`.
    """
    rows = torch.arange(len(last))
    drawing = torch.ones(len(last), dtype=torch.bool)
    for step in range(numbers.shape[1]):
        offsets, pens = output.sample(hand.move(last), numbers[rows, step], temperature)
        yield Point(rows, offsets, pens)
        drawing &= pens != END
        last = stroke5(offsets, pens)
        left = int(drawing.sum())
        if not left:
            return
        if left <= _CROWDED * len(rows):
            kept = drawing.nonzero()[:, 0]
            rows, drawing, last, hand = rows[kept], drawing[kept], last[kept], hand.keep(kept)


def draw_rows(
    hand: Hand, last: Tensor, output: MixtureOutput, numbers: Tensor, temperature: float
) -> list[Rows]:
    """Rows (N, 3) of every drawing, scaled; N is 0 for one that ends at once; see `draw_points`."""
    drawn = np.full((numbers.shape[1], len(last), 3), END, dtype=np.float32)
    for step, point in enumerate(draw_points(hand, last, output, numbers, temperature)):
        rows = point.rows.numpy()
        drawn[step, rows, :2] = point.offsets.numpy()
        drawn[step, rows, 2] = point.pens.numpy()
    return [_until_end(drawn[:, number]) for number in range(len(last))]


def _until_end(rows: npt.NDArray[np.float32]) -> Rows:
    ended = rows[:, 2] == END
    return rows[: int(ended.argmax()) if ended.any() else len(rows)]

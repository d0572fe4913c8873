"""A loop over time for many rows at once, by torch's `while_loop`, which becomes an ONNX Loop.

Its shapes stay as they are: a row that is finished goes on being computed until all are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import torch
from torch import Tensor
from torch._higher_order_ops.while_loop import while_loop

Body: TypeAlias = Callable[
    [Tensor, Sequence[Tensor], Sequence[Tensor]],
    tuple[Tensor, Sequence[Tensor], Sequence[Tensor]],
]
"""(step, state, results) → (which rows go on (B,), state, results); see `repeated`."""


def repeated(
    body: Body, steps: int, state: Sequence[Tensor], results: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Repeat a step until no row goes on, at most so many times.

    Args:
        body: one step; `step` is () int64 and counts from 0. A row that does not go on is computed
            all the same, and must then leave its results as they are.
        steps: at most.
        state: (B, …) what steps change.
        results: (B, …) what they fill.

    Returns:
        The results.
    """
    size = len(state)

    def going_on(step: Tensor, going: Tensor, *_: Tensor) -> Tensor:
        return (step < steps) & going.any()

    def once(step: Tensor, going: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        more, state, results = body(step, rest[:size], rest[size:])
        # Parts of one tensor are no tensors of their own, which a loop must give.
        return step + 1, going & more, *(part.clone() for part in (*state, *results))

    step = torch.zeros((), dtype=torch.int64)
    going = torch.ones(results[0].shape[0], dtype=torch.bool)
    begin = (step, going, *(part.clone() for part in (*state, *results)))
    found = cast(tuple[Tensor, ...], while_loop(going_on, once, begin))
    return found[2 + size :]

"""The floor of every benchmark of a network that unrolls: its products alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from multimodal.processor import parallel_map

if TYPE_CHECKING:
    from torch import Tensor, nn


class Products:
    """The matrix products and convolutions that a network does in some job, and nothing else.

    Args:
        network: whose.
        job: is run once, to see what they are.
    """

    def __init__(self, network: nn.Module, job: Callable[[], object]) -> None:
        from torch import nn

        self._products: list[Callable[[], Tensor]] = []
        self._mixed = False
        kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.LSTM, nn.GRU, nn.RNN)
        modules = [module for module in network.modules() if isinstance(module, kinds)]
        hooks = [module.register_forward_pre_hook(self._note) for module in modules]
        job()
        for hook in hooks:
            hook.remove()

    def multiply(self) -> None:
        """Do them, in the precision of the job."""
        import torch

        with torch.autocast("cpu", torch.bfloat16, enabled=self._mixed):
            _multiply(self._products)

    def _note(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        import torch
        from torch import nn
        from torch.nn.functional import linear

        self._mixed |= torch.is_autocast_enabled("cpu")
        if not isinstance(module, nn.RNNBase):
            self._products.append(partial(module.forward, inputs[0]))
            return
        rows = inputs[0]  # (B, T, D)
        state = rows.new_zeros(len(rows), module.hidden_size)
        of_inputs, of_state = module.all_weights[0][:2]
        self._products.append(partial(linear, rows.flatten(0, 1), of_inputs))
        self._products += [partial(linear, state, of_state)] * rows.shape[1]


def multiply_all(batches: Iterable[Sequence[Sequence[Callable[[], Tensor]]]]) -> None:
    """Do the products of one batch after the other, those of each of its threads side by side."""
    for of_threads in batches:
        parallel_map(_multiply, of_threads)


def _multiply(products: Iterable[Callable[[], Tensor]]) -> None:
    import torch

    with torch.inference_mode():
        for multiply in products:
            multiply()

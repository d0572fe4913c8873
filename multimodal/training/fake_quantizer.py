"""Learning with weights that are already rounded as they will ship."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from multimodal.checkpoints import quantize_rows


class FakeQuantizer:
    """Rounds the matrices for every pass, while whole weights behind them take the steps.

    The gradient of a rounded weight moves the whole one as if it were its own (the straight-through
    estimator: Bengio, Léonard and Courville 2013; Courbariaux, Bengio and David 2015). So a model
    learns what a file of few bits can say, in place of being rounded when it is too late.

    Args:
        model: those of its matrices that learn are rounded.
        weight_bits: as `multimodal.checkpoints.pack_checkpoint` takes them; 0 rounds nothing.
    """

    def __init__(self, model: nn.Module, weight_bits: int) -> None:
        self.weight_bits = weight_bits
        self.matrices = [
            w for w in model.parameters() if w.requires_grad and w.dim() > 1 and weight_bits
        ]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put rounded matrices in the place of the whole ones; a backward pass belongs inside."""
        whole = [matrix.detach().clone() for matrix in self.matrices]
        for matrix in self.matrices:
            matrix.data.copy_(quantize_rows(matrix.data, self.weight_bits))
        try:
            yield
        finally:
            for matrix, former in zip(self.matrices, whole, strict=True):
                matrix.data.copy_(former)

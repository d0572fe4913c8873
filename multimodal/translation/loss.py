"""The loss over a whole vocabulary, without ever holding it in 32 bits.

A translator's readout is as large as all its other layers together, and the passes of an ordinary
cross-entropy over the logits of every word (to fp32, log-softmax, smoothing, and all back) cost
more than the matrix products. Here the softmax and the gradient are computed once, in place and in
the type of the logits.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy against targets that give a share of their probability to all words alike.

    Args:
        logits: (N, V), which are overwritten.
        targets: (N,) ids.
        smoothing: the share ε that is spread (Szegedy et al. 2016).

    Returns:
        The mean over N of -(1 - ε) log p(target) - ε · mean over V of log p, in nats.
    """
    return cast(Tensor, _SmoothedCrossEntropy.apply(logits, targets, smoothing))


class _SmoothedCrossEntropy(torch.autograd.Function):
    """dL/dlogits = (p - (1 - ε) [target] - ε / V) / N is ready when the loss is."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        count, words = logits.shape
        index = targets[:, None]
        mean = logits.mean(-1, dtype=torch.float32)
        largest = logits.amax(-1, keepdim=True)
        of_target = (logits.gather(1, index) - largest)[:, 0].float()
        of_mean = mean - largest[:, 0].float()
        weights = logits.sub_(largest).exp_()
        total = weights.sum(-1, keepdim=True, dtype=torch.float32)
        log_total = total.log()[:, 0]
        losses = log_total - (1 - smoothing) * of_target - smoothing * of_mean
        gradient = weights.mul_((1 / (total * count)).to(logits.dtype)).sub_(
            smoothing / (words * count)
        )
        share = gradient.new_full((count, 1), -(1 - smoothing) / count)
        ctx.save_for_backward(gradient.scatter_add_(1, index, share))
        return losses.mean()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0].to(gradient.dtype), None, None

"""Choices inside a graph: what a uniform number chooses among logits, by top-k and nucleus."""

from __future__ import annotations

import torch
from torch import Tensor


def choose(logits: Tensor, uniform: Tensor) -> Tensor:
    """The choice (B,) that a uniform number (B,) in [0, 1) makes among logits (B, N).

    By inverting the cumulative distribution in fp64, as `generation.sampling.Sampler` does.
    """
    cumulative = logits.softmax(-1).double().cumsum(-1)
    reached = cumulative <= uniform[:, None].double() * cumulative[:, -1:]
    return reached.sum(-1).clamp(max=logits.shape[-1] - 1)


def restricted(logits: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Logits (B, V) with -inf for all but the `top_k` largest and but the nucleus of `top_p`.

    Args:
        logits: already divided by the temperature.
        top_k: () int64; V or more keeps all.
        top_p: () in fp32; 1 keeps all.
    """
    size = logits.shape[-1]
    ranked, order = logits.sort(dim=-1, descending=True)
    among = torch.arange(size)[None] < top_k
    weights = ranked.masked_fill(~among, -torch.inf).softmax(-1)
    reached = weights.cumsum(-1, dtype=torch.float64)
    edge = (reached < top_p).sum(-1, keepdim=True).clamp(max=size - 1)
    kept = among & ((weights >= weights.gather(-1, edge)) | (top_p >= 1))
    # Back from ranks to tokens: the rank of each token is the order's own order.
    return logits.masked_fill(~kept.gather(-1, order.argsort(-1)), -torch.inf)

"""Sampling: every token is drawn, from a random stream that belongs to one sentence alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

from multimodal.recurrent.generation.hypotheses import Choice, Frontier
from multimodal.recurrent.generation.options import GenerationOptions
from multimodal.seeds import uniforms

_NUCLEUS_GUESS = 128


class Sampler:
    """Draws one token for every hypothesis, each of which goes its own way.

    Args:
        options: `temperature`, `top_k`, `top_p`; `n_best` sentences of `max_length` are drawn.
        seeds: One per item. An item's draws depend on its seed alone, and those of its j-th
            sentence do not change with `n_best`.
        device: Where the log-probabilities will be.
    """

    def __init__(
        self, options: GenerationOptions, seeds: Sequence[int], device: torch.device
    ) -> None:
        self._temperature = options.temperature
        self._top_k = options.top_k
        self._top_p = options.top_p
        draws = uniforms(seeds, options.n_best, options.max_length)
        self._uniforms = torch.from_numpy(draws).to(device)  # (items, K, T)

    def choose(self, frontier: Frontier, log_probs: Tensor) -> Choice:
        """Draw by inverting the cumulative distribution: log_probs (B, K, V), tokens (B, K)."""
        logits = log_probs / self._temperature
        if self._top_k is not None:
            logits = _keep_top_k(logits, self._top_k)
        weights = logits.softmax(-1)
        if self._top_p < 1.0:
            weights = _keep_top_p(weights, self._top_p)
        # In float64 a uniform below 1 stays below the total, and so never lands behind the last
        # token that has any probability.
        cumulative = weights.double().cumsum_(-1)  # (B, K, V)
        uniform = self._uniforms[frontier.items, :, frontier.length, None]  # (B, K, 1)
        token = torch.searchsorted(cumulative, uniform * cumulative[..., -1:], right=True)
        # Where nothing is allowed all weights are NaN and the search runs off the end.
        token.clamp_(max=log_probs.shape[2] - 1)
        return Choice(None, token.squeeze(-1), log_probs.gather(-1, token).squeeze(-1))


def _keep_top_k(logits: Tensor, k: int) -> Tensor:
    """-inf for all but the k largest of (B, K, V)."""
    values, tokens = logits.topk(min(k, logits.shape[-1]))
    return torch.full_like(logits, -torch.inf).scatter_(-1, tokens, values)


def _keep_top_p(weights: Tensor, p: float) -> Tensor:
    """0 for all probabilities (B, K, V) below the last one that the nucleus needs to reach p."""
    # A nucleus is mostly small, and sorting a whole vocabulary is an order of magnitude slower.
    # Only the value at its edge is used: the road that finds it cannot change the outcome.
    largest = weights.topk(min(_NUCLEUS_GUESS, weights.shape[-1])).values
    reached = largest.cumsum(-1, dtype=torch.float64)
    if (reached[..., -1] < p).any():
        largest = weights.sort(descending=True).values
        reached = largest.cumsum(-1, dtype=torch.float64)
    edge = (reached < p).sum(-1, keepdim=True).clamp(max=largest.shape[-1] - 1)
    return weights.where(weights >= largest.gather(-1, edge), 0.0)

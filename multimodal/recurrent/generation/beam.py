"""Beam search: the most probable continuations of all hypotheses of an item."""

import torch
from torch import Tensor

from multimodal.recurrent.generation.hypotheses import Choice, Frontier


class Beam:
    """Chooses, at every step, the `size` best continuations among all hypotheses of a row.

    A continuation by the end token takes its slot for that step only; at the next step, the beam is
    filled again from the hypotheses that go on. With size 1 this is greedy search.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def choose(self, frontier: Frontier, log_probs: Tensor) -> Choice:
        """Continue K hypotheses, log_probs (B, K, V), by the best N <= `size` of K * V tokens."""
        if self._size == 1:
            log_prob, token = log_probs.max(-1)
            return Choice(None, token, log_prob)
        # No hypothesis can place more than `size` of its tokens: the rest need no comparison.
        each = min(self._size, log_probs.shape[2])
        values, tokens = log_probs.topk(each)  # (B, K, each)
        totals = (frontier.totals[..., None] + values).flatten(1)  # (B, K * each)
        best = totals.topk(min(self._size, totals.shape[1])).indices  # (B, N)
        return Choice(
            parents=torch.div(best, each, rounding_mode="floor"),
            tokens=tokens.flatten(1).gather(1, best),
            log_probs=values.flatten(1).gather(1, best),
        )

"""Attention: where a recurrent network looks while it writes.

The memory can be the cells of a photo, the states of a sentence that was read or the letters of a
text to be written; attention does not know which.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Additive attention of Bahdanau, Cho and Bengio 2015 (appendix A.1.2).

    ::

        e_ts = v · tanh(W q_t + U m_s)        α_t = softmax_s(e_t)        c_t = Σ_s α_ts m_s

    The keys U m_s do not depend on the query: project them once with `keys`, pass them to every
    call.

    Args:
        memory_size: D, the features of one memory slot.
        query_size: H, the features of one query.
        attention_size: A, the width of the hidden layer that compares the two.
    """

    def __init__(self, memory_size: int, query_size: int, attention_size: int) -> None:
        super().__init__()
        self.memory_projection = nn.Linear(memory_size, attention_size, bias=False)
        self.query_projection = nn.Linear(query_size, attention_size)
        self.energy = nn.Linear(attention_size, 1, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        """Project a memory (B, S, D) to keys (B, S, A): twice U m_s, see `forward`."""
        keys: Tensor = 2 * self.memory_projection(memory)
        return keys

    def forward(
        self, queries: Tensor, keys: Tensor, memory: Tensor, present: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Look at a memory.

        Args:
            queries: (B, T, H); T may be time steps or the hypotheses of one step.
            keys: (B, S, A) from `keys`.
            memory: (B, S, D).
            present: (B, S) which slots there are, at least one; the others, which pad sequences of
                different lengths, get no weight. All when None.

        Returns:
            The contexts (B, T, D) and the weights (B, T, S), which sum to one over S.
        """
        # tanh(x) = 2 σ(2x) - 1, and σ is several times faster on processors. The "- 1" adds the
        # same to all energies of a query, which the softmax does not see.
        # In place: it is by far the largest tensor of a step, and twice of it leaves the cache.
        compared = (2 * self.query_projection(queries)[:, :, None] + keys[:, None]).sigmoid_()
        energies = 2 * self.energy(compared)[..., 0]  # (B, T, S)
        if present is not None:
            energies = energies.masked_fill(~present[:, None], -torch.inf)
        weights = energies.softmax(-1)
        return weights @ memory, weights


class GaussianWindow(nn.Module):
    """A soft window that slides over a text and never back (Graves 2013, equations 46-51).

    ::

        (α̂, β̂, Δ̂)_t = W h_t + b      α = exp α̂      β = exp β̂      κ_t = κ_{t-1} + exp Δ̂
        φ(t, u) = Σ_k α_k exp(-β_k (κ_k - u)²)                    w_t = Σ_u φ(t, u) m_u

    Cells that stand behind the end of a text must be zero in the memory; so nothing is seen of
    them.

    Args:
        query_size: H, the features of h.
        components: K, the Gaussians of the window.
        pace: how far the window slides at each step before anything is learnt, in cells.
    """

    LARGEST_EXPONENT = 8.0

    def __init__(self, query_size: int, components: int, pace: float = 0.1) -> None:
        super().__init__()
        self.components = components
        self.projection = nn.Linear(query_size, 3 * components)
        with torch.no_grad():
            self.projection.weight.mul_(0.5)
            self.projection.bias.zero_()
            self.projection.bias[:components] = -math.log(components)
            self.projection.bias[2 * components :] = math.log(pace)

    def start(self, batch: int) -> Tensor:
        """The places κ (B, K) before the first step: all on the first cell."""
        return self.projection.weight.new_zeros(batch, self.components)

    def forward(
        self, queries: Tensor, places: Tensor, memory: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Slide on by one step and look.

        Args:
            queries: (B, H), h of this step.
            places: (B, K), κ of the step before.
            memory: (B, U, D), the cells of the text.

        Returns:
            What is seen w (B, D), the weights φ (B, U), and the new places κ (B, K).
        """
        alpha, beta, pace = self.exponents(queries).exp().chunk(3, -1)  # (B, K) each
        places = places + pace
        cells = torch.arange(memory.shape[1], device=places.device, dtype=places.dtype)
        away = places[:, :, None] - cells  # (B, K, U)
        bells = (-beta[:, :, None] * away.square()).exp()
        weights = torch.bmm(alpha[:, None], bells)  # (B, 1, U)
        return torch.bmm(weights, memory)[:, 0], weights[:, 0], places

    def exponents(self, queries: Tensor) -> Tensor:
        """α̂, β̂ and Δ̂ (B, 3 K), held where their exponentials stay finite."""
        limit = self.LARGEST_EXPONENT
        exponents: Tensor = self.projection(queries).clamp(-limit, limit)
        return exponents

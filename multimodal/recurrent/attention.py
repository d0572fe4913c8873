"""Attention: where a recurrent network looks while it writes.

The memory can be the cells of a photo or the states of a sentence that was read; attention does not
know which.
"""

from __future__ import annotations

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

    def forward(self, queries: Tensor, keys: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Look at a memory.

        Args:
            queries: (B, T, H); T may be time steps or the hypotheses of one step.
            keys: (B, S, A) from `keys`.
            memory: (B, S, D).

        Returns:
            The contexts (B, T, D) and the weights (B, T, S), which sum to one over S.
        """
        # tanh(x) = 2 σ(2x) - 1, and σ is several times faster on processors. The "- 1" adds the
        # same to all energies of a query, which the softmax does not see.
        # In place: it is by far the largest tensor of a step, and twice of it leaves the cache.
        compared = (2 * self.query_projection(queries)[:, :, None] + keys[:, None]).sigmoid_()
        weights = (2 * self.energy(compared)[..., 0]).softmax(-1)  # (B, T, S)
        return weights @ memory, weights

"""Which tokens may follow (forced prefix, banned, least length), and what repetition costs."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.recurrent.generation.hypotheses import Frontier
from multimodal.recurrent.generation.options import GenerationOptions

_FREE = -1


class Rules:
    """Takes away, at every step, the tokens that a hypothesis may not continue with.

    A forced token comes before every other rule: a prefix may hold banned tokens and repetitions.

    Args:
        prompts: For every item its first token and the prefix forced after it.
        banned: For every item tokens that it alone is denied; None for none.
        end: The end token.
        options: `banned`, `once`, `min_length`, `no_repeat_ngram` and the costs are the rules.
        device: Where the log-probabilities will be.
    """

    def __init__(
        self,
        prompts: Sequence[Sequence[int]],
        banned: Sequence[Sequence[int]] | None,
        end: int,
        options: GenerationOptions,
        device: torch.device,
    ) -> None:
        longest = max(map(len, prompts))
        prefixes = [prompt[1:] for prompt in prompts]
        self._prefixes = _side_by_side(prefixes, longest - 1, device)  # (items, P)
        self._banned = torch.tensor(options.banned, dtype=torch.int64, device=device)
        # Whether a token stands only once, by its number; the last entry is for all that follow.
        self._once = torch.zeros(max(options.once, default=0) + 2, dtype=torch.bool, device=device)
        self._once[list(options.once)] = True
        self._any_once = bool(options.once)
        self._denied: Tensor | None = None
        if banned is not None and any(banned):
            self._denied = _side_by_side(banned, max(map(len, banned)), device)  # (items, N)
        self._end = end
        self._min_length = options.min_length
        self._ngram = options.no_repeat_ngram
        self._costs = _Costs.of(options, device)

    def apply(self, frontier: Frontier, log_probs: Tensor) -> Tensor:
        """Log-probabilities (B, K, V) with -inf for every token that is not allowed.

        The argument may be overwritten.
        """
        if frontier.length >= self._prefixes.shape[1]:
            return self._forbid(frontier, log_probs)
        tokens = self._prefixes[frontier.items, frontier.length, None, None]  # (B, 1, 1)
        index = tokens.clamp(min=0).expand(-1, log_probs.shape[1], -1)  # (B, K, 1)
        forced = torch.full_like(log_probs, -torch.inf)
        forced.scatter_(-1, index, log_probs.gather(-1, index))
        return torch.where(tokens == _FREE, self._forbid(frontier, log_probs), forced)

    def _forbid(self, frontier: Frontier, log_probs: Tensor) -> Tensor:
        if self._banned.numel():
            log_probs.index_fill_(-1, self._banned, -torch.inf)
        if self._denied is not None:
            denied = self._denied[frontier.items, None].expand(-1, log_probs.shape[1], -1)
            forbid_tokens(log_probs, denied.clamp(min=0), denied != _FREE)
        if frontier.length < self._min_length:
            log_probs[..., self._end] = -torch.inf
        if self._any_once:
            spent = self._once[frontier.written.clamp(max=len(self._once) - 1)]
            forbid_tokens(log_probs, frontier.written, spent)
        if 0 < self._ngram <= frontier.length + 1:
            _forbid_repetition(frontier.written, log_probs, self._ngram)
        if self._costs is not None:
            self._costs.charge(frontier.written, log_probs)
        return log_probs


class _Costs(NamedTuple):
    """What it costs to write tokens again, by their numbers; the last entry is for all others."""

    again: Tensor  # (N + 1,)
    doubled: Tensor  # (N + 1,) right behind itself

    @classmethod
    def of(cls, options: GenerationOptions, device: torch.device) -> "_Costs | None":
        """The costs that the options name; None where they name none."""
        again, doubled = options.repeat_costs, options.double_costs
        if not any(again) and not any(doubled):
            return None
        size = max(len(again), len(doubled)) + 1
        rows = [[*costs, *[0.0] * (size - len(costs))] for costs in (again, doubled)]
        return cls(*torch.tensor(rows, dtype=torch.float32, device=device))

    def charge(self, written: Tensor, log_probs: Tensor) -> None:
        """Take from log-probabilities (B, K, V) what `written` (B, K, T) makes dearer."""
        known = written.clamp(max=len(self.again) - 1)
        costs = self.again[known]
        costs[..., -1] = self.doubled[known[..., -1]]
        log_probs.scatter_add_(-1, written, -costs)


def _side_by_side(rows: Sequence[Sequence[int]], width: int, device: torch.device) -> Tensor:
    """Rows of tokens as (items, width), filled up with `_FREE`."""
    padded = [[*row, *[_FREE] * (width - len(row))] for row in rows]
    return torch.tensor(padded, dtype=torch.int64, device=device).view(len(rows), width)


def _forbid_repetition(written: Tensor, log_probs: Tensor, n: int) -> None:
    """Write -inf where a token would complete an n-gram that `written` (B, K, T) holds already."""
    ngrams = written.unfold(-1, n, 1)  # (B, K, T - n + 1, n)
    context = written[:, :, None, written.shape[2] - n + 1 :]  # (B, K, 1, n - 1)
    repeats = (ngrams[..., :-1] == context).all(-1)  # (B, K, T - n + 1)
    forbid_tokens(log_probs, ngrams[..., -1], repeats)


def forbid_tokens(log_probs: Tensor, tokens: Tensor, where: Tensor) -> None:
    """Write -inf for those of the tokens (B, K, N) that are marked by `where` (B, K, N).

    Args:
        log_probs: (B, K, V), changed in place.
        tokens: (B, K, N).
        where: (B, K, N), whether a token is forbidden.
    """
    # Added, not written: the same token may stand at one place that is marked and one that isn't.
    penalties = torch.zeros_like(where, dtype=log_probs.dtype).masked_fill_(where, -torch.inf)
    log_probs.scatter_add_(-1, tokens, penalties)

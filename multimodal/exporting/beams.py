"""Beam search inside a graph: the same choices, rules and ranking as `recurrent.generation`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from multimodal.exporting.loops import repeated

_TOKEN, _NATS, _WAY = range(3)  # what a path holds of every step

Step: TypeAlias = Callable[[Tensor, Sequence[Tensor]], tuple[Tensor, Sequence[Tensor], Tensor]]
"""Tokens (B, K) and the state's tensors (B, K, …) → logits (B, K, V), the new state, and the
attention (B, K, S)."""


@dataclass(frozen=True)
class Rules:
    """What may be written.

    Attributes:
        end: the token that ends a sentence.
        banned: (V,) bool, tokens that are never written.
        once: (V,) bool, tokens that stand at most once in a sentence; None for none.
        costs: (2, V) float32, what it costs to write a token again for every time that it stands
            in the sentence, and right behind itself, in nats; None for nothing.
        ngram: no run of so many tokens appears twice; 0 for no such rule.
        min_length: the end is not allowed among the first so many tokens.
    """

    end: int
    banned: Tensor
    once: Tensor | None = None
    costs: Tensor | None = None
    ngram: int = 0
    min_length: int = 0


class Search(NamedTuple):
    """How to search, by scalars that a caller hands in.

    Attributes:
        beam_size: K.
        n_best: () int64, how many sentences have to be certain before the search stops.
        max_length: M, tokens at most, the end included.
        length_penalty: () float32, see `GenerationOptions`.
    """

    beam_size: int
    n_best: Tensor
    max_length: int
    length_penalty: Tensor


class Found(NamedTuple):
    """The K best sentences of every item, best first; finished ones before those that were cut.

    Attributes:
        tokens: (B, K, M) int64, the end included, zeros behind.
        log_probs: (B, K, M) float32 of each token.
        lengths: (B, K) int64, tokens, the end included; 0 where there is no further sentence.
        scores: (B, K) float32.
        finished: (B, K) bool, whether the sentence has its end.
        attention: (B, K, M, S) float32.
    """

    tokens: Tensor
    log_probs: Tensor
    lengths: Tensor
    scores: Tensor
    finished: Tensor
    attention: Tensor


def beam_search(
    step: Step,
    start: Tensor,
    state: Sequence[Tensor],
    places: int,
    rules: Rules,
    search: Search,
) -> Found:
    """Search for the best sentences.

    Args:
        step: the model.
        start: (B,) the tokens that come first.
        state: (B, 1, …) before them.
        places: S, of the attention.
        rules: what may be written.
        search: how.
    """
    items, beam, most = start.shape[0], search.beam_size, search.max_length
    leaves = [part.expand(-1, beam, *[-1] * (part.dim() - 2)) for part in state]
    last = start[:, None].expand(-1, beam)
    alone = torch.arange(beam)[None].expand(items, -1) == 0
    nothing = torch.full((items, beam), -torch.inf)
    results = (
        torch.where(alone, 0.0, -torch.inf),
        torch.zeros(items, beam, 3, most),
        torch.zeros(items, most, beam, places),
        nothing,
        torch.zeros(items, beam),
        torch.zeros(items, beam, 3, most),
    )

    penalty, wanted = search.length_penalty, (search.n_best - 1)[None]
    longest = _power(most, penalty)

    def write(
        at: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
        last, *before = state
        totals, paths, looks, best, lengths, kept = results
        beam, most = totals.shape[1], paths.shape[3]
        logits, after, attention = step(last, before)
        log_probs = _allowed(logits.float().log_softmax(-1), paths[:, :, _TOKEN].long(), at, rules)
        size = log_probs.shape[2]
        totals, chosen = (totals[:, :, None] + log_probs).flatten(1).topk(beam)
        parents, tokens = chosen.div(size, rounding_mode="floor"), chosen.remainder(size)
        nats = log_probs.flatten(1).gather(1, chosen)
        row = torch.stack([tokens.float(), nats, parents.float()], 2)  # (B, K, 3)
        here = torch.arange(most) == at
        paths = torch.where(here, row[..., None], _slots(paths, parents))
        looks = torch.where(here[None, :, None, None], attention[:, None], looks)
        ended = tokens == rules.end
        score = totals / (at + 1).float() ** penalty
        best, place = torch.cat([best, torch.where(ended, score, -torch.inf)], 1).topk(beam)
        kept = _slots(torch.cat([kept, paths], 1), place)
        lengths = torch.cat([lengths, torch.zeros_like(lengths) + (at + 1)], 1).gather(1, place)
        totals = torch.where(ended, -torch.inf, totals)
        attainable = totals.amax(1) / longest
        enough = best.index_select(1, wanted)[:, 0]
        leaves = [_slots(part, parents) for part in after]
        return enough < attainable, (tokens, *leaves), (totals, paths, looks, best, lengths, kept)

    found = repeated(write, most, (last, *leaves), results)
    return _ranked(found, search)


def _power(length: int, penalty: Tensor) -> Tensor:
    return torch.ones(length).sum() ** penalty


def _ranked(results: Sequence[Tensor], search: Search) -> Found:
    """Finished sentences, then those that were cut."""
    totals, paths, looks, best, lengths, kept = results
    beam = search.beam_size
    cut, place = (totals / _power(search.max_length, search.length_penalty)).topk(beam)
    number = torch.arange(beam)[None]
    finished = (best > -torch.inf).sum(1, keepdim=True)  # (B, 1)
    order = torch.where(number < finished, number, beam + number - finished)
    scores = torch.cat([best, cut], 1).gather(1, order)
    paths = _slots(torch.cat([kept, _slots(paths, place)], 1), order)
    whole = torch.ones(search.max_length).sum().expand(lengths.shape)
    lengths = torch.cat([lengths, whole], 1).gather(1, order)
    lengths = torch.where(scores > -torch.inf, lengths, 0.0).long()
    there = torch.arange(search.max_length) < lengths[..., None]  # (B, K, M)
    ways = paths[:, :, _WAY].long().transpose(1, 2)[..., None]  # (B, M, K, 1)
    attention = looks.gather(2, ways.expand(-1, -1, -1, looks.shape[3])).transpose(1, 2)
    return Found(
        torch.where(there, paths[:, :, _TOKEN], 0.0).long(),
        torch.where(there, paths[:, :, _NATS], 0.0),
        lengths,
        scores,
        (number < finished) & (scores > -torch.inf),
        attention * there[..., None],
    )


def _slots(parts: Tensor, slots: Tensor) -> Tensor:
    """Parts (B, K, …) of some slots (B, N): (B, N, …)."""
    index = slots.view(*slots.shape, *[1] * (parts.dim() - 2))
    return parts.gather(1, index.expand(-1, -1, *parts.shape[2:]))


def _allowed(log_probs: Tensor, tokens: Tensor, at: Tensor, rules: Rules) -> Tensor:
    """Log-probabilities (B, K, V) with -inf where the rules forbid a token behind `tokens`."""
    log_probs = log_probs.masked_fill(rules.banned, -torch.inf)
    if rules.min_length:
        is_end = torch.arange(log_probs.shape[2]) == rules.end
        log_probs = log_probs.masked_fill(is_end & (at < rules.min_length), -torch.inf)
    place = torch.arange(tokens.shape[2])
    if rules.once is not None:
        log_probs = _forbidden(log_probs, tokens, rules.once[tokens] & (place < at))
    if rules.costs is not None:
        again, doubled = rules.costs[0][tokens], rules.costs[1][tokens]
        dear = torch.where(place < at - 1, again, torch.where(place == at - 1, doubled, 0.0))
        log_probs = log_probs.scatter_add(2, tokens, -dear)
    if rules.ngram:
        log_probs = _forbidden(log_probs, *_repeats(tokens, at, rules.ngram))
    return log_probs


def _repeats(tokens: Tensor, at: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The tokens that ended an n-gram (B, K, M - n + 1), and where it began like the last n - 1."""
    count = tokens.shape[2] - n + 1
    places = torch.arange(count)
    same = (places + n - 1 < at).expand(*tokens.shape[:2], -1)
    for number in range(n - 1):
        last = tokens.index_select(2, (at - (n - 1) + number).clamp(min=0)[None])
        same = same & (tokens[:, :, number : number + count] == last)
    return tokens[:, :, n - 1 :], same


def _forbidden(log_probs: Tensor, tokens: Tensor, where: Tensor) -> Tensor:
    penalties = torch.where(where, -torch.inf, 0.0)
    return log_probs.scatter_add(2, tokens, penalties)

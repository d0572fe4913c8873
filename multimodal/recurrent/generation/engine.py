"""The loop of every generation: step, choose, rank what has ended, let go of what is done.

All items advance together. A row leaves the batch as soon as its result is certain, and nothing
that is computed for a row looks at another one: where the arithmetic of the model itself does not
depend on the size of the batch, neither the batch nor the neighbours change anybody's result.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Generic, NamedTuple, Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recurrent.generation.beam import Beam
from multimodal.recurrent.generation.hypotheses import (
    Choice,
    Frontier,
    History,
    Hypothesis,
    Ranking,
)
from multimodal.recurrent.generation.options import GenerationOptions
from multimodal.recurrent.generation.requirements import Requirement, RequiringBeam
from multimodal.recurrent.generation.rules import Rules
from multimodal.recurrent.generation.sampling import Sampler
from multimodal.recurrent.generation.trees import Tree, leaves, repeat_slots, take_rows, take_slots

State = TypeVar("State", bound=Tree)
Memory = TypeVar("Memory", bound=Tree)
MemoryIn = TypeVar("MemoryIn", bound=Tree, contravariant=True)


class Step(Protocol[State, MemoryIn]):
    """One step of a model: reads the last token of every hypothesis, says what may come next."""

    def __call__(
        self, tokens: Tensor, state: State, memory: MemoryIn, /
    ) -> tuple[Tensor, State, Tensor | None]:
        """Advance B items with K hypotheses each.

        Args:
            tokens: (B, K) int64.
            state: Tensors in nested tuples, every leaf (B, K, ...): what a step changes.
            memory: Tensors in nested tuples, every leaf (B, ...): what it only reads.

        Returns:
            The logits of the next token (B, K, V) in any floating type, the new state, and the
            attention weights (B, K, S) over S places or None.
        """


@torch.no_grad()
def generate(  # noqa: PLR0913 - what belongs to the items goes by keyword
    step: Step[State, Memory],
    state: State,
    memory: Memory,
    prompts: Sequence[Sequence[int]],
    *,
    end: int,
    options: GenerationOptions,
    seeds: Sequence[int] | None = None,
    requirements: Sequence[Sequence[Requirement]] | None = None,
    banned: Sequence[Sequence[int]] | None = None,
) -> list[list[Hypothesis]]:
    """Generate sentences for a batch of items: greedy, by beam search or by sampling.

    Beam search stops for an item when no hypothesis can overtake its n best any more. Because
    log-probabilities are never positive, one that now has the sum s cannot end with a score above
    s / max_length ** length_penalty: the result is exactly the one of a search that goes on.
    Finished hypotheses come first; those that were cut at `max_length`, or that no allowed token
    could continue, stand behind them, ranked by the same score. There are fewer than `n_best` only
    where the rules leave no more. Where something is required, those that meet more of it come
    before all others: what cannot be met comes back as far as it goes, marked by
    `Hypothesis.unmet`.

    Args:
        step: The model.
        state: Its state before the first token: every leaf (B, 1, ...).
        memory: What its steps read: every leaf (B, ...). It is never copied per hypothesis.
        prompts: For each of the B items, the start token and, after it, the tokens that the
            sentence is forced to begin with. Those count in its score as the model sees them.
        end: The token that ends a sentence.
        options: How to generate.
        seeds: Sampling: one per item, in place of `options.seed` for all. Under the same seed, the
            same item draws the same sentences.
        requirements: Beam search: for each item the sets of phrases of which its sentences must
            contain one each (see `requirements`); the beam is as wide for every state. None: no
            requirements, at no cost.
        banned: For each item tokens that are never generated for it, besides `options.banned`.

    Returns:
        For every item its hypotheses, best first.

    Raises:
        UserError: A prompt is too long for `max_length`, or something is required that cannot be
            searched for.
    """
    if not prompts:
        return []
    _refuse_overlong(prompts, options)
    device = next(leaves((state, memory))).device
    chooser: _Chooser = Beam(options.beam_size)
    slots = 1  # a beam widens by itself at the first step
    if requirements is not None and any(requirements):
        if options.sample:
            raise UserError("words can be required of a search only; leave sample out")
        chooser = RequiringBeam(requirements, options.beam_size, device)
    elif options.sample:
        seeds = _seeds(options, len(prompts)) if seeds is None else seeds
        chooser = Sampler(options, seeds, device)
        slots = options.n_best
    starts = torch.tensor([prompt[0] for prompt in prompts], device=device)
    levels = 1 + max(map(len, requirements or [()]))
    nothing = Ranking.empty((len(prompts), levels, options.n_best), device)
    live = _Live(
        Frontier.start(starts, slots), repeat_slots(state, slots), memory, nothing, nothing
    )
    rules = Rules(prompts, banned, end, options, device)
    return _Search(step, rules, chooser, end, options).run(live)


def _refuse_overlong(prompts: Sequence[Sequence[int]], options: GenerationOptions) -> None:
    longest = max(map(len, prompts)) - 1
    if longest > options.max_length:
        raise UserError(
            f"a prompt of {longest} tokens does not fit into max_length={options.max_length}; "
            "raise max_length or shorten the prompt"
        )


def _seeds(options: GenerationOptions, count: int) -> list[int]:
    if options.seed is not None:
        return [options.seed] * count
    return torch.randint(2**62, (count,)).tolist()


class _Chooser(Protocol):
    def choose(self, frontier: Frontier, log_probs: Tensor, /) -> Choice: ...


class _Live(NamedTuple, Generic[State, Memory]):
    """Everything that has a row for each of the B items whose result is not certain yet."""

    frontier: Frontier
    state: State
    memory: Memory
    finished: Ranking
    unfinished: Ranking


class _Search(Generic[State, Memory]):
    """One call of `generate`: the model, what guides it, and what has come out so far."""

    def __init__(
        self,
        step: Step[State, Memory],
        rules: Rules,
        chooser: _Chooser,
        end: int,
        options: GenerationOptions,
    ) -> None:
        self._step = step
        self._rules = rules
        self._chooser = chooser
        self._end = end
        self._options = options
        self._history = History()
        self._left: list[tuple[Tensor, Ranking, Ranking]] = []

    def run(self, live: _Live[State, Memory]) -> list[list[Hypothesis]]:
        """Generate until every row has left, then read the hypotheses of every item."""
        while live.frontier.items.numel() and live.frontier.length < self._options.max_length:
            live, stuck = self._advance(live)
            certain = self._certain(live)
            # The one moment of a step that waits for the device.
            any_stuck, any_certain = torch.stack(
                ((stuck > -torch.inf).any(), certain.any())
            ).tolist()
            if any_stuck:
                length = live.frontier.length - 1
                cut = self._rank(live.unfinished, live.frontier.items, stuck, length)
                live = live._replace(unfinished=cut)
            if any_certain:
                live = self._retire(live, certain)
        frontier = live.frontier
        cut = self._rank(live.unfinished, frontier.items, frontier.totals, frontier.length)
        self._left.append((frontier.items, live.finished, cut))
        return self._results()

    def _advance(self, live: _Live[State, Memory]) -> tuple[_Live[State, Memory], Tensor]:
        """Write one more token; also return the sums (B, K) of those that no token may continue."""
        frontier, memory = live.frontier, live.memory
        logits, state, attention = self._step(frontier.last, live.state, memory)
        log_probs = F.log_softmax(logits, dim=-1, dtype=torch.float32)  # (B, K, V)
        # A model may rule out every token by itself, and -inf everywhere makes NaN everywhere.
        log_probs.nan_to_num_(nan=-torch.inf, neginf=-torch.inf)
        log_probs = self._rules.apply(frontier, log_probs)
        stuck = frontier.totals.where(log_probs.amax(-1) == -torch.inf, -torch.inf)
        choice = self._chooser.choose(frontier, log_probs)
        kept = attention if self._options.keep_attention else None
        self._history.record(frontier.items, choice, kept)

        frontier, state = _follow(choice, frontier, state)
        ended = choice.tokens == self._end  # (B, K)
        complete = frontier.totals.where(ended, -torch.inf)
        finished = self._rank(live.finished, frontier.items, complete, frontier.length)
        frontier = frontier._replace(totals=frontier.totals.masked_fill(ended, -torch.inf))
        return _Live(frontier, state, memory, finished, live.unfinished), stuck

    def _certain(self, live: _Live[State, Memory]) -> Tensor:
        """Tell for every row whether nothing being written can change its n best: (B,)."""
        attainable = self._scores(live.frontier.totals.amax(1), self._options.max_length)
        return live.finished.scores[:, 0, -1] >= attainable

    def _retire(self, live: _Live[State, Memory], certain: Tensor) -> _Live[State, Memory]:
        results = (live.frontier.items, live.finished, live.unfinished)
        self._left.append(take_rows(results, certain.nonzero().squeeze(1)))
        return take_rows(live, certain.logical_not().nonzero().squeeze(1))

    def _rank(self, ranking: Ranking, items: Tensor, totals: Tensor, length: int) -> Ranking:
        scores = self._scores(totals, length)  # (B, K)
        if isinstance(self._chooser, RequiringBeam):
            return ranking.with_all(self._chooser.by_unmet(items, scores), length)
        return ranking.with_all(scores[:, None], length)

    def _scores(self, totals: Tensor, length: int) -> Tensor:
        # Where nothing at all was written the sum is 0, whatever it is divided by.
        return totals / float(max(length, 1) ** self._options.length_penalty)

    def _results(self) -> list[list[Hypothesis]]:
        by_item = {}
        for items, finished, unfinished in self._left:
            rows = zip(items.tolist(), finished.entries(), unfinished.entries(), strict=True)
            for item, ended, others in rows:
                levels = enumerate(zip(ended, others, strict=True))
                best = [(entry, unmet) for unmet, pair in levels for entry in chain(*pair)]
                by_item[item] = [
                    self._history.hypothesis(item, entry, unmet, self._end)
                    for entry, unmet in best[: self._options.n_best]
                ]
        return [by_item[item] for item in sorted(by_item)]


def _follow(choice: Choice, frontier: Frontier, state: State) -> tuple[Frontier, State]:
    """Move frontier and state to the slots that were chosen, and write the tokens."""
    written, totals = frontier.written, frontier.totals
    if choice.parents is not None:
        written, totals, state = take_slots((written, totals, state), choice.parents)
    written = torch.cat((written, choice.tokens[:, :, None]), 2)
    return Frontier(frontier.items, written, totals + choice.log_probs), state

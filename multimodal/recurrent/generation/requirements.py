"""Requirements: beam search for sentences that contain one phrase of each of several sets.

Constrained beam search (Anderson, Fernando, Johnson and Gould, 2017, "Guided Open Vocabulary Image
Captioning with Constrained Beam Search"). A finite-state machine reads every hypothesis; a state is
the set of requirements that are met, together with what has been written of a further phrase.
Every state has a beam of its own, so that a hypothesis competes only with those that are as far,
and none is dropped for a required word that becomes likely late.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recurrent.generation.hypotheses import Choice, Frontier
from multimodal.recurrent.generation.rules import forbid_tokens

Phrase: TypeAlias = Sequence[int]
"""Tokens that stand side by side."""

Requirement: TypeAlias = Sequence[Phrase]
"""Phrases of which a sentence must contain at least one."""

MOST_REQUIREMENTS = 6  # each doubles the number of beams


class _State(NamedTuple):
    satisfied: frozenset[int]
    begun: tuple[int, ...]  # the longest beginning of a phrase still wanted that stands last


class _Machine:
    """What becomes of the sentences of one item, state by state.

    Attributes:
        tokens: All tokens of its phrases.
        after: (states, tokens) the state that each of these leads to.
        otherwise: (states,) the state that any other token leads to.
        unmet: (states,) how many requirements are not met.
    """

    def __init__(self, requirements: Sequence[Requirement]) -> None:
        if not all(requirement and all(requirement) for requirement in requirements):
            raise UserError("a requirement needs phrases, and a phrase at least one token")
        if len(requirements) > MOST_REQUIREMENTS:
            raise UserError(
                f"{len(requirements)} requirements for one sentence; at most {MOST_REQUIREMENTS}"
            )
        self._requirements = requirements
        self.tokens = sorted({t for phrases in requirements for p in phrases for t in p})
        numbers = {_State(frozenset(), ()): 0}
        self.after: list[list[int]] = []
        self.otherwise: list[int] = []
        queue = list(numbers)
        for state in queue:  # grows while it is read
            following = [self._follow(state, token) for token in self.tokens]
            for new in (*following, _State(state.satisfied, ())):
                if new not in numbers:
                    numbers[new] = len(queue)
                    queue.append(new)
            self.after.append([numbers[new] for new in following])
            self.otherwise.append(numbers[_State(state.satisfied, ())])
        self.unmet = [len(requirements) - len(state.satisfied) for state in queue]

    def _follow(self, state: _State, token: int) -> _State:
        text = (*state.begun, token)
        satisfied = set(state.satisfied)
        wanted: list[Phrase] = []
        for number, phrases in enumerate(self._requirements):
            if number in satisfied:
                continue
            if any(text[-len(phrase) :] == tuple(phrase) for phrase in phrases):
                satisfied.add(number)
            else:
                wanted.extend(phrases)
        begun = (
            text[-size:]
            for size in range(len(text), 0, -1)
            if any(len(p) > size and tuple(p[:size]) == text[-size:] for p in wanted)
        )
        return _State(frozenset(satisfied), next(begun, ()))


class RequiringBeam:
    """Chooses, at every step, the `size` best continuations that lead into each state.

    The slots of a row stand in the order of its states, as many for each; where another row has
    more states, those that it lacks stay empty. Before the first step there is one slot.

    Args:
        requirements: For every item what its sentences must contain; where that is nothing, the
            search is that of `Beam`.
        size: Hypotheses kept in each state.
        device: Where the log-probabilities will be.

    Raises:
        UserError: There are too many requirements, or an empty one.
    """

    def __init__(
        self, requirements: Sequence[Sequence[Requirement]], size: int, device: torch.device
    ) -> None:
        machines = [_Machine(required) for required in requirements]
        items = len(machines)
        states = max(len(machine.unmet) for machine in machines)
        tokens = max(len(machine.tokens) for machine in machines)
        listed = torch.zeros(items, tokens, dtype=torch.int64)
        given = torch.zeros(items, tokens, dtype=torch.bool)
        after = torch.zeros(items, states, tokens, dtype=torch.int64)
        otherwise, unmet = torch.zeros(2, items, states, dtype=torch.int64)
        for item, machine in enumerate(machines):
            there, named = len(machine.unmet), len(machine.tokens)
            listed[item, :named] = torch.tensor(machine.tokens)
            given[item, :named] = True
            after[item, :there, :named] = torch.tensor(machine.after)
            otherwise[item, :there] = torch.tensor(machine.otherwise)
            unmet[item, :there] = torch.tensor(machine.unmet)
        self._size = size
        self._listed, self._given = listed.to(device), given.to(device)
        self._after, self._otherwise = after.to(device), otherwise.to(device)
        self._unmet = unmet.to(device)
        self._levels = torch.arange(int(unmet.max()) + 1, device=device)[:, None]

    def choose(self, frontier: Frontier, log_probs: Tensor) -> Choice:
        """Continue K hypotheses, log_probs (B, K, V), by the N best that lead into each state."""
        listed, given = (
            table[frontier.items, None].expand(-1, log_probs.shape[1], -1)
            for table in (self._listed, self._given)
        )  # (B, K, T)
        named = log_probs.gather(-1, listed).where(given, -torch.inf)
        forbid_tokens(log_probs, listed, given)
        # All other tokens of a hypothesis lead into the same state.
        others = log_probs.topk(min(self._size, log_probs.shape[2]))  # (B, K, each)
        values = torch.cat((others.values, named), -1)  # (B, K, C)
        tokens = torch.cat((others.indices, listed), -1).flatten(1)
        leads_to = self._leads_to(frontier, others.indices.shape[2])  # (B, K, C)
        totals = (frontier.totals[..., None] + values).flatten(1)  # (B, K * C)
        states = torch.arange(self._after.shape[1], device=totals.device)[:, None]
        arriving = totals[:, None].where(leads_to.flatten(1)[:, None] == states, -torch.inf)
        best = arriving.topk(min(self._size, totals.shape[1]))  # (B, states, N)
        chosen = best.indices.flatten(1)
        empty = best.values.flatten(1) == -torch.inf
        return Choice(
            parents=torch.div(chosen, values.shape[2], rounding_mode="floor"),
            tokens=tokens.gather(1, chosen),
            log_probs=values.flatten(1).gather(1, chosen).masked_fill(empty, -torch.inf),
        )

    def by_unmet(self, items: Tensor, values: Tensor) -> Tensor:
        """Values (B, K) of all slots → (B, R, K), apart for 0, 1, … unmet requirements; else -inf.

        Args:
            items: (B,) where the rows stood in the caller's batch.
            values: (B, K).
        """
        unmet = self._unmet[items][:, None, self._states(values.shape[1])]  # (B, 1, K)
        return values[:, None].where(unmet == self._levels, -torch.inf)

    def _leads_to(self, frontier: Frontier, others: int) -> Tensor:
        """The states (B, K, C) after `others` tokens that no phrase has, then after all listed."""
        states = self._states(frontier.totals.shape[1])
        items = frontier.items[:, None]
        otherwise = self._otherwise[items, states][..., None].expand(-1, -1, others)
        return torch.cat((otherwise, self._after[items, states]), -1)

    def _states(self, slots: int) -> Tensor:
        """The state of every slot: (K,)."""
        count = self._after.shape[1]
        states = torch.arange(slots, device=self._after.device) * count
        return torch.div(states, slots, rounding_mode="floor")

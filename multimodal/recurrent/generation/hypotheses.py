"""Hypotheses: those being written, the best ones so far, and the way back to their words."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Hypothesis:
    """One generated sentence.

    Attributes:
        tokens: Its tokens, a forced prefix included, without the start and the end token.
        log_probs: The natural logarithm of each token's probability, as the model gives it: before
            temperature, and before anything is forbidden or forced; less what repetition costs.
        end_log_prob: The same of the end token; None where the sentence did not end.
        score: What it is ranked by: the sum of all these over length ** length_penalty.
        finished: The model ended it. If not, it was cut at `max_length`, or no token was left
            that was allowed.
        unmet: How many of the requirements it does not meet.
        attention: (T, S) float32: the weights over S places while each of its T tokens was chosen;
            None unless asked for and given by the model.
    """

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    end_log_prob: float | None
    score: float
    finished: bool
    unmet: int = 0
    attention: Tensor | None = field(default=None, compare=False, repr=False)


class Frontier(NamedTuple):
    """The hypotheses being written: B items that are still in the batch, K slots for each.

    Attributes:
        items: (B,) where each row stood in the caller's batch.
        written: (B, K, 1 + t) the start token and the t tokens so far.
        totals: (B, K) float32: sums of log-probabilities; -inf marks an empty slot.
    """

    items: Tensor
    written: Tensor
    totals: Tensor

    @classmethod
    def start(cls, tokens: Tensor, slots: int) -> "Frontier":
        """Write the start tokens (B,), the same in all slots."""
        return cls(
            items=torch.arange(len(tokens), device=tokens.device),
            written=tokens[:, None, None].repeat(1, slots, 1),
            totals=torch.zeros(len(tokens), slots, device=tokens.device),
        )

    @property
    def length(self) -> int:
        """How many tokens have been written: t."""
        return self.written.shape[2] - 1

    @property
    def last(self) -> Tensor:
        """The last token of every hypothesis: (B, K)."""
        return self.written[:, :, -1].contiguous()


class Choice(NamedTuple):
    """What is written next into N slots of every row.

    Attributes:
        parents: (B, N) the slot of the hypothesis that each one continues; None: the same slot.
        tokens: (B, N).
        log_probs: (B, N) of the tokens; -inf where there was nothing to choose.
    """

    parents: Tensor | None
    tokens: Tensor
    log_probs: Tensor


class Entry(NamedTuple):
    """A complete hypothesis: its score, and the slot that it stood in at its full length."""

    score: float
    length: int
    slot: int


class Ranking(NamedTuple):
    """The n best hypotheses of every row that are complete, best first.

    They are ranked apart for each number of unmet requirements, from 0 to R - 1.

    Attributes:
        scores: (B, R, n) float32; -inf where there are fewer.
        lengths: (B, R, n) how many tokens they have: where their way back begins in the `History`.
        slots: (B, R, n) the slot that they stood in at that length.
    """

    scores: Tensor
    lengths: Tensor
    slots: Tensor

    @classmethod
    def empty(cls, shape: tuple[int, int, int], device: torch.device) -> "Ranking":
        """Start a ranking without hypotheses: (B, R, n)."""
        nothing = torch.zeros(shape, dtype=torch.int64, device=device)
        return cls(torch.full(shape, -torch.inf, device=device), nothing, nothing)

    def with_all(self, scores: Tensor, length: int) -> "Ranking":
        """Rank these and the hypotheses of all slots, (B, R, K) scores, at this length."""
        slots = torch.arange(scores.shape[2], device=scores.device).expand_as(scores)
        best, places = torch.cat((self.scores, scores), 2).topk(self.scores.shape[2])
        return Ranking(
            best,
            torch.cat((self.lengths, torch.full_like(slots, length)), 2).gather(2, places),
            torch.cat((self.slots, slots), 2).gather(2, places),
        )

    def entries(self) -> list[list[list[Entry]]]:
        """Read the hypotheses as plain numbers: by row and unmet requirements, best first."""
        columns = (self.scores.tolist(), self.lengths.tolist(), self.slots.tolist())
        return [
            [
                [Entry(*entry) for entry in zip(*level, strict=True) if entry[0] > -math.inf]
                for level in zip(*row, strict=True)
            ]
            for row in zip(*columns, strict=True)
        ]


class _Step(NamedTuple):
    items: Tensor  # (B,)
    choice: Choice  # (B, N)
    attention: Tensor | None  # (B, K, S), in the slots of the parents


class _Page(NamedTuple):
    rows: dict[int, int]
    parents: list[list[int]] | None
    tokens: list[list[int]]
    log_probs: list[list[float]]
    looks_before: int  # among the attention of all slots of all steps
    looking: int  # slots of a row that have an attention; 0: none


class History:
    """All choices of all steps, from which a hypothesis is read backwards, parent by parent.

    Nothing is moved while generating: neither the reordering of the beam nor a row that leaves
    touches the steps already recorded, and no value is fetched from the device before the end.
    """

    def __init__(self) -> None:
        self._steps: list[_Step] = []

    def record(self, items: Tensor, choice: Choice, attention: Tensor | None) -> None:
        """Keep one step: items (B,), the choice for N slots, attention (B, K, S) of K parents.

        Args:
            items: (B,), numbers of the batch's items.
            choice: of N slots.
            attention: (B, K, S) of K parents, or None.
        """
        self._steps.append(_Step(items, choice, attention))

    def hypothesis(self, item: int, entry: Entry, unmet: int, end: int) -> Hypothesis:
        """Read a complete hypothesis of `item` from its last token back to its first.

        Args:
            item: number of the item.
            entry: where its hypothesis ended.
            unmet: how many requirements it left open.
            end: the end token.
        """
        tokens, log_probs, looks = [], [], []
        slot = entry.slot
        for page in reversed(self._pages[: entry.length]):
            row = page.rows[item]
            tokens.append(page.tokens[row][slot])
            log_probs.append(page.log_probs[row][slot])
            slot = slot if page.parents is None else page.parents[row][slot]
            looks.append(page.looks_before + row * page.looking + slot)
        finished = tokens[:1] == [end]
        words = slice(None, 0 if finished else None, -1)
        return Hypothesis(
            tokens=tuple(tokens[words]),
            log_probs=tuple(log_probs[words]),
            end_log_prob=log_probs[0] if finished else None,
            score=entry.score,
            finished=finished,
            unmet=unmet,
            attention=self._looks[looks[words]] if len(self._looks) and looks[words] else None,
        )

    @cached_property
    def _pages(self) -> list[_Page]:
        pages, looks = [], 0
        for items, choice, attention in self._steps:
            rows, slots, _ = (0, 0, 0) if attention is None else attention.shape
            pages.append(
                _Page(
                    rows={item: row for row, item in enumerate(items.tolist())},
                    parents=None if choice.parents is None else choice.parents.tolist(),
                    tokens=choice.tokens.tolist(),
                    log_probs=choice.log_probs.tolist(),
                    looks_before=looks,
                    looking=slots,
                )
            )
            looks += rows * slots
        return pages

    @cached_property
    def _looks(self) -> Tensor:
        """The attention of all slots of all steps one after the other: (L, S) float32."""
        kept = [a.flatten(0, 1) for _, _, a in self._steps if a is not None]
        return torch.cat(kept).float().cpu() if kept else torch.empty(0)

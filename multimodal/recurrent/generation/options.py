"""How a sentence is generated: every choice that is the caller's and not the model's."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

from multimodal.errors import UserError

_LEAST = {"beam_size": 1, "n_best": 1, "max_length": 1, "min_length": 0, "no_repeat_ngram": 0}
_STEEPEST_PENALTY = 10.0


@dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """How to generate; change single options with `dataclasses.replace(options, beam_size=5)`.

    A length, here, always counts tokens: the end token and a forced prefix are part of it, the
    token that the prompt begins with is not.

    Attributes:
        beam_size: Hypotheses kept per item at every step. 1 is greedy search: the most probable
            token, every time. Sampling has no use for it.
        n_best: Hypotheses returned per item, best first; with `sample`, how many are drawn.
        max_length: A hypothesis that has not ended after so many tokens is cut and comes back
            unfinished.
        min_length: The end token is not allowed among the first so many tokens.
        length_penalty: alpha in score = (sum of log-probabilities) / length ** alpha. 0 ranks by
            probability, which favours short sentences; 1 by the mean of a token. This is the
            exponent of Wu et al. (2016), "Google's Neural Machine Translation System", eq. 14,
            over the plain length in place of (5 + length) / 6.
        sample: Draw the tokens at random instead of searching for the most probable sentence.
        temperature: Sampling: divides the logits. Below 1 plays safe, above 1 is adventurous.
        top_k: Sampling: only the k most probable tokens (Fan et al., 2018). None: all.
        top_p: Sampling: only the smallest set of tokens that together reach this probability, after
            temperature and `top_k`; tokens as probable as its last member belong to it
            (the nucleus of Holtzman et al., 2020). 1: all.
        seed: Sampling: makes the draws repeatable. None: fresh draws, from torch's own generator.
        banned: Tokens that are never generated.
        once: Tokens that stand at most once in a sentence, prompt included.
        no_repeat_ngram: No run of so many tokens appears twice in a sentence (Paulus et al., 2018),
            prompt included. 1: no token twice. 0: repetition is allowed.
        repeat_costs: By token, what it costs to write it again for every time that it stands in the
            sentence already, prompt included, in nats. Tokens beyond the end cost nothing.
        double_costs: The same for a token right behind itself, in place of what its last occurrence
            would cost by `repeat_costs`. Scores include all costs.
        keep_attention: Return the attention weights of every token.

    Raises:
        UserError: An option is out of range, or has no effect beside another one.
    """

    beam_size: int = 3
    n_best: int = 1
    max_length: int = 30
    min_length: int = 0
    length_penalty: float = 1.0
    sample: bool = False
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: int | None = None
    banned: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    no_repeat_ngram: int = 0
    repeat_costs: tuple[float, ...] = ()
    double_costs: tuple[float, ...] = ()
    keep_attention: bool = False

    def __post_init__(self) -> None:
        for problem in (*self._wrong_counts(), *self._wrong_ranges(), *self._contradictions()):
            raise UserError(problem)

    @property
    def width(self) -> int:
        """Hypotheses that are followed at a time for one item."""
        return self.n_best if self.sample else self.beam_size

    def _wrong_counts(self) -> Iterator[str]:
        counts = {name: (getattr(self, name), least) for name, least in _LEAST.items()}
        if self.top_k is not None:
            counts["top_k"] = (self.top_k, 1)
        for name, (value, least) in counts.items():
            if not isinstance(value, int) or value < least:
                yield f"{name} must be a whole number of at least {least}, not {value!r}"
        for name in ("banned", "once"):
            for token in getattr(self, name):
                if not isinstance(token, int) or token < 0:
                    yield f"{name} must hold token numbers from 0 upwards, not {token!r}"

    def _wrong_ranges(self) -> Iterator[str]:
        yield from self._wrong_costs()
        if not 0 <= self.length_penalty <= _STEEPEST_PENALTY:
            yield (
                f"length_penalty must lie between 0 and {_STEEPEST_PENALTY:g}, "
                f"not {self.length_penalty!r}"
            )
        if not 0 < self.temperature < math.inf:
            yield (
                f"temperature must be above 0, not {self.temperature!r}; "
                "for the most probable token every time leave sample off and set beam_size=1"
            )
        if not 0 < self.top_p <= 1:
            yield f"top_p must lie above 0 and at most at 1, not {self.top_p!r}"

    def _wrong_costs(self) -> Iterator[str]:
        for name in ("repeat_costs", "double_costs"):
            if not all(cost >= 0 for cost in getattr(self, name)):
                yield f"{name} must hold numbers from 0 upwards"

    def _contradictions(self) -> Iterator[str]:
        if self.n_best > self.width:
            yield (
                f"n_best={self.n_best} asks for more than beam_size={self.beam_size} can find; "
                "raise beam_size to n_best or more"
            )
        if self.min_length >= self.max_length:
            yield f"min_length={self.min_length} must be below max_length={self.max_length}"
        draws = {
            "temperature": self.temperature != 1.0,
            "top_k": self.top_k is not None,
            "top_p": self.top_p != 1.0,
        }
        for name, given in draws.items():
            if given and not self.sample:
                yield f"{name} has an effect only on sampling; add sample=True or leave it out"


class GenerationChanges(TypedDict, total=False):
    """Those of `GenerationOptions` that a call changes."""

    beam_size: int
    n_best: int
    max_length: int
    min_length: int
    length_penalty: float
    sample: bool
    temperature: float
    top_k: int | None
    top_p: float
    seed: int | None
    banned: tuple[int, ...]
    once: tuple[int, ...]
    no_repeat_ngram: int
    repeat_costs: tuple[float, ...]
    double_costs: tuple[float, ...]
    keep_attention: bool

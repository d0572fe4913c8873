"""The generation engine, on fake models whose probabilities are written down in the test."""

import dataclasses
import itertools
import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recurrent.generation import (
    GenerationOptions,
    Hypothesis,
    generate,
    sampling,
)

END, START, A, B, C = range(5)
VOCABULARY = 5


class State(NamedTuple):
    code: Tensor  # (B, K) a number that stands for all tokens read so far
    nested: tuple[Tensor]  # (B, K, 2) the same twice more: leaves must be moved together


def read(code, token, codes: int, size: int):
    """The number that stands for one more token; with `size` codes, it is the token itself."""
    return (code * size + token) % codes


class FakeModel:
    """Looks its logits (V,) up in a table (codes, V), one per item, by all that it has read.

    Its attention points at the token that was fed. It notes how many items and hypotheses it saw.
    """

    def __init__(self, *tables: Tensor) -> None:
        self.memory = (torch.stack(tables),)  # (B, codes, V)
        self.seen: list[tuple[int, int]] = []

    def start(self) -> State:
        nothing = torch.zeros(len(self.memory[0]), 1, dtype=torch.int64)
        return State(nothing, (nothing[..., None].expand(-1, -1, 2),))

    def step(self, tokens: Tensor, state: State, memory: tuple[Tensor]):
        (tables,) = memory
        assert isinstance(state, State)
        assert tokens.shape == state.code.shape
        assert len(tables) == len(tokens), "the memory keeps one row per item"
        assert (state.nested[0] == state.code[..., None]).all()
        self.seen.append(tuple(tokens.shape))
        code = read(state.code, tokens, *tables.shape[1:])
        attention = torch.nn.functional.one_hot(tokens, tables.shape[-1]).float()
        rows = torch.arange(len(tokens))[:, None]
        return tables[rows, code], State(code, (code[..., None].repeat(1, 1, 2),)), attention


def chain(probabilities: dict[int, dict[int, float]]) -> Tensor:
    """The logits (V, V) of a Markov chain: the chances of what follows each token.

    A token without a row can only end the sentence.
    """
    table = torch.full((VOCABULARY, VOCABULARY), -math.inf)
    table[:, END] = 0.0
    for last, following in probabilities.items():
        table[last, END] = -math.inf
        for token, chance in following.items():
            table[last, token] = math.log(chance)
    return table


def random_table(seed: int, size: int = VOCABULARY, *, holes: float = 0.0) -> Tensor:
    """Random logits (codes, V) after every text; a share of the continuations is impossible.

    So many codes that no two short texts share one: otherwise sentences that take the same
    transitions in another order would tie, and rounding would rank them.
    """
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(9973, size, generator=generator) * 2
    return table.masked_fill(torch.rand(table.shape, generator=generator) < holes, -math.inf)


def run(
    model: FakeModel, prompts=None, seeds=None, denied=None, **options
) -> list[list[Hypothesis]]:
    prompts = prompts or [[START]] * len(model.memory[0])
    return generate(
        model.step,
        model.start(),
        model.memory,
        prompts,
        end=END,
        options=GenerationOptions(**options),
        seeds=seeds,
        banned=denied,
    )


def best(table: Tensor, **options) -> Hypothesis:
    return run(FakeModel(table), **options)[0][0]


# --- worked out by hand -------------------------------------------------------------------------

# Greedy falls for A (0.55), which can only end with 0.4; B would have ended with 0.9.
TRAP = chain({START: {A: 0.55, B: 0.45}, A: {END: 0.4, A: 0.3, C: 0.3}, B: {END: 0.9, C: 0.1}})


def test_greedy_takes_the_most_probable_token_every_time():
    hypothesis = best(TRAP, beam_size=1, length_penalty=0.0)
    assert hypothesis.tokens == (A,)
    assert hypothesis.finished
    assert hypothesis.log_probs == pytest.approx([math.log(0.55)])
    assert hypothesis.end_log_prob == pytest.approx(math.log(0.4))
    assert hypothesis.score == pytest.approx(math.log(0.55 * 0.4))


def test_beam_search_finds_what_greedy_misses():
    first, second, third = run(FakeModel(TRAP), beam_size=3, n_best=3, length_penalty=0.0)[0]
    assert [first.tokens, second.tokens, third.tokens] == [(B,), (A,), (A, C)]
    assert first.score == pytest.approx(math.log(0.45 * 0.9))
    assert second.score == pytest.approx(math.log(0.55 * 0.4))
    assert third.score == pytest.approx(math.log(0.55 * 0.3))


@pytest.mark.parametrize(
    ("alpha", "tokens", "score"),
    [
        (0.0, (), math.log(0.4)),
        (1.0, (A,), math.log(0.6 * 0.6) / 2),
        (0.5, (A,), math.log(0.6 * 0.6) / 2**0.5),
    ],
)
def test_length_penalty_divides_by_the_length_with_its_end(alpha, tokens, score):
    table = chain({START: {END: 0.4, A: 0.6}, A: {END: 0.6, B: 0.4}})
    hypothesis = best(table, beam_size=4, length_penalty=alpha, max_length=2)
    assert hypothesis.tokens == tokens
    assert hypothesis.score == pytest.approx(score)


def test_logits_need_not_be_normalised_and_may_be_bfloat16():
    table = (TRAP + 3.0).bfloat16()
    assert best(table, beam_size=3).tokens == (B,)
    assert best(table, beam_size=3).log_probs[0] == pytest.approx(math.log(0.45), abs=0.02)


def test_an_empty_batch_gives_no_results():
    assert generate(None, (), (), [], end=END, options=GenerationOptions()) == []


# --- against brute force ------------------------------------------------------------------------


class Rules(NamedTuple):
    """What brute force needs to know about the options."""

    max_length: int
    min_length: int = 0
    alpha: float = 0.0
    banned: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    ngram: int = 0
    prefix: tuple[int, ...] = ()

    def options(self, **others) -> dict:
        return {
            "max_length": self.max_length,
            "min_length": self.min_length,
            "length_penalty": self.alpha,
            "banned": self.banned,
            "once": self.once,
            "no_repeat_ngram": self.ngram,
            **others,
        }

    def allow(self, written: tuple[int, ...], token: int) -> bool:
        place = len(written)
        if place < len(self.prefix):
            return token == self.prefix[place]
        if token in self.banned or (token == END and place < self.min_length):
            return False
        if token in self.once and token in (START, *written):
            return False
        text = (START, *written, token)
        runs = [text[i : i + self.ngram] for i in range(len(text) - self.ngram + 1)]
        return not self.ngram or runs.count(runs[-1] if runs else ()) <= 1

    def score(self, total: float, length: int) -> float:
        return total / max(length, 1) ** self.alpha


class Sentence(NamedTuple):
    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]

    @property
    def finished(self) -> bool:
        return self.tokens[-1:] == (END,)


def continuations(table: Tensor, rules: Rules, sentence: Sentence) -> list[Sentence]:
    code = 0
    for token in (START, *sentence.tokens):
        code = read(code, token, *table.shape)
    log_probs = table[code].double().log_softmax(-1).tolist()
    return [
        Sentence((*sentence.tokens, token), (*sentence.log_probs, log_prob))
        for token, log_prob in enumerate(log_probs)
        if log_prob > -math.inf and rules.allow(sentence.tokens, token)
    ]


def ranked(sentences: list[Sentence], rules: Rules) -> list[tuple[bool, float, Sentence]]:
    scored = [(s.finished, rules.score(sum(s.log_probs), len(s.tokens)), s) for s in sentences]
    return sorted(scored, key=lambda entry: entry[:2], reverse=True)


def every_sentence(table: Tensor, rules: Rules) -> list[Sentence]:
    complete, growing = [], [Sentence((), ())]
    while growing:
        sentence = growing.pop()
        longer = [] if sentence.finished else continuations(table, rules, sentence)
        if not longer or len(sentence.tokens) == rules.max_length:
            complete.append(sentence)
        else:
            growing.extend(longer)
    return complete


def plain_beam_search(table: Tensor, rules: Rules, size: int) -> list[Sentence]:
    """Beam search by the book, which never stops before the last step."""
    complete, beam = [], [Sentence((), ())]
    for _ in range(rules.max_length):
        families = [(s, continuations(table, rules, s)) for s in beam]
        complete += [parent for parent, children in families if not children]
        candidates = [child for _, children in families for child in children]
        candidates.sort(key=lambda s: sum(s.log_probs), reverse=True)
        complete += [s for s in candidates[:size] if s.finished]
        beam = [s for s in candidates[:size] if not s.finished]
    return complete + beam


def assert_equal(hypotheses: list[Hypothesis], expected: list[tuple[bool, float, Sentence]]):
    assert len(hypotheses) == len(expected)
    for hypothesis, (finished, score, sentence) in zip(hypotheses, expected, strict=True):
        words = len(sentence.tokens) - finished
        assert hypothesis.finished == finished
        assert hypothesis.tokens == sentence.tokens[:words]
        assert hypothesis.score == pytest.approx(score, abs=1e-5)
        assert hypothesis.log_probs == pytest.approx(sentence.log_probs[:words], abs=1e-5)
        end = sentence.log_probs[-1] if finished else None
        assert hypothesis.end_log_prob == pytest.approx(end, abs=1e-5)


@st.composite
def rules(draw, size: int, longest: int) -> Rules:
    """Rules for sentences of up to `longest` of `size` tokens, the end among them."""
    max_length = draw(st.integers(1, longest))
    return Rules(
        max_length,
        min_length=draw(st.integers(0, max_length - 1)),
        alpha=draw(st.sampled_from([0.0, 0.6, 1.0, 2.0])),
        banned=tuple(draw(st.sets(st.integers(0, size - 1), max_size=2))),
        once=tuple(draw(st.sets(st.integers(0, size - 1), max_size=2))),
        ngram=draw(st.integers(0, 3)),
        prefix=draw(prefixes(size, max_length)),
    )


def prefixes(size: int, longest: int):
    return st.lists(st.integers(1, size - 1), max_size=longest).map(tuple)


@st.composite
def tables(draw, size: int) -> Tensor:
    return random_table(draw(st.integers(0, 2**32)), size, holes=draw(st.sampled_from([0, 0.4])))


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(2, 4), st.integers(1, 4))
def test_a_beam_as_wide_as_all_sentences_finds_the_best_of_all_sentences(data, size, n_best):
    rule = data.draw(rules(size, 4))
    table = data.draw(tables(size))
    width = max(n_best, size**rule.max_length)
    options = rule.options(beam_size=width, n_best=n_best)
    (hypotheses,) = run(FakeModel(table), [[START, *rule.prefix]], **options)
    assert_equal(hypotheses, ranked(every_sentence(table, rule), rule)[:n_best])


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_a_narrow_beam_in_a_batch_equals_beam_search_by_the_book(data, size, n_best):
    n_best = min(size, n_best)
    shared = data.draw(rules(VOCABULARY, 8))
    drawn = data.draw(st.lists(tables(VOCABULARY), min_size=1, max_size=4))
    each = [
        shared._replace(prefix=data.draw(prefixes(VOCABULARY, shared.max_length))) for _ in drawn
    ]
    results = run(
        FakeModel(*drawn),
        [[START, *rule.prefix] for rule in each],
        **shared.options(beam_size=size, n_best=n_best),
    )
    for hypotheses, table, rule in zip(results, drawn, each, strict=True):
        assert_equal(hypotheses, ranked(plain_beam_search(table, rule, size), rule)[:n_best])


# --- always batched -----------------------------------------------------------------------------

WAYS = [
    {"beam_size": 1},
    {"beam_size": 3, "n_best": 2},
    {"beam_size": 4, "no_repeat_ngram": 2, "keep_attention": True},
    {"sample": True, "n_best": 3, "seed": 5, "top_k": 3},
    {"sample": True, "n_best": 2, "seed": 5, "temperature": 1.5, "top_p": 0.8},
]


@pytest.mark.parametrize("options", WAYS)
def test_neither_the_batch_nor_the_neighbours_change_a_result(options):
    tables = [random_table(seed) for seed in range(6)]
    prompts = [[START, *([A, C, C, B][: seed % 4])] for seed in range(6)]
    alone = [
        run(FakeModel(table), [prompt], max_length=12, **options)[0]
        for table, prompt in zip(tables, prompts, strict=True)
    ]
    for order in ([0, 1, 2, 3, 4, 5], [5, 2, 0], [3, 3, 1, 3]):
        together = run(
            FakeModel(*(tables[i] for i in order)),
            [prompts[i] for i in order],
            max_length=12,
            **options,
        )
        assert together == [alone[i] for i in order]


def test_finished_rows_leave_the_batch():
    """Item 0 ends at once, item 1 after two words, item 2 never: 3, 2, 2, 1, 1 rows are seen."""
    at_once = chain({START: {END: 1.0}})
    soon = chain({START: {A: 1.0}, A: {B: 1.0}, B: {END: 1.0}})
    never = chain({START: {A: 1.0}, A: {A: 1.0}})
    model = FakeModel(at_once, soon, never)
    results = run(model, beam_size=1, max_length=5)
    assert model.seen == [(3, 1), (2, 1), (2, 1), (1, 1), (1, 1)]
    assert [row[0].tokens for row in results] == [(), (A, B), (A,) * 5]


def test_a_beam_widens_by_itself_and_the_memory_never_does():
    model = FakeModel(random_table(0))
    run(model, beam_size=12, max_length=3, min_length=2)
    assert model.seen == [(1, 1), (1, 5), (1, 12)]


def test_the_search_stops_as_soon_as_nothing_can_overtake():
    """The empty sentence has log 0.6; whatever begins with A can still reach log 0.4 / 3 ** alpha.

    For alpha = 1, that is -0.31 against -0.51: a further step must be made. There, 0.5 of the 0.4
    goes on and could reach log 0.2 / 3 = -0.54: the end.
    """
    table = chain({START: {END: 0.6, A: 0.4}, A: {END: 0.5, A: 0.5}})
    for alpha, steps in ((0.0, 1), (1.0, 2)):
        model = FakeModel(table)
        hypothesis = run(model, beam_size=2, length_penalty=alpha, max_length=3)[0][0]
        assert (hypothesis.tokens, len(model.seen)) == ((), steps)


def test_the_search_waits_for_n_best_sentences():
    table = chain({START: {END: 0.6, A: 0.4}, A: {END: 0.5, A: 0.5}})
    model = FakeModel(table)
    hypotheses = run(model, beam_size=2, n_best=2, length_penalty=0.0, max_length=9)[0]
    assert [h.tokens for h in hypotheses] == [(), (A,)]
    assert len(model.seen) == 2


# --- every sentence comes back ------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"beam_size": 1}, {"beam_size": 3}, {"sample": True}])
def test_a_sentence_that_never_ends_comes_back_unfinished(options):
    hypothesis = best(chain({START: {A: 1.0}, A: {A: 1.0}}), max_length=7, **options)
    assert hypothesis.tokens == (A,) * 7
    assert hypothesis.log_probs == (0.0,) * 7
    assert hypothesis.end_log_prob is None
    assert not hypothesis.finished


def test_an_unfinished_sentence_stands_behind_the_finished_ones():
    table = chain({START: {A: 0.9, B: 0.1}, A: {A: 1.0}, B: {END: 1.0}})
    first, second = run(FakeModel(table), beam_size=2, n_best=2, max_length=6)[0]
    assert (first.tokens, first.finished) == ((B,), True)
    assert (second.tokens, second.finished) == ((A,) * 6, False)
    assert second.score > first.score


@pytest.mark.parametrize("options", [{"beam_size": 1}, {"beam_size": 3}, {"sample": True}])
def test_a_sentence_that_nothing_may_continue_comes_back_as_it_is(options):
    table = chain({START: {A: 1.0}, A: {B: 0.5, C: 0.5}})
    hypothesis = best(table, banned=(B, C), max_length=7, **options)
    assert (hypothesis.tokens, hypothesis.finished) == ((A,), False)
    assert best(table, banned=(A,), max_length=7, **options).tokens == ()


# --- rules --------------------------------------------------------------------------------------

LOOP = chain({START: {A: 1.0}, A: {B: 0.8, END: 0.1, C: 0.1}, B: {A: 0.9, END: 0.1}, C: {END: 1}})


def test_some_tokens_stand_only_once():
    assert best(LOOP, beam_size=1, max_length=6, once=(A,)).tokens == (A, B)
    assert best(LOOP, beam_size=1, max_length=6, once=(B,)).tokens == (A, B, A)
    assert best(LOOP, beam_size=1, max_length=6, once=(C,)).tokens == (A, B, A, B, A, B)


def test_no_repeated_ngrams():
    assert best(LOOP, beam_size=1, max_length=6).tokens == (A, B, A, B, A, B)
    assert best(LOOP, beam_size=1, max_length=6, no_repeat_ngram=1).tokens == (A, B)
    tokens = best(LOOP, beam_size=1, max_length=6, no_repeat_ngram=2, banned=(C,)).tokens
    assert tokens == (A, B, A)
    tokens = best(LOOP, beam_size=1, max_length=6, no_repeat_ngram=3, banned=(C,)).tokens
    assert tokens == (A, B, A, B)


def test_what_repetition_costs_is_taken_from_the_score():
    free = best(LOOP, beam_size=1, max_length=6)
    costs = tuple({B: 0.5}.get(token, 0.0) for token in range(B + 1))  # a B again costs 0.5
    charged = best(LOOP, beam_size=1, max_length=6, repeat_costs=costs)
    assert free.tokens == charged.tokens == (A, B, A, B, A, B)
    # the second B costs 0.5, the third one that for each of the two before it
    assert sum(charged.log_probs) == pytest.approx(sum(free.log_probs) - 1.5)
    dear = tuple({B: 5.0}.get(token, 0.0) for token in range(B + 1))
    assert best(LOOP, beam_size=1, max_length=6, repeat_costs=dear).tokens.count(B) == 1


def test_a_token_right_behind_itself_has_a_cost_of_its_own():
    table = chain({START: {A: 1.0}, A: {A: 0.9, B: 0.1}, B: {A: 0.9, END: 0.1}})
    doubled = tuple({A: 4.0}.get(token, 0.0) for token in range(A + 1))
    assert best(table, beam_size=1, max_length=5).tokens == (A, A, A, A, A)
    assert best(table, beam_size=1, max_length=5, double_costs=doubled).tokens == (A, B, A, B, A)


def test_banned_tokens_and_least_length():
    assert best(LOOP, beam_size=1, banned=(B,), length_penalty=0.0).tokens in {(A,), (A, C)}
    assert B not in best(LOOP, beam_size=3, banned=(B,)).tokens
    eager = chain({START: {END: 0.9, A: 0.1}, A: {END: 0.9, A: 0.1}})
    assert best(eager, beam_size=2).tokens == ()
    assert best(eager, beam_size=2, min_length=3).tokens == (A, A, A)


@pytest.mark.parametrize(
    "options", [{}, {"beam_size": 3, "n_best": 2}, {"sample": True, "seed": 1}]
)
def test_tokens_denied_to_one_item_are_banned_for_it_alone(options):
    tables = [random_table(seed) for seed in range(3)]
    options = {"max_length": 6, "min_length": 3, "beam_size": 1, **options}
    first, _, third = (item[0].tokens[0] for item in run(FakeModel(*tables), **options))
    denied = [(first,), (), (third, A)]
    together = run(FakeModel(*tables), denied=denied, **options)
    assert first not in {token for h in together[0] for token in h.tokens}
    for table, banned, item in zip(tables, denied, together, strict=True):
        (alone,) = run(FakeModel(table), banned=banned, **options)
        assert [h.tokens for h in item] == [h.tokens for h in alone]


def test_a_forced_prefix_is_reported_as_the_model_sees_it_and_may_break_the_rules():
    options = {"beam_size": 2, "banned": (B,), "no_repeat_ngram": 1, "length_penalty": 0.0}
    hypothesis = run(FakeModel(LOOP), [[START, A, B, A]], **options)[0][0]
    assert hypothesis.tokens[:3] == (A, B, A)
    assert hypothesis.log_probs[:3] == pytest.approx([0.0, math.log(0.8), math.log(0.9)])
    total = sum(hypothesis.log_probs) + hypothesis.end_log_prob
    assert hypothesis.score == pytest.approx(total)


def test_the_model_keeps_its_logits():
    table = random_table(3)
    kept = table.clone()
    model = FakeModel(table)
    model.step = lambda tokens, state, memory: (table[None, :1], state, None)
    run(model, beam_size=1, banned=(A,), no_repeat_ngram=1, min_length=2, max_length=4)
    assert torch.equal(table, kept)


# --- attention ----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", WAYS)
def test_attention_follows_the_winning_hypotheses(options):
    """The fake model looks at the token it is fed: the one before the token it emits."""
    model = FakeModel(*(random_table(seed) for seed in range(4)))
    options = {**options, "keep_attention": True, "max_length": 8}
    for hypothesis in itertools.chain(*run(model, **options)):
        fed = (START, *hypothesis.tokens)[: len(hypothesis.tokens)]
        if hypothesis.tokens:
            assert hypothesis.attention.shape == (len(hypothesis.tokens), VOCABULARY)
            assert tuple(hypothesis.attention.argmax(-1).tolist()) == fed


def test_attention_is_returned_on_request_only():
    assert best(TRAP).attention is None
    model = FakeModel(TRAP)
    step = model.step
    model.step = lambda *given: (*step(*given)[:2], None)
    assert run(model, keep_attention=True)[0][0].attention is None


# --- sampling -----------------------------------------------------------------------------------

CHANCES = {END: 0.4, A: 0.3, B: 0.2, C: 0.1}
DRAWS = chain({START: CHANCES, A: CHANCES, B: CHANCES, C: CHANCES})


def shares(count: int, table: Tensor = DRAWS, **options) -> dict[int, float]:
    """How often each token came first, of so many draws."""
    options = {"sample": True, "n_best": count, "max_length": 1, "seed": 1, **options}
    (drawn,) = run(FakeModel(table), **options)
    first = Counter(END if h.finished else h.tokens[0] for h in drawn)
    return {token: first[token] / count for token in first}


def chi_square(shares: dict[int, float], chances: dict[int, float], count: int) -> float:
    return sum(count * (shares.get(t, 0) - p) ** 2 / p for t, p in chances.items())


def test_samples_follow_the_model():
    assert chi_square(shares(5000), CHANCES, 5000) < 21  # one in ten thousand, 3 degrees of freedom


def test_draws_at_different_steps_are_independent():
    count = 5000
    (drawn,) = run(FakeModel(DRAWS), sample=True, n_best=count, max_length=2, min_length=1, seed=9)
    pairs = Counter((*h.tokens, END)[:2] for h in drawn)
    words = {token: CHANCES[token] / 0.6 for token in (A, B, C)}
    chances = {(a, b): words[a] * CHANCES[b] for a in words for b in CHANCES}
    assert chi_square({p: n / count for p, n in pairs.items()}, chances, count) < 37  # 11 degrees


def test_temperature():
    weights = {token: chance**2 for token, chance in CHANCES.items()}
    chances = {token: weight / sum(weights.values()) for token, weight in weights.items()}
    assert chi_square(shares(5000, temperature=0.5), chances, 5000) < 21


@pytest.mark.parametrize(
    ("options", "support"),
    [
        ({"top_k": 1}, {END}),
        ({"top_k": 3}, {END, A, B}),
        ({"top_k": 99}, {END, A, B, C}),
        ({"top_p": 0.01}, {END}),
        ({"top_p": 0.65}, {END, A}),
        ({"top_p": 0.75}, {END, A, B}),
        ({"top_p": 0.95}, {END, A, B, C}),
        ({"top_k": 2, "top_p": 0.65}, {END, A}),  # 0.4 of the remaining 0.7 is not enough
        ({"top_k": 2, "top_p": 0.55}, {END}),  # here it is
        ({"top_p": 0.65, "temperature": 0.5}, {END, A}),
        ({"top_p": 0.5, "temperature": 0.5}, {END}),
    ],
)
def test_top_k_and_top_p_leave_exactly_their_tokens(options, support):
    drawn = shares(4000, **options)
    assert set(drawn) == support
    kept = {token: CHANCES[token] ** (1 / options.get("temperature", 1.0)) for token in support}
    chances = {token: chance / sum(kept.values()) for token, chance in kept.items()}
    assert chi_square(drawn, chances, 4000) < 21


def test_a_wide_nucleus_is_found_beside_a_narrow_one():
    falling = torch.linspace(1, 0, 1000)[None]  # (1, V): the same chances after every text
    options = {"sample": True, "n_best": 2000, "max_length": 1, "seed": 3, "top_p": 0.5}
    (wide,) = run(FakeModel(falling), **options)
    (narrow,) = run(FakeModel(falling * 100), **options)
    assert run(FakeModel(falling, falling * 100), **options) == [wide, narrow]

    nucleus = 1 + int((falling[0].softmax(-1).cumsum(-1) < 0.5).sum())
    assert 128 < nucleus < 500
    assert 0.9 * nucleus < max(token for h in wide for token in h.tokens) < nucleus
    assert {token for h in narrow for token in h.tokens} == set(range(1, 7))


@pytest.mark.parametrize(("uniform", "token"), [(0.0, A), (1 - 2.0**-32, B)])
def test_the_extremes_of_a_draw_never_meet_an_impossible_token(monkeypatch, uniform, token):
    def constant(seeds, samples, length):
        return np.full((len(seeds), samples, length), uniform)

    monkeypatch.setattr(sampling, "uniforms", constant)
    table = chain({START: {A: 0.7, B: 0.3}})  # END and START stand before, C behind
    assert best(table, sample=True, max_length=1).tokens == (token,)


def test_a_sampled_sentence_reports_the_log_probabilities_of_the_model():
    for hypothesis in run(
        FakeModel(DRAWS), sample=True, n_best=20, seed=2, temperature=0.3, top_k=2, max_length=4
    )[0]:
        expected = [math.log(CHANCES[token]) for token in hypothesis.tokens]
        assert hypothesis.log_probs == pytest.approx(expected)


def test_a_seed_repeats_the_draws_and_another_one_does_not():
    options = {"sample": True, "n_best": 5, "max_length": 9}
    model = FakeModel(DRAWS)
    assert run(model, seed=3, **options) == run(model, seed=3, **options)
    assert run(model, seed=3, **options) != run(model, seed=4, **options)
    assert run(model, seed=3, **options) == run(model, seeds=[3], **options)
    twice = run(FakeModel(DRAWS, DRAWS), seeds=[3, 4], **options)
    assert twice == run(model, seed=3, **options) + run(model, seed=4, **options)


def test_without_a_seed_draws_are_fresh_but_torch_can_repeat_them():
    options = {"sample": True, "n_best": 5, "max_length": 9}
    model = FakeModel(DRAWS, DRAWS)
    torch.manual_seed(0)
    first, second = run(model, **options)
    assert first != second
    assert run(model, **options) != [first, second]
    torch.manual_seed(0)
    assert run(model, **options) == [first, second]


def test_more_samples_or_more_length_keep_the_earlier_draws():
    def draw(**options) -> list[tuple[int, ...]]:
        return [h.tokens for h in run(FakeModel(DRAWS), sample=True, seed=6, **options)[0]]

    few, many = Counter(draw(n_best=3)), Counter(draw(n_best=50))
    assert few <= many
    assert draw(n_best=1, max_length=3) == [draw(n_best=1, max_length=20)[0][:3]]


def test_random_streams_are_functions_of_their_indices():
    draws = sampling.uniforms([0, 1, -1, 2**62], 4, 500)
    assert draws.shape == (4, 4, 500)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert (sampling.uniforms([1], 2, 30) == draws[1:2, :2, :30]).all()
    assert len(set(draws.flatten().tolist())) > 0.999 * draws.size
    assert abs(draws.mean() - 0.5) < 0.02
    lagged = torch.corrcoef(torch.from_numpy(draws.reshape(16, 500)))
    assert (lagged - torch.eye(16)).abs().max() < 0.2


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, "beam_size must be a whole number of at least 1, not 0"),
        ({"beam_size": 2.5}, "beam_size must be a whole number of at least 1, not 2.5"),
        ({"n_best": 0}, "n_best must be"),
        ({"max_length": 0}, "max_length must be"),
        ({"min_length": -1}, "min_length must be"),
        ({"no_repeat_ngram": -2}, "no_repeat_ngram must be"),
        ({"repeat_costs": (0.0, -1.0)}, "repeat_costs must hold"),
        ({"double_costs": (math.nan,)}, "double_costs must hold"),
        ({"top_k": 0, "sample": True}, "top_k must be"),
        ({"top_p": 0.0, "sample": True}, "top_p must lie"),
        ({"top_p": 1.1, "sample": True}, "top_p must lie"),
        ({"temperature": 0.0, "sample": True}, "temperature must be above 0, not 0.0"),
        ({"temperature": math.nan, "sample": True}, "temperature must be above 0, not nan"),
        ({"length_penalty": -0.5}, "length_penalty must lie between 0 and 10, not -0.5"),
        ({"once": (-1,)}, "once must hold token numbers from 0 upwards, not -1"),
        ({"banned": (3, -1)}, "banned must hold token numbers from 0 upwards, not -1"),
        ({"n_best": 4}, "n_best=4 asks for more than beam_size=3"),
        ({"min_length": 5, "max_length": 5}, "min_length=5 must be below max_length=5"),
        ({"temperature": 0.5}, "temperature has an effect only on sampling"),
        ({"top_k": 5}, "top_k has an effect only on sampling"),
        ({"top_p": 0.5}, "top_p has an effect only on sampling"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options, message):
    with pytest.raises(UserError, match=message) as refusal:
        GenerationOptions(**options)
    assert "\n" not in str(refusal.value)


def test_options_are_changed_by_replacing():
    options = dataclasses.replace(GenerationOptions(beam_size=5), n_best=4)
    assert (options.beam_size, options.n_best) == (5, 4)
    with pytest.raises(UserError, match="n_best"):
        dataclasses.replace(options, beam_size=2)


def test_a_prefix_longer_than_the_sentence_may_be_is_refused():
    with pytest.raises(UserError, match="3 tokens does not fit into max_length=2"):
        run(FakeModel(TRAP), [[START, A, A, A]], max_length=2)

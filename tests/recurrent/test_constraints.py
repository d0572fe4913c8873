"""Sentences that must contain something: the search against brute force, on fake models."""

import math
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recurrent.generation import GenerationOptions, Hypothesis, generate

END, START, A, B, C = range(5)
VOCABULARY = 5
CODES = 9973  # so many that no two short texts share one


class FakeModel:
    """Looks its logits (V,) up in a table (CODES, V), one for each item, by all that was read."""

    def __init__(self, *tables: Tensor) -> None:
        self.tables = torch.stack(tables)
        self.seen: list[tuple[int, int]] = []

    def step(self, tokens: Tensor, code: Tensor, tables: Tensor):
        self.seen.append(tuple(tokens.shape))
        code = (code * VOCABULARY + tokens) % CODES
        return tables[torch.arange(len(tokens))[:, None], code], code, None

    def run(self, requirements, prefixes=None, **options) -> list[list[Hypothesis]]:
        items = len(self.tables)
        return generate(
            self.step,
            torch.zeros(items, 1, dtype=torch.int64),
            self.tables,
            [[START, *prefix] for prefix in prefixes or [()] * items],
            end=END,
            options=GenerationOptions(**options),
            requirements=requirements,
        )


def random_table(seed: int, holes: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(CODES, VOCABULARY, generator=generator) * 2
    return table.masked_fill(torch.rand(table.shape, generator=generator) < holes, -math.inf)


def always(**chances: float) -> Tensor:
    """The same chances after every text."""
    row = torch.full((VOCABULARY,), -math.inf)
    for name, chance in chances.items():
        row[globals()[name]] = math.log(chance)
    return row.expand(CODES, -1)


def holds(tokens: tuple[int, ...], phrase) -> bool:
    size = len(phrase)
    return any(tokens[i : i + size] == tuple(phrase) for i in range(len(tokens) - size + 1))


def unmet(tokens: tuple[int, ...], requirements) -> int:
    return sum(not any(holds(tokens, phrase) for phrase in phrases) for phrases in requirements)


class Case(NamedTuple):
    """A model and everything that is asked of its sentences."""

    table: Tensor
    requirements: tuple[tuple[tuple[int, ...], ...], ...]
    max_length: int
    min_length: int
    alpha: float
    banned: tuple[int, ...]
    once: tuple[int, ...]
    ngram: int
    prefix: tuple[int, ...]

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

    def allows(self, written: tuple[int, ...], token: int) -> bool:
        if len(written) < len(self.prefix):
            return token == self.prefix[len(written)]
        if token in self.banned or (token == END and len(written) < self.min_length):
            return False
        if token in self.once and token in (START, *written):
            return False
        text = (START, *written, token)
        runs = [text[i : i + self.ngram] for i in range(len(text) - self.ngram + 1)]
        return not self.ngram or not runs or runs.count(runs[-1]) <= 1

    def longer(self, written: tuple[int, ...], total: float) -> list[tuple[tuple[int, ...], float]]:
        code = 0
        for token in (START, *written):
            code = (code * VOCABULARY + token) % CODES
        chances = (
            self.table[code]
            .double()
            .log_softmax(-1)
            .nan_to_num(nan=-math.inf, neginf=-math.inf)
            .tolist()
        )
        return [
            ((*written, token), total + chance)
            for token, chance in enumerate(chances)
            if chance > -math.inf and self.allows(written, token)
        ]

    def ranked(self, sentences) -> list[tuple[int, bool, float, tuple[int, ...]]]:
        """What is not met, whether it ended, its score, its words: best first."""
        entries = []
        for tokens, total in sentences:
            ended = tokens[-1:] == (END,)
            score = total / max(len(tokens), 1) ** self.alpha
            words = tokens[:-1] if ended else tokens
            entries.append((unmet(words, self.requirements), ended, score, words))
        return sorted(entries, key=lambda entry: (entry[0], not entry[1], -entry[2]))


def every_sentence(case: Case):
    complete, growing = [], [((), 0.0)]
    while growing:
        sentence = growing.pop()
        ended = sentence[0][-1:] == (END,)
        longer = [] if ended else case.longer(*sentence)
        if not longer or len(sentence[0]) == case.max_length:
            complete.append(sentence)
        else:
            growing.extend(longer)
    return complete


def state(case: Case, tokens: tuple[int, ...]):
    """The requirements that are met, and the longest beginning of a phrase that stands last."""
    met = frozenset(
        number
        for number, phrases in enumerate(case.requirements)
        if any(holds(tokens, phrase) for phrase in phrases)
    )
    open_phrases = [p for n, ps in enumerate(case.requirements) if n not in met for p in ps]
    begun = [
        size
        for phrase in open_phrases
        for size in range(1, len(phrase))
        if len(tokens) >= size and tokens[-size:] == phrase[:size]
    ]
    return met, tokens[-max(begun) :] if begun else ()


def beams_by_the_book(case: Case, size: int):
    """A beam for every state; never stops before the last step."""
    complete, beams = [], [((), 0.0)]
    for _ in range(case.max_length):
        arriving: dict = {}
        for sentence in beams:
            longer = case.longer(*sentence)
            if not longer:
                complete.append(sentence)
            for tokens, total in longer:
                arriving.setdefault(state(case, tokens), []).append((tokens, total))
        kept = [
            sentence
            for candidates in arriving.values()
            for sentence in sorted(candidates, key=lambda s: -s[1])[:size]
        ]
        complete += [s for s in kept if s[0][-1] == END]
        beams = [s for s in kept if s[0][-1] != END]
    return complete + beams


def assert_equal(hypotheses: list[Hypothesis], expected) -> None:
    assert [h.tokens for h in hypotheses] == [entry[3] for entry in expected]
    assert [(h.unmet, h.finished) for h in hypotheses] == [entry[:2] for entry in expected]
    assert [h.score for h in hypotheses] == pytest.approx([e[2] for e in expected], abs=1e-5)


phrases = st.lists(st.integers(2, VOCABULARY - 1), min_size=1, max_size=3).map(tuple)
required = st.lists(phrases, min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def cases(draw, longest: int, least: int = 1) -> Case:
    max_length = draw(st.integers(1, longest))
    tokens = st.sets(st.integers(0, VOCABULARY - 1), max_size=2).map(tuple)
    return Case(
        random_table(draw(st.integers(0, 2**32)), draw(st.sampled_from([0.0, 0.3]))),
        tuple(draw(st.lists(required, min_size=least, max_size=3))),
        max_length,
        min_length=draw(st.integers(0, max_length - 1)),
        alpha=draw(st.sampled_from([0.0, 0.6, 1.0, 2.0])),
        banned=draw(tokens),
        once=draw(tokens),
        ngram=draw(st.integers(0, 3)),
        prefix=draw(st.lists(st.integers(1, VOCABULARY - 1), max_size=max_length).map(tuple)),
    )


# --- against brute force ------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(cases(4), st.integers(1, 5))
def test_beams_as_wide_as_all_sentences_find_the_best_of_all_sentences(case, n_best):
    options = case.options(beam_size=VOCABULARY**case.max_length + n_best, n_best=n_best)
    (found,) = FakeModel(case.table).run([case.requirements], [case.prefix], **options)
    assert_equal(found, case.ranked(every_sentence(case))[:n_best])


@settings(deadline=None, max_examples=100)
@given(st.data(), cases(7), st.integers(1, 4), st.integers(1, 4))
def test_narrow_beams_in_a_batch_equal_beams_by_the_book(data, first, size, n_best):
    n_best = min(size, n_best)
    batch = [first]
    for other in data.draw(st.lists(cases(7, least=0), max_size=3)):
        mine = {"table", "requirements", "prefix"}
        shared = {k: v for k, v in first._asdict().items() if k not in mine}
        batch.append(other._replace(**shared, prefix=other.prefix[: first.max_length]))
    found = FakeModel(*(case.table for case in batch)).run(
        [case.requirements for case in batch],
        [case.prefix for case in batch],
        **first.options(beam_size=size, n_best=n_best),
    )
    for hypotheses, case in zip(found, batch, strict=True):
        assert_equal(hypotheses, case.ranked(beams_by_the_book(case, size))[:n_best])


# --- worked out by hand -------------------------------------------------------------------------


def test_an_improbable_word_is_said_where_it_costs_least():
    model = FakeModel(always(A=0.3, B=0.1, END=0.6))
    (plain,) = model.run(None, beam_size=2, length_penalty=0.0)[0]
    (asked,) = model.run([[[[B]]]], beam_size=2, length_penalty=0.0)[0]
    assert plain.tokens == ()
    assert asked.tokens == (B,)
    assert asked.unmet == 0
    assert asked.score == pytest.approx(math.log(0.1 * 0.6))


def test_one_of_several_words_is_enough_and_the_likelier_is_taken():
    model = FakeModel(always(A=0.3, B=0.05, C=0.15, END=0.5))
    (hypothesis,) = model.run([[[[B], [C]]]], beam_size=1, length_penalty=0.0)[0]
    assert hypothesis.tokens == (C,)


def test_a_phrase_begins_again_within_itself():
    # After A A, another A still leaves "A A B" one word away.
    model = FakeModel(always(A=0.5, B=0.3, END=0.2))
    options = {"beam_size": 1, "length_penalty": 0.0, "max_length": 4}
    (hypothesis,) = model.run([[[[A, A, B]]]], [[A, A, A]], **options)[0]
    assert hypothesis.tokens == (A, A, A, B)
    assert hypothesis.unmet == 0


def test_what_cannot_be_met_comes_back_as_far_as_it_goes():
    model = FakeModel(always(A=0.2, B=0.2, END=0.6))
    requirements = [[[[B]], [[C]]]]  # C is impossible
    (hypothesis,) = model.run(requirements, beam_size=2, max_length=5)[0]
    assert hypothesis.unmet == 1
    assert B in hypothesis.tokens
    assert hypothesis.finished


def test_a_phrase_longer_than_the_sentence_may_be_is_reported_as_unmet():
    model = FakeModel(always(A=0.5, B=0.2, END=0.3))
    (hypothesis,) = model.run([[[[B, B, B, B]]]], beam_size=2, max_length=3)[0]
    assert hypothesis.unmet == 1


# --- batches and costs --------------------------------------------------------------------------


def test_items_without_requirements_are_written_as_if_alone():
    tables = [random_table(seed) for seed in range(5)]
    requirements = [[], [[[A]]], [], [[[B, C]], [[A], [C]]], [[[C]], [[B]], [[A, A]]]]
    options = {"beam_size": 3, "n_best": 2, "max_length": 9}
    together = FakeModel(*tables).run(requirements, **options)
    for item, (table, wanted) in enumerate(zip(tables, requirements, strict=True)):
        alone = FakeModel(table).run([wanted] if wanted else None, **options)
        assert together[item] == alone[0]


def test_nothing_required_costs_nothing():
    tables = [random_table(seed) for seed in range(3)]
    plain, asked = FakeModel(*tables), FakeModel(*tables)
    options = {"beam_size": 4, "max_length": 9}
    assert plain.run(None, **options) == asked.run([[], [], []], **options)
    assert plain.seen == asked.seen


def test_rows_whose_result_is_certain_leave_the_batch():
    model = FakeModel(random_table(3), always(A=0.3, END=0.7))
    model.run([[[[A], [B]]], [[[A]]]], beam_size=2, max_length=12)
    assert [items for items, _ in model.seen] == sorted((n for n, _ in model.seen), reverse=True)
    assert model.seen[-1][0] == 1


@pytest.mark.parametrize(
    ("requirements", "options", "message"),
    [
        ([[[]]], {}, "a requirement needs phrases"),
        ([[[[]]]], {}, "at least one token"),
        ([[[[A]]] * 7], {}, "7 requirements for one sentence; at most 6"),
        ([[[[A]]]], {"sample": True}, "leave sample out"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(requirements, options, message):
    with pytest.raises(UserError, match=message):
        FakeModel(random_table(0)).run(requirements, **options)

"""What is usual among the sentences that a translator learnt from."""

import json
import math

import pytest

from multimodal.translation.domain import DISCOUNT, STRANGERS, Domain

SENTENCES = ["a dog runs", "a dog sleeps", "a cat runs", "the dog"]


@pytest.fixture
def domain():
    return Domain.of(SENTENCES)


def test_words_and_pairs_that_came_twice_are_kept(domain):
    assert domain.counts == {"\n": 4, "a": 3, "dog": 3, "runs": 2}
    assert domain.pairs == {("\n", "a"): 3, ("a", "dog"): 2, ("runs", "\n"): 2}
    assert domain.rare == 3  # sleeps, cat, the


def test_perplexity_by_hand(domain):
    total = 4 + 3 + 3 + 2 + 3 + 1
    first = (3 - DISCOUNT) / 4 + (1 - (3 - DISCOUNT) / 4) * 3 / total
    second = (2 - DISCOUNT) / 3 + (1 - (2 - DISCOUNT) / 3) * 3 / total
    end = 4 / total  # "dog" was never last often enough, so that all of it backs off
    expected = (first * second * end) ** (-1 / 3)
    assert domain.perplexity("A dog.") == pytest.approx(expected)
    stranger = 4 / STRANGERS / total
    assert domain._alone("zebra") == pytest.approx(stranger)
    assert domain.perplexity("") == 1.0


def test_probabilities_sum_to_at_most_one(domain):
    for before in domain.counts:
        known = sum(domain._probability(before, word) for word in domain.counts)
        strangers = STRANGERS * domain._probability(before, "zebra")
        assert known + strangers == pytest.approx(1.0, abs=1e-6)


def test_the_limit_is_kept_by_nearly_all_held_out_sentences(domain):
    held_out = ["a dog runs", "the dog sleeps", "a cat", "dog"] * 25
    limited = domain.with_limit(held_out)
    assert sum(map(limited.is_unusual, held_out)) <= 0.025 * len(held_out)
    assert limited.is_unusual("the committee adjourned without a vote")
    assert domain.limit == math.inf
    assert not domain.is_unusual("the committee adjourned")


def test_it_survives_json(domain):
    for told in (domain, domain.with_limit(SENTENCES)):
        back = Domain.from_json(json.loads(json.dumps(told.to_json())))
        assert back.counts == told.counts
        assert back.pairs == told.pairs
        assert back.perplexity("a dog sleeps") == pytest.approx(told.perplexity("a dog sleeps"))
        assert back.limit == pytest.approx(told.limit, abs=0.05)

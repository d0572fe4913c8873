import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.recognition.handwriting.metrics import edit_distance, error_rates

texts = st.text("abc ", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "", 3),
        ("flaw", "lawn", 2),
        ("same", "same", 0),
    ],
)
def test_distances_known_by_hand(one, other, distance):
    assert edit_distance(one, other) == distance
    assert edit_distance(other, one) == distance


@given(texts, texts, texts)
def test_it_is_a_metric(a, b, c):
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))
    assert (edit_distance(a, b) == 0) == (a == b)


def test_rates_by_hand():
    """2 of 11 and 1 of 4 characters; 1 of 2 and 1 of 1 words."""
    rates = error_rates(["hello world", "four"], ["hello worid!", "for"])
    assert rates.cer == pytest.approx(3 / 15)
    assert rates.wer == pytest.approx(2 / 3)
    assert (rates.texts, rates.exact) == (2, 0)


def test_white_space_counts_once():
    rates = error_rates(["a  b "], ["a b"])
    assert (rates.cer, rates.wer, rates.exact) == (0, 0, 1)
    assert error_rates(["a b"], ["ab"]).cer == pytest.approx(1 / 3)


def test_nothing_written():
    assert error_rates([], []).cer == 0
    assert error_rates([""], [""]).cer == 0
    assert math.isinf(error_rates([""], ["a"]).cer)


def test_lists_of_unequal_length_are_a_mistake():
    with pytest.raises(ValueError, match="shorter"):
        error_rates(["a"], [])

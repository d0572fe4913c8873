import numpy as np
import pytest

from multimodal.recognition.metrics import (
    accuracy_by_category,
    expected_calibration_error,
    ranks,
    restricted,
    top_accuracy,
)

PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1, 0.0],
        [0.1, 0.3, 0.5, 0.1],
        [0.25, 0.25, 0.25, 0.25],
        [0.0, 0.1, 0.2, 0.7],
    ]
)
LABELS = np.array([0, 1, 0, 0])


def test_ranks_by_hand():
    """First; second; in the middle of four that tie; last."""
    assert ranks(PROBABILITIES, LABELS).tolist() == [0, 1, 1, 3]


@pytest.mark.parametrize(("top", "share"), [(1, 0.25), (2, 0.75), (3, 0.75), (4, 1.0)])
def test_top_accuracy_by_hand(top, share):
    assert top_accuracy(PROBABILITIES, LABELS, top) == share


def test_an_answer_that_says_nothing_is_not_right():
    assert top_accuracy(np.full((1, 4), 0.25), np.array([0]), 1) == 0


def test_restricted_rows_have_the_sum_one():
    among = restricted(PROBABILITIES, np.array([0, 2]))
    np.testing.assert_allclose(among[0], [0.875, 0, 0.125, 0])
    np.testing.assert_allclose(among.sum(1), 1)
    assert restricted(np.array([[0.0, 1.0]]), np.array([0])).tolist() == [[0, 0]]


def test_calibration_error_by_hand():
    """Two bins: (0, ½] holds 0.4 and 0.5, one right; (½, 1] holds 0.8 and 1.0, one right.

    |0.45 - 0.5| / 2 + |0.9 - 0.5| / 2 = 0.225.
    """
    confidences = np.array([0.4, 0.8, 0.5, 1.0])
    right = np.array([True, False, False, True])
    assert expected_calibration_error(confidences, right, bins=2) == pytest.approx(0.225)
    assert expected_calibration_error(confidences, right, bins=1) == pytest.approx(0.175)


def test_calibrated_guesses_have_a_small_error_and_bold_ones_a_large_one():
    random = np.random.default_rng(0)
    confidences = random.uniform(0.2, 1, 50_000)
    right = random.random(50_000) < confidences
    assert expected_calibration_error(confidences, right) < 0.01
    bold = expected_calibration_error(np.ones(50_000), right)
    assert bold == pytest.approx(1 - right.mean())


def test_accuracy_by_category_names_those_that_have_drawings():
    found = accuracy_by_category(PROBABILITIES, LABELS, ["a", "b", "c", "d"])
    assert found == {"a": pytest.approx(1 / 3), "b": 0.0}

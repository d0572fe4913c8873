"""Scores are sacrebleu's, in lower case, and say so."""

import pytest

from multimodal.translation.metrics import score_translations


def test_equal_but_for_case_is_perfect():
    scores = score_translations(["zwei hunde laufen am strand ."], ["Zwei Hunde laufen am Strand ."])
    assert scores.bleu == pytest.approx(100)
    assert scores.chrf == pytest.approx(100)
    assert "case:lc" in scores.signature
    assert "tok:13a" in scores.signature


def test_a_value_by_hand():
    # n-gram precisions 4/5, 3/4, 2/3, 1/2, equal lengths: BLEU = (4/5·3/4·2/3·1/2)^(1/4).
    scores = score_translations(["a b c d x"], ["a b c d e"])
    assert scores.bleu == pytest.approx(100 * 0.2**0.25, rel=1e-4)

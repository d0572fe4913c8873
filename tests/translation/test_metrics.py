"""Scores are sacrebleu's, in lower case, and say so."""

import math

import pytest

from multimodal.errors import UserError
from multimodal.translation.metrics import score_translations


def test_equal_but_for_case_is_perfect():
    scores = score_translations(
        ["zwei hunde laufen am strand ."], ["Zwei Hunde laufen am Strand ."]
    )
    assert scores.bleu == pytest.approx(100)
    assert scores.chrf == pytest.approx(100)
    assert "case:lc" in scores.signature
    assert "tok:13a" in scores.signature


def test_a_value_by_hand():
    # n-gram precisions 4/5, 3/4, 2/3, 1/2, equal lengths: BLEU = (4/5·3/4·2/3·1/2)^(1/4).
    scores = score_translations(["a b c d x"], ["a b c d e"])
    assert scores.bleu == pytest.approx(100 * 0.2**0.25, rel=1e-4)


def test_a_figure_cannot_flatter_by_what_is_missing():
    with pytest.raises(UserError, match="1 translations and 2 references: there must be as many"):
        score_translations(["a b c d"], ["a b c d", "e f g h"])
    with pytest.raises(UserError, match="2 translations and 1 references"):
        score_translations(["a b c d", "x"], ["a b c d"])
    with pytest.raises(UserError, match="0 translations and 0 references"):
        score_translations([], [])
    for empty in ("", " \t"):
        with pytest.raises(UserError, match="reference 2 is empty"):
            score_translations(["a b c d", "e f"], ["a b c d", empty])


def test_an_empty_translation_is_scored_as_it_is():
    # 4/4, 3/3, 2/2, 1/1, but 4 words where there should be 8: e^(1 - 8/4).
    scores = score_translations(["a b c d", ""], ["a b c d", "e f g h"])
    assert scores.bleu == pytest.approx(100 * math.exp(-1), rel=1e-4)

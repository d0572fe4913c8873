import math

import pytest
import torch

from multimodal.captioning.confidence import Confidence, caption_figures


def test_the_figures_are_the_least_support_and_the_in_domain_score():
    assert caption_figures([0.5, 0.25], 0.7) == pytest.approx((math.log(0.25), 0.7))
    assert caption_figures([], 0.0) == (0.0, 0.0)
    assert caption_figures([0.0], 1.0)[0] == pytest.approx(math.log(1e-3))


def test_confidence_is_the_logistic_function_of_the_weighted_figures():
    confidence = Confidence(bias=0.5, support=2.0, in_domain_score=-1.0)
    logit = 0.5 + 2.0 * math.log(0.25) - 0.7
    expected = 1 / (1 + math.exp(-logit))
    assert confidence([0.5, 0.25], 0.7) == pytest.approx(expected)
    assert Confidence(*confidence.to_json()) == confidence


def test_fitting_finds_the_weights_that_made_the_data():
    torch.manual_seed(0)
    weights = torch.tensor([0.4, 1.5, 0.6])
    figures = torch.randn(20_000, 2)
    shares = (weights[0] + figures @ weights[1:]).sigmoid()
    right = torch.rand(20_000) < shares
    found = torch.tensor(Confidence.fit(figures.tolist(), right.tolist()).to_json())
    torch.testing.assert_close(found, weights, rtol=0, atol=0.08)


def test_the_mean_confidence_is_the_share_that_is_right():
    figures = [(-1.0, 1.0), (-2.0, 0.2), (-0.1, 0.9), (-3.0, 0.1)] * 20
    right = [True, False, True, True, False, False, True, False] * 10
    found = Confidence.fit(figures, right)
    mean = sum(found([math.exp(least)], in_domain) for least, in_domain in figures) / len(figures)
    assert mean == pytest.approx(sum(right) / len(right), abs=2e-3)


def test_figures_that_tell_right_from_wrong_give_finite_weights():
    found = Confidence.fit([(0.0, 1.0), (0.0, 0.0)] * 10, [True, False] * 10)
    assert all(map(math.isfinite, found.to_json()))
    assert found([], 1.0) > 0.9 > 0.1 > found([], 0.0)

"""The loss and its gradient, against torch's own in 64 bits."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.translation.loss import smoothed_cross_entropy


def both(logits, targets, smoothing):
    ours, theirs = logits.clone().requires_grad_(), logits.double().requires_grad_()
    loss = smoothed_cross_entropy(ours * 1.0, targets, smoothing)
    (loss * 3).backward()
    expected = F.cross_entropy(theirs, targets, label_smoothing=smoothing)
    (expected * 3).backward()
    return loss, expected, ours.grad, theirs.grad


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5), st.integers(2, 9), st.floats(0, 0.9), st.floats(0.01, 300), st.integers(0, 9)
)
def test_it_is_smoothed_cross_entropy(count, words, smoothing, scale, seed):
    torch.manual_seed(seed)
    logits, targets = torch.randn(count, words) * scale, torch.randint(words, (count,))
    loss, expected, gradient, expected_gradient = both(logits, targets, smoothing)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-5)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-4, atol=1e-5)


def test_by_hand():
    loss, _, gradient, _ = both(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), 0.2)
    assert loss.item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert gradient.tolist() == [pytest.approx([3 * (0.5 - 0.1), 3 * (0.5 - 0.9)])]


def test_16_bits_are_near_enough():
    torch.manual_seed(0)
    logits, targets = (torch.randn(64, 500) * 3).bfloat16(), torch.randint(500, (64,))
    loss, expected, gradient, expected_gradient = both(logits, targets, 0.1)
    assert loss.item() == pytest.approx(expected.item(), rel=5e-3)
    error = (gradient.double() - expected_gradient).norm() / expected_gradient.norm()
    assert error < 0.02

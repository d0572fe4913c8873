"""The mixture against the textbook's formula, quadrature, and its own limits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.recurrent.mixture import UNIFORMS, MixtureOutput

ONE = MixtureOutput(components=1, pen_states=3)
TWO = MixtureOutput(components=2, pen_states=2)


def vector(pens, *components) -> torch.Tensor:
    """A vector from pen logits and (logit, mean x, mean y, σ x, σ y, ρ) of every component."""
    rows = np.array(components, dtype=np.float64).T
    rows[3:5] = np.log(rows[3:5])
    rows[5] = np.arctanh(rows[5])
    return torch.tensor([*pens, *rows.ravel()])


def textbook_density(x, y, mean_x, mean_y, sigma_x, sigma_y, rho) -> float:
    """Graves 2013, equations 24 and 25."""
    a, b = (x - mean_x) / sigma_x, (y - mean_y) / sigma_y
    z = a * a + b * b - 2 * rho * a * b
    scale = 2 * math.pi * sigma_x * sigma_y * math.sqrt(1 - rho * rho)
    return math.exp(-z / (2 * (1 - rho * rho))) / scale


def uniforms(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, UNIFORMS, dtype=torch.float64, generator=generator)


def test_a_standard_normal_at_its_mean_and_one_sigma_away():
    values = vector([0, 0, 0], (0, 0, 0, 1, 1, 0))
    offsets = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    found = ONE.offset_log_likelihood(values.expand(3, -1), offsets)
    peak = -math.log(2 * math.pi)
    torch.testing.assert_close(found, torch.tensor([peak, peak - 0.5, peak - 1]).double())


def test_two_components_by_the_textbook():
    first, second = (1.0, -2.0, 0.5, 0.7, 2.0, 0.6), (-0.5, 1.0, 1.0, 3.0, 0.2, -0.9)
    values = vector([0, 0], first, second)
    weights = np.exp([first[0], second[0]]) / np.exp([first[0], second[0]]).sum()
    for x, y in [(0.0, 0.0), (-2.0, 0.5), (4.0, 0.1)]:
        wanted = math.log(
            weights[0] * textbook_density(x, y, *first[1:])
            + weights[1] * textbook_density(x, y, *second[1:])
        )
        found = TWO.offset_log_likelihood(values, torch.tensor([x, y], dtype=torch.float64))
        assert float(found) == pytest.approx(wanted, rel=1e-9)


def test_pen_states_by_hand():
    values = vector([math.log(1), math.log(2), math.log(5)], (0, 0, 0, 1, 1, 0)).expand(3, -1)
    found = ONE.pen_log_likelihood(values, torch.tensor([0, 1, 2]))
    torch.testing.assert_close(found.exp(), torch.tensor([1 / 8, 2 / 8, 5 / 8]).double())


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-0.9, 0.9),
    st.floats(0.3, 1.5),
    st.floats(0.3, 1.5),
    st.floats(-2, 2),
    st.floats(0, 1),
)
def test_the_density_integrates_to_one(rho, sigma_x, sigma_y, mean, logit):
    values = vector([0, 0], (logit, mean, 0.3, sigma_x, sigma_y, rho), (0, -mean, 0, 1, 0.5, -rho))
    axis = torch.linspace(-12, 12, 301, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    total = TWO.offset_log_likelihood(values.expand(len(grid), -1), grid).exp().sum()
    assert float(total * (axis[1] - axis[0]) ** 2) == pytest.approx(1, abs=1e-4)


def test_gradients():
    torch.manual_seed(0)
    output = MixtureOutput(components=3)
    values = torch.randn(4, output.size, dtype=torch.float64, requires_grad=True)
    offsets, pens = torch.randn(4, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 0])
    assert torch.autograd.gradcheck(lambda v: output.offset_log_likelihood(v, offsets), values)
    assert torch.autograd.gradcheck(lambda v: output.pen_log_likelihood(v, pens), values)


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_extremes_stay_finite_in_fp32_and_so_do_their_gradients(extreme, offset):
    values = torch.full((1, TWO.size), extreme, requires_grad=True)
    found = TWO.offset_log_likelihood(values, torch.full((1, 2), offset))
    found.sum().backward()
    assert found.isfinite().all()
    assert values.grad.isfinite().all()


def test_narrow_and_nearly_straight_components_are_exact_in_fp32():
    """1 - ρ² of ρ = 0.9999 has lost most of its digits in fp32 where it is taken literally."""
    component = (0.0, 0.2, -0.1, 1e-3, 2e-3, 0.9999)
    offset = torch.tensor([0.2005, -0.0991], dtype=torch.float64)
    exact = TWO.offset_log_likelihood(vector([0, 0], component, component), offset)
    rounded = TWO.offset_log_likelihood(vector([0, 0], component, component).float(), offset)
    assert float(exact) == pytest.approx(
        math.log(textbook_density(*offset.tolist(), *component[1:])), rel=1e-6
    )
    assert float(rounded) == pytest.approx(float(exact), abs=0.02)


def test_16_bit_vectors_are_computed_in_fp32():
    values = torch.zeros(ONE.size, dtype=torch.bfloat16)
    assert ONE.offset_log_likelihood(values, torch.zeros(2)).dtype == torch.float32
    assert float(ONE.offset_log_likelihood(values, torch.zeros(2))) == pytest.approx(
        -math.log(2 * math.pi)
    )


def test_samples_are_distributed_as_the_density_says():
    values = vector([0.0, 1.0], (0.5, 3, -1, 2, 0.5, 0.8), (-0.5, -3, 2, 1, 1, 0))
    count = 40_000
    offsets, pens = TWO.sample(values.expand(count, -1), uniforms(count))
    first = offsets[:, 0] > 0.0
    share = 1 / (1 + math.exp(-1.0))
    assert float((pens == 1).double().mean()) == pytest.approx(share, abs=0.01)
    right = offsets[first & (offsets[:, 1] < 0.5)]
    correlation = torch.corrcoef(right.T)[0, 1]
    assert 0.55 < float(correlation) < 0.85
    # All of the first component's mass but for its far left tail, and nothing of the second's.
    assert float(first.double().mean()) == pytest.approx(
        share * 0.9332 + (1 - share) * 0.0013, abs=0.01
    )


def test_spread_and_correlation_of_one_component():
    values = vector([0, 0, 0], (0, 3, -1, 2, 0.5, 0.8)).expand(40_000, -1)
    offsets, _ = ONE.sample(values, uniforms(40_000))
    torch.testing.assert_close(
        offsets.mean(0), torch.tensor([3.0, -1.0]).double(), atol=0.03, rtol=0
    )
    torch.testing.assert_close(
        torch.cov(offsets.T),
        torch.tensor([[4, 0.8], [0.8, 0.25]]).double(),
        atol=0.08,
        rtol=0,
    )


def test_temperature_scales_the_spread_by_its_root_and_the_logits_by_its_inverse():
    values = vector([0.0, 1.0], (0, 0, 0, 1, 1, 0), (0, 0, 0, 1, 1, 0)).expand(20_000, -1)
    hot, _ = TWO.sample(values, uniforms(20_000), temperature=1.0)
    cold, pens = TWO.sample(values, uniforms(20_000), temperature=0.25)
    torch.testing.assert_close(cold, hot * 0.5)
    assert float(pens.double().mean()) == pytest.approx(1 / (1 + math.exp(-4.0)), abs=0.01)


def test_near_zero_temperature_gives_the_mean_of_the_likeliest_component():
    values = vector([0.0, 0.1], (0.1, 5, -5, 1, 1, 0.5), (0, -5, 5, 1, 1, 0)).expand(100, -1)
    offsets, pens = TWO.sample(values, uniforms(100), temperature=1e-8)
    torch.testing.assert_close(
        offsets, torch.tensor([[5.0, -5.0]]).double().expand(100, -1), atol=1e-3, rtol=0
    )
    assert (pens == 1).all()


def test_bias_sharpens_the_offset_and_leaves_the_pen():
    values = vector([0.0, 1.0], (1.0, 4, 4, 1, 1, 0), (0, -4, -4, 1, 1, 0)).expand(20_000, -1)
    free, pens = TWO.sample(values, uniforms(20_000))
    biased, same_pens = TWO.sample(values, uniforms(20_000), bias=2.0)
    assert (pens == same_pens).all()
    share = float((biased[:, 0] > 0).double().mean())
    assert share == pytest.approx(1 / (1 + math.exp(-3.0)), abs=0.01)
    both = (free[:, 0] > 0) & (biased[:, 0] > 0)
    torch.testing.assert_close(biased[both] - 4, (free[both] - 4) * math.exp(-2))


def test_a_row_depends_on_its_own_vector_and_numbers_alone():
    torch.manual_seed(0)
    output = MixtureOutput()
    values, numbers = torch.randn(50, output.size), uniforms(50)
    offsets, pens = output.sample(values, numbers, 0.7)
    order = torch.randperm(50)[:7]
    some_offsets, some_pens = output.sample(values[order], numbers[order], 0.7)
    torch.testing.assert_close(some_offsets, offsets[order], rtol=0, atol=0)
    assert (some_pens == pens[order]).all()


def test_a_choice_that_is_impossible_is_never_drawn():
    values = vector([0.0, -1e4], (0, 1, 1, 1, 1, 0), (-1e4, 9, 9, 1, 1, 0)).expand(2, -1)
    edges = torch.tensor([[0.0] * 4, [1 - 2**-32] * 4], dtype=torch.float64)
    offsets, pens = TWO.sample(values, edges)
    assert (pens == 0).all()
    assert offsets.isfinite().all()
    assert (offsets < 8.5).all()

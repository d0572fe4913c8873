"""The paper's loss by hand, and its traps (Ha and Eck 2017, equations 9 to 11)."""

import math

import pytest
import torch

from multimodal.recurrent.mixture import MixtureOutput
from multimodal.sketching.losses import drawing_nll, kl_divergence
from multimodal.sketching.pen_states import DOWN, END, LIFTED

OUTPUT = MixtureOutput(components=1)
LIMIT = 10


def rows(*pens: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Offsets (1, T, 2) that are all zero, and pen states (1, T)."""
    return torch.zeros(1, len(pens), 2), torch.tensor([pens])


def vectors(steps: int, pen_logits=(0.0, 0.0, 0.0)) -> torch.Tensor:
    """(1, T, 9): a standard normal at the origin and the same pen states at every step."""
    values = torch.zeros(1, steps, OUTPUT.size)
    values[..., :3] = torch.tensor(pen_logits)
    return values


def test_by_hand():
    offsets, pens = rows(DOWN, LIFTED, END, END)
    nats = drawing_nll(OUTPUT, vectors(4), offsets, pens, LIMIT)
    assert float(nats.offsets) == pytest.approx(2 * math.log(2 * math.pi))  # the end has none
    assert float(nats.pens) == pytest.approx(2 * math.log(3))
    assert float(nats.end) == pytest.approx(math.log(3))
    assert float(nats.padding) == pytest.approx((LIMIT - 3) * math.log(3))
    wanted = (2 * math.log(2 * math.pi) + LIMIT * math.log(3)) / LIMIT
    assert float(nats.reconstruction_loss(LIMIT)) == pytest.approx(wanted)
    masked = 2 * (math.log(2 * math.pi) + math.log(3)) / LIMIT
    assert float(nats.reconstruction_loss_masked(LIMIT)) == pytest.approx(masked)


def test_pen_states_are_summed_and_not_averaged_over_the_three():
    offsets, pens = rows(*[DOWN] * LIMIT)
    nats = drawing_nll(OUTPUT, vectors(LIMIT, (0.0, -1e4, -1e4)), offsets, pens, LIMIT)
    assert float(nats.pens) == pytest.approx(0, abs=1e-5)
    nats = drawing_nll(OUTPUT, vectors(LIMIT, (-2.0, 0.0, -1e4)), offsets, pens, LIMIT)
    assert float(nats.pens) == pytest.approx(LIMIT * (2 + math.log1p(math.exp(-2))), rel=1e-5)


def test_a_drawing_as_long_as_the_limit_has_no_end():
    offsets, pens = rows(*[DOWN] * LIMIT)
    nats = drawing_nll(OUTPUT, vectors(LIMIT), offsets, pens, LIMIT)
    assert float(nats.end) == float(nats.padding) == 0


def test_rows_left_out_count_as_the_last_one():
    offsets, pens = rows(DOWN, LIFTED, *[END] * (LIMIT - 2))
    values = vectors(LIMIT, (0.5, -0.5, 1.5))
    values[0, 2, 2] = 7.0  # the end itself is predicted otherwise than its repetitions
    whole = drawing_nll(OUTPUT, values, offsets, pens, LIMIT)
    short = drawing_nll(OUTPUT, values[:, :4], offsets[:, :4], pens[:, :4], LIMIT)
    torch.testing.assert_close(tuple(short), tuple(whole))


def test_what_is_foretold_behind_the_end_moves_no_offset():
    offsets, pens = rows(DOWN, END, END)
    values = vectors(3).requires_grad_()
    drawing_nll(OUTPUT, values, offsets, pens, LIMIT).offsets.sum().backward()
    assert values.grad[0, 0].any()
    assert not values.grad[0, 1:].any()


def test_kl_by_hand():
    zero = torch.zeros(3, 5)
    assert float(kl_divergence(zero, zero)) == 0
    assert float(kl_divergence(zero + 1, zero)) == pytest.approx(0.5)
    doubled = zero + math.log(4.0)  # σ = 2
    assert float(kl_divergence(zero, doubled)) == pytest.approx(0.5 * (4 - 1 - math.log(4)))

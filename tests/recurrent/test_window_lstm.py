"""An LSTM with a sliding window: one walk forwards, one gradient backwards, both by the book."""

import pytest
import torch

from multimodal.recurrent.attention import GaussianWindow
from multimodal.recurrent.window_lstm import WindowLSTM

BATCH, STEPS, CELLS = 3, 7, 5


@pytest.fixture
def lstm():
    torch.manual_seed(0)
    made = WindowLSTM(input_size=4, memory_size=5, constant_size=3, hidden_size=6, components=2)
    with torch.no_grad():
        made.window.projection.weight *= 4  # so that places and widths differ
    return made.double()


@pytest.fixture
def sequence():
    generator = torch.Generator().manual_seed(1)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.double, requires_grad=True)

    return random(BATCH, STEPS, 4), random(BATCH, CELLS, 5), random(BATCH, 3)


def step_by_step(lstm, inputs, memory, constant, state=None):
    state = state or lstm.initial_state(len(inputs))
    hidden, seen, places = [], [], []
    for step in range(inputs.shape[1]):
        state, _ = lstm.step(inputs[:, step], memory, lstm.project(constant), state)
        hidden.append(state.h)
        seen.append(state.seen)
        places.append(state.places)
    return torch.stack(hidden, 1), torch.stack(seen, 1), torch.stack(places, 1), state


def test_unrolled_is_step_by_step(lstm, sequence):
    unrolled, state = lstm.unroll(*sequence)
    *wanted, last = step_by_step(lstm, *sequence)
    for got, want in zip(unrolled, wanted, strict=True):
        torch.testing.assert_close(got, want)
    for got, want in zip(state, last, strict=True):
        torch.testing.assert_close(got, want)


def test_it_goes_on_from_a_state(lstm, sequence):
    inputs, memory, constant = sequence
    whole, end = lstm.unroll(inputs, memory, constant)
    _, middle = lstm.unroll(inputs[:, :3], memory, constant)
    rest, last = lstm.unroll(inputs[:, 3:], memory, constant, middle)
    torch.testing.assert_close(rest.hidden, whole.hidden[:, 3:])
    torch.testing.assert_close(last.places, end.places)
    torch.testing.assert_close(last.c, end.c)


def test_the_gradient_by_hand_is_autograds(lstm, sequence):
    weights = [*sequence, *lstm.parameters()]
    generator = torch.Generator().manual_seed(2)
    of_hidden = torch.randn(BATCH, STEPS, 6, generator=generator, dtype=torch.double)
    of_seen = torch.randn(BATCH, STEPS, 5, generator=generator, dtype=torch.double)
    unrolled, _ = lstm.unroll(*sequence)
    ours = torch.autograd.grad(
        (unrolled.hidden * of_hidden).sum() + (unrolled.seen * of_seen).sum(), weights
    )
    hidden, seen, *_ = step_by_step(lstm, *sequence)
    wanted = torch.autograd.grad((hidden * of_hidden).sum() + (seen * of_seen).sum(), weights)
    for got, want in zip(ours, wanted, strict=True):
        torch.testing.assert_close(got, want)
        assert want.abs().max() > 0


def test_where_an_exponent_is_held_it_has_no_gradient(lstm, sequence):
    with torch.no_grad():
        lstm.window.projection.bias[0] = 50.0
        lstm.window.projection.bias[5] = -50.0
    inputs, memory, constant = sequence
    weights = [inputs, lstm.window.projection.bias]
    unrolled, _ = lstm.unroll(inputs, memory, constant)
    hidden, seen, *_ = step_by_step(lstm, inputs, memory, constant)
    ours = torch.autograd.grad(unrolled.hidden.sum() + unrolled.seen.sum(), weights)
    wanted = torch.autograd.grad(hidden.sum() + seen.sum(), weights)
    for got, want in zip(ours, wanted, strict=True):
        torch.testing.assert_close(got, want)
    assert ours[1][0] == 0
    assert ours[1][5] == 0


def test_mixed_precision_stays_near(lstm, sequence):
    lstm = lstm.float()
    inputs, memory, constant = (tensor.detach().float() for tensor in sequence)
    exact, _ = lstm.unroll(inputs, memory, constant)
    with torch.autocast("cpu", torch.bfloat16):
        mixed, state = lstm.unroll(inputs, memory, constant)
    assert mixed.hidden.dtype == torch.bfloat16
    assert state.h.dtype == torch.float32
    torch.testing.assert_close(mixed.hidden.float(), exact.hidden, atol=0.03, rtol=0.03)
    mixed.hidden.float().sum().backward()
    assert lstm.weight.grad.isfinite().all()


def test_a_window_by_hand():
    window = GaussianWindow(query_size=1, components=1)
    with torch.no_grad():
        window.projection.weight.zero_()
        window.projection.bias.copy_(torch.tensor([2.0, 0.5, 1.0]).log())  # α, β, and the pace
    memory = torch.tensor([[[1.0], [10.0], [100.0]]])
    seen, weights, places = window(torch.zeros(1, 1), torch.zeros(1, 1), memory)
    bells = 2 * torch.exp(-0.5 * torch.tensor([1.0, 0.0, 1.0]))  # at 1, away 1, 0, 1
    torch.testing.assert_close(places, torch.ones(1, 1))
    torch.testing.assert_close(weights[0], bells)
    torch.testing.assert_close(seen[0, 0], (bells * memory[0, :, 0]).sum())


def test_a_window_never_slides_back():
    torch.manual_seed(0)
    window = GaussianWindow(query_size=4, components=3)
    places = window.start(2)
    for _ in range(20):
        before = places
        _, _, places = window(10 * torch.randn(2, 4), places, torch.randn(2, 5, 3))
        assert (places > before).all()
        assert places.isfinite().all()

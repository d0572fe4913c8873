"""Recurrent cells: the lecture's numbers, torch's own networks, and the two roads through time."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from multimodal.recurrent.cells import FUSED, LockedDropout, RecurrentNetwork

CELLS = ("rnn", "gru", "lstm")
EXACT = {"rtol": 0.0, "atol": 1e-5}

every_cell = pytest.mark.parametrize("cell", CELLS)


def seeded_network(seed: int, **sizes) -> RecurrentNetwork:
    """A network whose weights, and whatever is drawn after them, follow from the seed."""
    torch.manual_seed(seed)
    return RecurrentNetwork(**sizes)


networks = st.builds(
    seeded_network,
    seed=st.integers(0, 2**31),
    cell=st.sampled_from(CELLS),
    input_size=st.integers(1, 5),
    hidden_size=st.integers(1, 5),
    layers=st.integers(1, 3),
)


def random_inputs(network: RecurrentNetwork, batch: int, steps: int) -> torch.Tensor:
    return torch.randn(batch, steps, network.layers[0].input_size)


def random_state(network: RecurrentNetwork, batch: int):
    zeros = network.initial_state(batch)
    return tuple(tuple(torch.randn_like(tensor) for tensor in layer) for layer in zeros)


def step_through(network: RecurrentNetwork, inputs, state):
    outputs = []
    for step in inputs.unbind(1):
        output, state = network.step(step, state)
        outputs.append(output)
    return torch.stack(outputs, 1), state


def torch_network(network: RecurrentNetwork) -> nn.RNNBase:
    """One stacked torch.nn network with a copy of the same weights."""
    first = network.layers[0]
    layers = len(network.layers)
    fused = FUSED[network.cell](first.input_size, first.hidden_size, layers, batch_first=True)
    fused.load_state_dict(
        {
            f"{name[:-1]}{number}": weight
            for number, layer in enumerate(network.layers)
            for name, weight in layer.state_dict().items()
        }
    )
    return fused


def run_torch(network: RecurrentNetwork, inputs, state):
    """What torch.nn makes of it, with its state brought into ours."""
    stacked = tuple(torch.stack(tensors) for tensors in zip(*state, strict=True))
    lstm = network.cell == "lstm"
    outputs, after = torch_network(network)(inputs, stacked if lstm else stacked[0])
    return outputs, tuple(zip(*(after if lstm else (after,)), strict=True))


# --- worked out by hand -------------------------------------------------------------------------


def set_weights(network: RecurrentNetwork, **weights) -> None:
    values = {f"{name}_l0": torch.tensor(value) for name, value in weights.items()}
    network.layers[0].load_state_dict(values)


def test_the_vanilla_rnn_is_the_lectures():
    network = RecurrentNetwork("rnn", input_size=2, hidden_size=2)
    set_weights(
        network,
        weight_ih=[[1.0, 0.0], [0.0, 2.0]],
        weight_hh=[[0.0, 1.0], [0.0, 0.0]],  # unit 0 hears what unit 1 said before
        bias_ih=[0.0, 0.0],
        bias_hh=[0.0, 0.0],
    )
    inputs = torch.tensor([[[0.5, 0.5], [0.0, 0.0], [1.0, -0.5]]])
    by_hand = torch.tensor(
        [[[0.4621172, 0.7615942], [0.6420150, 0.0], [0.7615942, -0.7615942]]]
    )  # tanh of 0.5, 1; of 0.7615942, 0; of 1, -1
    for outputs, ((h,),) in (
        network.unroll(inputs),
        step_through(network, inputs, network.initial_state(1)),
    ):
        torch.testing.assert_close(outputs, by_hand, **EXACT)
        torch.testing.assert_close(h, by_hand[:, -1], **EXACT)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# One unit, one input of 2 and a state of 0.5; gates in torch's order.
GATES = {"weight_hh": [[1.0], [2.0], [3.0]], "bias_hh": [0.1, 0.2, 0.3]}


def test_the_gru_resets_and_updates():
    network = RecurrentNetwork("gru", input_size=1, hidden_size=1)
    set_weights(network, weight_ih=[[0.5], [-0.5], [0.25]], bias_ih=[0.0] * 3, **GATES)
    reset, update = sigmoid(1.0 + 0.5 + 0.1), sigmoid(-1.0 + 1.0 + 0.2)
    new = math.tanh(0.5 + reset * (1.5 + 0.3))
    output, _ = network.step(torch.tensor([[2.0]]), ((torch.tensor([[0.5]]),),))
    assert output.item() == pytest.approx((1 - update) * new + update * 0.5, abs=1e-6)


def test_the_lstm_forgets_writes_and_shows():
    network = RecurrentNetwork("lstm", input_size=1, hidden_size=1)
    set_weights(
        network,
        weight_ih=[[0.5], [-0.5], [0.25], [1.0]],
        weight_hh=[[1.0], [2.0], [3.0], [-1.0]],
        bias_ih=[0.0] * 4,
        bias_hh=[0.1, 0.2, 0.3, 0.4],
    )
    write, forget = sigmoid(1.0 + 0.5 + 0.1), sigmoid(-1.0 + 1.0 + 0.2)
    candidate, show = math.tanh(0.5 + 1.5 + 0.3), sigmoid(2.0 - 0.5 + 0.4)
    before = ((torch.tensor([[0.5]]), torch.tensor([[-2.0]])),)
    output, ((h, c),) = network.step(torch.tensor([[2.0]]), before)
    assert c.item() == pytest.approx(forget * -2.0 + write * candidate, abs=1e-6)
    assert h.item() == pytest.approx(show * math.tanh(c.item()), abs=1e-6)
    assert output is h


# --- torch's own networks -----------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(networks, st.integers(1, 4), st.integers(1, 6))
def test_unrolling_and_stepping_agree_with_torch(network, batch, steps):
    inputs, state = random_inputs(network, batch, steps), random_state(network, batch)
    expected = run_torch(network, inputs, state)
    torch.testing.assert_close(network.unroll(inputs, state), expected, **EXACT)
    torch.testing.assert_close(step_through(network, inputs, state), expected, **EXACT)


@settings(deadline=None, max_examples=40)
@given(networks, st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 2))
def test_every_sequence_ends_at_its_own_length(network, lengths, padding):
    inputs = random_inputs(network, len(lengths), max(lengths) + padding)
    state = random_state(network, len(lengths))
    for row, length in enumerate(lengths):
        inputs[row, length:] = math.nan  # nothing of it may be read
    outputs, after = network.unroll(inputs, state, torch.tensor(lengths))
    assert outputs.shape == (*inputs.shape[:2], network.hidden_size)
    for row, length in enumerate(lengths):
        own = slice(row, row + 1)
        own_state = tuple(tuple(tensor[own] for tensor in layer) for layer in state)
        expected, expected_after = run_torch(network, inputs[own, :length], own_state)
        torch.testing.assert_close(outputs[own, :length], expected, **EXACT)
        assert not outputs[row, length:].any()
        own_after = tuple(tuple(tensor[own] for tensor in layer) for layer in after)
        torch.testing.assert_close(own_after, expected_after, **EXACT)


# --- state --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(networks, st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
def test_two_halves_with_the_carried_state_equal_the_whole(network, batch, first, second):
    inputs = random_inputs(network, batch, first + second)
    whole, whole_after = network.unroll(inputs)
    start, carried = network.unroll(inputs[:, :first])
    end, after = network.unroll(inputs[:, first:], carried)
    torch.testing.assert_close(torch.cat([start, end], 1), whole, **EXACT)
    torch.testing.assert_close(after, whole_after, **EXACT)


@every_cell
def test_the_initial_state_is_zero_for_every_layer_in_the_type_of_the_weights(cell):
    network = RecurrentNetwork(cell, input_size=3, hidden_size=5, layers=2).double()
    state = network.initial_state(4)
    tensors = [tensor for layer in state for tensor in layer]
    assert [len(layer) for layer in state] == [2 if cell == "lstm" else 1] * 2
    assert all(tensor.shape == (4, 5) and tensor.dtype == torch.float64 for tensor in tensors)
    assert not any(tensor.any() for tensor in tensors)
    inputs = random_inputs(network, 4, 3).double()
    torch.testing.assert_close(network.unroll(inputs), network.unroll(inputs, state))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_step_from_sums_is_the_step(cell):
    torch.manual_seed(0)
    network = RecurrentNetwork(cell, 3, 5)
    inputs, state = torch.randn(4, 3), network.initial_state(4)
    state = tuple(tuple(torch.randn_like(tensor) for tensor in layer) for layer in state)
    (layer,) = network.layers
    sums = torch.nn.functional.linear(inputs, layer.weight_ih_l0, layer.bias_ih_l0)
    torch.testing.assert_close(network.step_from(sums, state), network.step(inputs, state))


@every_cell
@pytest.mark.parametrize("learn_by", ["unrolling", "stepping"])
def test_a_gradient_step_changes_both_roads_alike(cell, learn_by):
    torch.manual_seed(0)
    network = RecurrentNetwork(cell, input_size=3, hidden_size=4, layers=2)
    inputs, state = random_inputs(network, 2, 5), random_state(network, 2)
    before, _ = network.unroll(inputs, state)
    learned = before if learn_by == "unrolling" else step_through(network, inputs, state)[0]
    learned.sum().backward()
    assert all(weight.grad.any() for weight in network.parameters())
    torch.optim.SGD(network.parameters(), lr=0.1).step()
    unrolled, stepped = network.unroll(inputs, state), step_through(network, inputs, state)
    assert (unrolled[0] - before).abs().max() > 1e-2
    torch.testing.assert_close(stepped, unrolled, **EXACT)


# --- dropout ------------------------------------------------------------------------------------


def test_locked_dropout_drops_a_feature_for_the_whole_sequence():
    torch.manual_seed(0)
    dropped = LockedDropout(0.25)(torch.ones(50, 7, 40))
    assert (dropped == dropped[:, :1]).all(), "one mask for all steps"
    mask = dropped[:, 0]
    torch.testing.assert_close(mask.unique(), torch.tensor([0.0, 1 / 0.75]))
    assert (mask == 0).float().mean().item() == pytest.approx(0.25, abs=0.05)
    assert not (mask == mask[:1]).all(), "every sequence draws its own"


@pytest.mark.parametrize("layer", [LockedDropout(0.0), LockedDropout(0.9).eval()])
def test_locked_dropout_rests_in_evaluation_and_at_zero(layer):
    inputs = torch.randn(2, 3, 4)
    assert torch.equal(layer(inputs), inputs)


@every_cell
def test_dropout_falls_between_layers_only(cell):
    torch.manual_seed(0)
    network = RecurrentNetwork(cell, input_size=6, hidden_size=20, layers=2, dropout=0.5)
    inputs = random_inputs(network, 3, 8)
    read = []
    for layer in network.layers:
        layer.register_forward_hook(lambda _, args, result: read.append((args[0], result[0])))
    outputs, _ = network.unroll(inputs)
    (first_in, first_out), (second_in, second_out) = read
    assert torch.equal(first_in, inputs)
    kept = (second_in != 0).any(1, keepdim=True)
    assert 0 < kept.float().mean() < 1
    torch.testing.assert_close(second_in, first_out * kept * 2)
    assert torch.equal(outputs, second_out)


@every_cell
def test_in_evaluation_nothing_is_dropped(cell):
    torch.manual_seed(0)
    network = RecurrentNetwork(cell, input_size=6, hidden_size=20, layers=2, dropout=0.5).eval()
    inputs, state = random_inputs(network, 3, 8), random_state(network, 3)
    torch.testing.assert_close(
        network.unroll(inputs, state), run_torch(network, inputs, state), **EXACT
    )

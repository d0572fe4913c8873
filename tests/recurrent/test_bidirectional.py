"""Reading from both ends: torch's own networks, and nothing leaks out of padding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from multimodal.recurrent.cells import FUSED, BidirectionalNetwork

CELLS = ("rnn", "gru", "lstm")
EXACT = {"rtol": 0.0, "atol": 1e-5}


def torch_network(network: BidirectionalNetwork, input_size: int) -> nn.RNNBase:
    """One stacked torch.nn network with a copy of the same weights."""
    fused = FUSED[network.cell](
        input_size,
        network.hidden_size,
        len(network.forwards),
        batch_first=True,
        bidirectional=True,
    )
    fused.load_state_dict(
        {
            f"{name[:-1]}{number}{ending}": weight
            for layers, ending in ((network.forwards, ""), (network.backwards, "_reverse"))
            for number, layer in enumerate(layers)
            for name, weight in layer.state_dict().items()
        }
    )
    return fused


@given(
    seed=st.integers(0, 2**31),
    cell=st.sampled_from(CELLS),
    layers=st.integers(1, 3),
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
)
@settings(max_examples=30, deadline=None)
def test_it_is_torch_s_own_network_on_packed_sequences(seed, cell, layers, lengths):
    torch.manual_seed(seed)
    network = BidirectionalNetwork(cell, input_size=3, hidden_size=4, layers=layers)
    steps = max(lengths) + 2
    inputs = torch.randn(len(lengths), steps, 3)
    counts = torch.tensor(lengths)
    with torch.no_grad():
        outputs = network.unroll(inputs, counts)
        packed = pack_padded_sequence(inputs, counts, batch_first=True, enforce_sorted=False)
        expected, _ = torch_network(network, 3)(packed)
    expected, _ = pad_packed_sequence(expected, batch_first=True, total_length=steps)
    torch.testing.assert_close(outputs, expected, **EXACT)


def test_padding_changes_neither_values_nor_gradients():
    torch.manual_seed(0)
    network = BidirectionalNetwork("gru", input_size=2, hidden_size=3, layers=2)
    inputs = torch.randn(2, 6, 2, requires_grad=True)
    outputs = network.unroll(inputs, torch.tensor([6, 4]))
    assert (outputs[1, 4:] == 0).all()
    outputs.square().sum().backward()
    assert (inputs.grad[1, 4:] == 0).all()
    assert (inputs.grad[1, :4] != 0).all()
    with torch.no_grad():
        alone = network.unroll(inputs[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(outputs[1, :4], alone[0], **EXACT)


def test_dropout_works_between_layers_and_in_training_alone():
    torch.manual_seed(0)
    network = BidirectionalNetwork("lstm", input_size=2, hidden_size=8, layers=2, dropout=0.5)
    inputs, lengths = torch.randn(1, 5, 2), torch.tensor([5])
    with torch.no_grad():
        assert not torch.equal(network.unroll(inputs, lengths), network.unroll(inputs, lengths))
        network.eval()
        assert torch.equal(network.unroll(inputs, lengths), network.unroll(inputs, lengths))


@pytest.mark.parametrize("cell", CELLS)
def test_every_output_hears_the_first_and_the_last_step(cell):
    torch.manual_seed(0)
    network = BidirectionalNetwork(cell, input_size=2, hidden_size=3)
    inputs = torch.randn(1, 5, 2, requires_grad=True)
    network.unroll(inputs, torch.tensor([5]))[0, 2].sum().backward()
    assert (inputs.grad[0, [0, 4]] != 0).all()

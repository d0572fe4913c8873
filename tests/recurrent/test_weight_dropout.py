"""Dropped recurrent weights: which are gone, and that nothing else notices."""

import copy

import pytest
import torch

from multimodal.recurrent.cells import RecurrentNetwork

every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


def network(cell: str, **options) -> RecurrentNetwork:
    torch.manual_seed(0)
    return RecurrentNetwork(cell, 3, 16, layers=2, **options)


@every_cell
@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2])])
def test_in_training_it_is_a_network_with_other_recurrent_weights(cell, lengths):
    dropping, plain = network(cell, weight_dropout=0.4), network(cell)
    inputs = torch.randn(2, 5, 3)
    torch.manual_seed(1)
    outputs, state = dropping.unroll(inputs, lengths=lengths)
    torch.manual_seed(1)
    for layer in plain.layers:
        mask = torch.nn.functional.dropout(torch.ones_like(layer.weight_hh_l0), 0.4)
        assert (mask == 0).float().mean() == pytest.approx(0.4, abs=0.15)
        layer.weight_hh_l0.data *= mask
    torch.testing.assert_close((outputs, state), plain.unroll(inputs, lengths=lengths))


@every_cell
def test_what_is_dropped_does_not_learn(cell):
    dropping = network(cell, weight_dropout=0.5)
    dropping.unroll(torch.randn(2, 5, 3))[0].sum().backward()
    for layer in dropping.layers:
        assert 0.3 < (layer.weight_hh_l0.grad == 0).float().mean() < 0.7
        assert (layer.weight_ih_l0.grad != 0).all()


@every_cell
def test_in_evaluation_and_single_steps_nothing_is_dropped(cell):
    dropping, plain = network(cell, weight_dropout=0.5), network(cell)
    inputs = torch.randn(2, 5, 3)
    dropping.unroll(inputs)  # and what was dropped for a batch is back after it
    expected = plain.unroll(inputs)
    torch.testing.assert_close(dropping.eval().unroll(inputs), expected)
    state = dropping.train().initial_state(2)
    for step in inputs.unbind(1):
        output, state = dropping.step(step, state)
    torch.testing.assert_close((output, state), (expected[0][:, -1], expected[1]))


def test_the_weights_keep_their_names_and_can_be_copied():
    dropping = network("lstm", weight_dropout=0.5)
    before = {name: weight.clone() for name, weight in dropping.state_dict().items()}
    dropping.unroll(torch.randn(2, 5, 3))
    assert dropping.state_dict().keys() == network("lstm").state_dict().keys()
    torch.testing.assert_close(dropping.state_dict(), before)
    torch.testing.assert_close(copy.deepcopy(dropping).state_dict(), before)

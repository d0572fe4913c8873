"""The LSTM's variants: both roads through time, and what each is there for."""

import pytest
import torch
from torch import nn

from multimodal.recurrent.variants import HyperLSTM, LayerNormLSTM

every_variant = pytest.mark.parametrize("variant", [LayerNormLSTM, HyperLSTM])
EXACT = {"rtol": 0.0, "atol": 1e-5}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@every_variant
def test_single_steps_equal_the_unrolled_sequence(variant):
    network = variant(3, 8).eval()
    inputs = torch.randn(2, 5, 3)
    outputs, last = network.unroll(inputs)
    state = network.initial_state(2)
    for number in range(5):
        output, state = network.step(inputs[:, number], state)
        torch.testing.assert_close(output, outputs[:, number], **EXACT)
    torch.testing.assert_close(state, last, **EXACT)


@every_variant
def test_each_sequence_ends_at_its_own_length(variant):
    network = variant(3, 8).eval()
    inputs = torch.randn(2, 5, 3)
    outputs, state = network.unroll(inputs, lengths=torch.tensor([2, 5]))
    short, after = network.unroll(inputs[:1, :2])
    torch.testing.assert_close(outputs[:1, :2], short, **EXACT)
    assert not outputs[0, 2:].any()
    for layer, wanted in zip(state, after, strict=True):
        for tensor, alone in zip(layer, wanted, strict=True):
            torch.testing.assert_close(tensor[:1], alone, **EXACT)


@every_variant
def test_every_weight_learns(variant):
    network = variant(3, 8, dropout=0.1)
    network.unroll(torch.randn(4, 6, 3))[0].square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any() or "hyper" in name, name


@every_variant
def test_normalised_gates_do_not_feel_the_scale_of_the_weights(variant):
    network = variant(3, 8).eval()
    inputs = torch.randn(2, 5, 3)
    before, _ = network.unroll(inputs)
    with torch.no_grad():
        network.input_weights *= 50
        network.recurrent_weights *= 50
    after, _ = network.unroll(inputs)
    torch.testing.assert_close(before, after, rtol=0.0, atol=2e-2)


def test_a_new_hyper_lstm_is_a_layer_norm_lstm():
    """Its scales begin equal and its biases at nought, and the normalisation undoes the scale."""
    hyper, plain = HyperLSTM(3, 8).eval(), LayerNormLSTM(3, 8).eval()
    with torch.no_grad():
        plain.input_weights.copy_(hyper.input_weights)
        plain.recurrent_weights.copy_(hyper.recurrent_weights)
        hyper.input_weights *= 100  # so that layer norm's ε is of no account in either
        hyper.recurrent_weights *= 100
        plain.input_weights *= 10
        plain.recurrent_weights *= 10
    inputs = torch.randn(2, 5, 3)
    torch.testing.assert_close(hyper.unroll(inputs)[0], plain.unroll(inputs)[0], **EXACT)


def test_a_hyper_lstm_answers_to_the_smaller_one():
    network = HyperLSTM(3, 8).eval()
    inputs = torch.randn(2, 5, 3)
    before, _ = network.unroll(inputs)
    nn.init.normal_(network.projection)
    nn.init.normal_(network.embedding.weight)
    assert (network.unroll(inputs)[0] - before).abs().max() > 0.05


@every_variant
def test_candidates_are_dropped_in_training_alone(variant):
    network = variant(3, 8, dropout=0.5)
    inputs = torch.randn(2, 5, 3)
    assert not torch.equal(network.unroll(inputs)[0], network.unroll(inputs)[0])
    network.eval()
    assert torch.equal(network.unroll(inputs)[0], network.unroll(inputs)[0])

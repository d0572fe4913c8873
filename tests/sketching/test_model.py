"""The network: what the encoder and the decoder do and don't see."""

from typing import get_args

import pytest
import torch

from multimodal.sketching.incremental_decoder import CellDecoder, LSTMDecoder, LSTMWeights
from multimodal.sketching.model import (
    DecoderCell,
    SketchConfig,
    SketchNetwork,
    decoder_inputs,
    stroke5,
)

EXACT = {"rtol": 0.0, "atol": 1e-5}
every_cell = pytest.mark.parametrize("cell", get_args(DecoderCell))


def network_of(**changes) -> SketchNetwork:
    torch.manual_seed(0)
    sizes = {"decoder_size": 12, "encoder_size": 6, "latent_size": 4, "category_size": 3}
    config = SketchConfig(**{**sizes, "categories": 2, "components": 2, **changes})
    return SketchNetwork(config).eval()


def some_points(count: int, steps: int) -> torch.Tensor:
    return stroke5(torch.randn(count, steps, 2), torch.randint(0, 2, (count, steps)))


def test_inputs_begin_with_the_pen_on_the_paper():
    points = some_points(2, 3)
    inputs = decoder_inputs(points)
    assert inputs[:, 0].tolist() == [[0, 0, 1, 0, 0]] * 2
    assert torch.equal(inputs[:, 1:], points[:, :-1])


def test_the_encoder_reads_a_drawing_and_not_what_is_behind_it():
    network = network_of()
    points, lengths = some_points(2, 6), torch.tensor([3, 6])
    alone = network.encode(points[:1, :3], torch.tensor([3]))
    together = network.encode(points, lengths)
    for one, both in zip(alone, together, strict=True):
        torch.testing.assert_close(both[:1], one, **EXACT)


def test_the_encoder_reads_both_ways():
    network = network_of()
    points = some_points(1, 5)
    before = network.encode(points, torch.tensor([5]))[0]
    for changed in (0, 4):
        other = points.clone()
        other[0, changed, 0] += 1
        assert (network.encode(other, torch.tensor([5]))[0] - before).abs().max() > 1e-3


def test_drawings_without_a_latent_share_one_vector():
    network = network_of()
    torch.nn.init.normal_(network.no_latent)
    latent = torch.randn(1, 4)
    condition = network.condition(torch.tensor([0, 1, 2]), latent)
    assert torch.equal(condition[0, :4], latent[0])
    assert torch.equal(condition[1:, :4], network.no_latent.expand(2, -1))
    assert torch.equal(condition[:, 4:], network.embedding.weight)
    assert torch.equal(network.condition(torch.tensor([1]))[0], condition[1])


@every_cell
@pytest.mark.parametrize("changes", [{}, {"latent_size": 0}, {"latent_size": 0, "categories": 0}])
def test_single_points_equal_teacher_forcing(cell, changes):
    network = network_of(cell=cell, **changes)
    points = some_points(2, 5)
    condition = network.condition(torch.tensor([0, 1]))
    inputs = decoder_inputs(points)
    vectors = network.unroll(condition, inputs)
    state = network.start(condition)
    for number in range(5):
        vector, state = network.step(condition, inputs[:, number], state)
        torch.testing.assert_close(vector, vectors[:, number], **EXACT)
    torch.testing.assert_close(network.prefill(condition, inputs), state, **EXACT)


def test_the_condition_is_seen_at_the_start_and_at_every_point():
    network = network_of()
    conditions = network.condition(torch.tensor([0, 1]))
    states = network.start(conditions)
    assert (states[0][0][0] - states[0][0][1]).abs().max() > 1e-3
    same = tuple(tuple(part[:1].expand(2, -1) for part in layer) for layer in states)
    vectors, _ = network.step(conditions, some_points(1, 2)[0, :1].expand(2, -1), same)
    assert (vectors[0] - vectors[1]).abs().max() > 1e-3


def test_a_decoder_alone_starts_from_nothing():
    network = network_of(latent_size=0, categories=0)
    assert not any(part.any() for layer in network.start(torch.zeros(2, 0)) for part in layer)


def decoders(network: SketchNetwork, dtype: torch.dtype = torch.float32):
    condition = network.condition(torch.tensor([0, 1, 2]))
    state = network.start(condition)
    weights = LSTMWeights(network, dtype)
    return LSTMDecoder.start(weights, condition, state), CellDecoder(network, condition, state)


@torch.no_grad()
def test_the_fast_hand_moves_as_the_cell_does():
    fast, plain = decoders(network_of())
    for _ in range(6):
        points = some_points(1, 3)[0]
        torch.testing.assert_close(fast.move(points), plain.move(points), **EXACT)


@torch.no_grad()
def test_in_16_bit_it_stays_near():
    fast, plain = decoders(network_of(), torch.bfloat16)
    for _ in range(6):
        points = some_points(1, 3)[0]
        torch.testing.assert_close(fast.move(points).float(), plain.move(points), rtol=0, atol=0.03)


@torch.no_grad()
@pytest.mark.parametrize("which", [0, 1])
def test_some_hands_are_kept_and_the_others_not_disturbed(which):
    decoder, again = decoders(network_of())[which], decoders(network_of())[which]
    first, second = some_points(1, 3)[0], some_points(1, 3)[0]
    decoder.move(first)
    again.move(first)
    kept = decoder.keep(torch.tensor([2, 0, 0]))
    wanted = again.move(second)
    torch.testing.assert_close(kept.move(second[[2, 0, 0]]), wanted[[2, 0, 0]], **EXACT)
    torch.testing.assert_close(decoder.move(second), wanted, **EXACT)

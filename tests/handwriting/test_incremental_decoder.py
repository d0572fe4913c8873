"""The pen's fast steps are the network's own."""

import pytest
import torch

from multimodal.handwriting.incremental_decoder import DecoderWeights, HandwritingDecoder
from multimodal.handwriting.model import padded_texts

TEXTS = [[5, 6, 7, 96], [40, 41, 96]]


def begun(generator, dtype=torch.float32):
    network = generator.network
    memory = network.memory(padded_texts(TEXTS))
    embeddings = network.writer_embedding(torch.tensor([0, 2]))
    state = network.initial_state(2)
    return (
        memory,
        embeddings,
        state,
        HandwritingDecoder.start(DecoderWeights(network, dtype), memory, embeddings, state),
    )


@torch.inference_mode()
def test_steps_and_teacher_forcing_agree(generator):
    points = torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(3))
    memory, embeddings, state, pens = begun(generator)
    vectors, places, _ = generator.network.unroll(points, memory, embeddings)
    for step in range(9):
        fast = pens.move(points[:, step])
        slow, looks, state = generator.network.step(points[:, step], memory, embeddings, state)
        torch.testing.assert_close(fast, vectors[:, step], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(slow, vectors[:, step], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(pens.looks, looks, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(state.window.places, places[:, step], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_lines_that_stay_do_not_notice_those_that_leave(generator):
    points = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(3))
    *_, pens = begun(generator)
    *_, left = begun(generator)
    for step in range(3):
        pens.move(points[:, step])
        left.move(points[:, step])
    left = left.keep(torch.tensor([1]))
    for step in range(3, 6):
        vectors = pens.move(points[:, step])
        alone = left.move(points[1:, step])
        torch.testing.assert_close(alone[0], vectors[1], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_16_bit_stays_near(generator):
    points = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(3))
    *_, pens = begun(generator)
    *_, coarse = begun(generator, torch.bfloat16)
    for step in range(6):
        exact = pens.move(points[:, step])
        near = coarse.move(points[:, step])
    assert near.dtype == torch.bfloat16
    torch.testing.assert_close(near.float(), exact, atol=0.1, rtol=0.1)


@torch.inference_mode()
def test_what_stands_behind_a_text_is_not_seen(generator):
    network = generator.network
    points = torch.randn(1, 8, 4, generator=torch.Generator().manual_seed(3))
    embeddings = network.writer_embedding(torch.tensor([1]))
    alone, *_ = network.unroll(points, network.memory(padded_texts(TEXTS[1:])), embeddings)
    beside = network.memory(padded_texts(TEXTS))[1:]
    padded, *_ = network.unroll(points, beside, embeddings)
    torch.testing.assert_close(padded, alone)


def test_cells_show_their_neighbours_faintly(generator):
    network = generator.network
    one, other = network.memory(torch.tensor([[5, 6, 7], [5, 6, 9]]))
    assert (one[0] == other[0]).all()
    assert (one[1] != other[1]).any()
    with pytest.raises(IndexError):
        network.memory(torch.tensor([[97]]))

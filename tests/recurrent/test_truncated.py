"""Truncated back-propagation through time: where the state goes, and where the gradient doesn't."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from multimodal.recurrent.cells import RecurrentNetwork
from multimodal.recurrent.truncated import CarriedState, Streams

EXACT = {"rtol": 0.0, "atol": 1e-6}
VOCABULARY = 7

every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


class Reader(nn.Module):
    def __init__(self, cell: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(VOCABULARY, 4)
        self.recurrent = RecurrentNetwork(cell, 4, 6, layers=2)
        self.readout = nn.Linear(6, VOCABULARY)

    def forward(self, tokens, state):
        hidden, state = self.recurrent.unroll(self.embedding(tokens), state)
        return self.readout(hidden), state


def summed_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")


def learn(reader: Reader, streams: Streams) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Read all chunks; the logits of all steps (B, T, V) and the sum of the chunks' gradients."""
    reader.zero_grad()
    carried = CarriedState()
    logits = []
    for chunk in streams.chunks():
        assert chunk.first == (carried.state is None)
        found, state = reader(chunk.inputs, carried.state)
        carried.keep(state)
        summed_loss(found, chunk.targets).backward()
        logits.append(found.detach())
    return torch.cat(logits, 1), {n: w.grad.clone() for n, w in reader.named_parameters()}


def unbroken(reader: Reader, text: torch.Tensor, streams: int):
    """The same by plain back-propagation through all of the time, stream after stream."""
    reader.zero_grad()
    length = (len(text) - 1) // streams
    logits = []
    for number in range(streams):
        part = text[number * length : (number + 1) * length + 1][None]
        found, _ = reader(part[:, :-1], None)
        summed_loss(found, part[:, 1:]).backward()
        logits.append(found.detach())
    return torch.cat(logits), {n: w.grad.clone() for n, w in reader.named_parameters()}


@pytest.fixture
def text() -> torch.Tensor:
    return torch.randint(VOCABULARY, (3 * 12 + 1,), generator=torch.Generator().manual_seed(1))


@every_cell
def test_one_chunk_as_long_as_the_sequence_is_back_propagation_through_all_time(cell, text):
    reader = Reader(cell)
    logits, gradients = learn(reader, Streams(text, streams=3, steps=12))
    expected_logits, expected = unbroken(reader, text, 3)
    torch.testing.assert_close(logits, expected_logits, **EXACT)
    torch.testing.assert_close(gradients, expected, rtol=1e-5, atol=1e-5)


@every_cell
@pytest.mark.parametrize("steps", [1, 3, 4])
def test_shorter_chunks_read_as_one_that_is_unbroken(cell, steps, text):
    reader = Reader(cell)
    logits, gradients = learn(reader, Streams(text, streams=3, steps=steps))
    expected_logits, expected = unbroken(reader, text, 3)
    torch.testing.assert_close(logits, expected_logits, **EXACT)
    recurrent = "recurrent.layers.0.weight_hh_l0"
    assert (gradients[recurrent] - expected[recurrent]).abs().max() > 1e-3, "nothing was cut off"


def test_no_gradient_goes_back_beyond_a_chunk(text):
    reader = Reader("lstm")
    streams = Streams(text, streams=3, steps=4)
    carried = CarriedState()
    first, second, _ = streams.chunks()
    embedded = reader.embedding(first.inputs).detach().requires_grad_()
    _, state = reader.recurrent.unroll(embedded)
    carried.keep(state)
    logits, _ = reader(second.inputs, carried.state)
    summed_loss(logits, second.targets).backward()
    assert embedded.grad is None
    assert not any(tensor.requires_grad for layer in carried.state for tensor in layer)


# ---- streams ----

shapes = st.tuples(st.integers(2, 80), st.integers(1, 4), st.integers(1, 9), st.integers(0, 100))


@given(shapes)
def test_streams_are_contiguous_parts_of_the_text_as_a_ring(shape):
    length, streams, steps, shift = shape
    text = torch.arange(length, dtype=torch.int16)
    chunks = list(Streams(text, streams, steps).chunks(shift))
    assert len(chunks) == len(Streams(text, streams, steps)) == (length - 1) // (streams * steps)
    for chunk in chunks:
        assert chunk.tokens.shape == (streams, steps + 1)
        assert chunk.tokens.dtype == torch.int64
    if chunks:
        targets = torch.cat([chunk.targets for chunk in chunks], 1).flatten()
        expected = (torch.arange(len(targets)) + shift + 1) % length
        assert torch.equal(targets, expected)
        assert [chunk.first for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
        for before, after in pairwise(chunks):
            assert torch.equal(before.tokens[:, -1], after.tokens[:, 0])


def test_reading_goes_on_in_the_middle_and_is_shared():
    streams = Streams(torch.arange(50), streams=4, steps=3)
    whole = list(streams.chunks(7))
    rest = list(streams.chunks(7, start=2))
    assert len(rest) == len(whole) - 2
    assert not rest[0].first
    assert torch.equal(rest[0].tokens, whole[2].tokens)
    odd = list(streams.chunks(7, rows=slice(1, None, 2)))
    assert torch.equal(odd[3].tokens, whole[3].tokens[1::2])


# ---- the carried state ----


@every_cell
def test_a_state_comes_back_from_its_tensors_whatever_their_order(cell):
    network = RecurrentNetwork(cell, 2, 2, layers=11)
    carried, again = CarriedState(), CarriedState()
    zeros = network.initial_state(3)
    carried.keep(tuple(tuple(torch.randn_like(tensor) for tensor in layer) for layer in zeros))
    tensors = carried.tensors()
    assert len(tensors) == 11 * len(zeros[0])
    again.load(dict(reversed(tensors.items())))
    torch.testing.assert_close(again.state, carried.state)


def test_before_the_first_chunk_there_is_nothing_to_save():
    carried, again = CarriedState(), CarriedState()
    assert carried.tensors() == {}
    again.load({})
    assert again.state is None
    carried.keep(((torch.ones(1, 2),),))
    carried.reset()
    assert carried.state is None

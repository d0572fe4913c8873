import copy
import math

import numpy as np
import pytest
import torch

from multimodal.language import scoring
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.language.scoring import (
    TextScores,
    adapting_log_probabilities,
    log_probabilities,
    streams_for,
)


@pytest.fixture(scope="module")
def network() -> LanguageNetwork:
    torch.manual_seed(0)
    network = LanguageNetwork(LanguageConfig(layers=2, embedding_size=4, hidden_size=6), 5).eval()
    for weight in network.parameters():
        weight.data *= 3
    return network


def by_steps(network: LanguageNetwork, ids: np.ndarray, before: int) -> torch.Tensor:
    state, token, found = network.recurrent.initial_state(1), before, []
    for wanted in ids.tolist():
        logits, state = network.step(torch.tensor([token]), state)
        found.append(float(logits[0].log_softmax(-1)[wanted].detach()))
        token = wanted
    return torch.tensor(found)


@pytest.mark.parametrize("length", [1, 2, 50])
def test_every_token_is_scored_given_all_before_it(network, length):
    ids = np.random.default_rng(0).integers(0, 5, length)
    expected = by_steps(network, ids, before=3)
    torch.testing.assert_close(log_probabilities(network, ids, 3), expected)


def test_the_size_of_chunks_changes_nothing(network, monkeypatch):
    ids = np.random.default_rng(1).integers(0, 5, 100)
    expected = log_probabilities(network, ids, 0)
    monkeypatch.setattr(scoring, "LOGITS_AT_A_TIME", 5 * 7)
    torch.testing.assert_close(log_probabilities(network, ids, 0), expected)


@pytest.mark.parametrize(("length", "streams"), [(90, 4), (91, 4), (10, 20), (301, 7)])
def test_streams_that_begin_within_their_run_up_are_exact(network, length, streams):
    ids = np.random.default_rng(2).integers(0, 5, length)
    expected = log_probabilities(network, ids, 1)
    torch.testing.assert_close(log_probabilities(network, ids, 1, streams), expected)


def test_each_part_reads_what_stands_before_it(network, monkeypatch):
    monkeypatch.setattr(scoring, "RUN_UP", 8)
    ids = np.random.default_rng(3).integers(0, 5, 60)
    found = log_probabilities(network, ids, 1, streams=3)
    for begin, start in ((0, 0), (20, 12), (40, 32)):
        before = int(ids[start - 1]) if start else 1
        expected = by_steps(network, ids[start : begin + 20], before)[begin - start :]
        torch.testing.assert_close(found[begin : begin + 20], expected)


def test_weights_follow_a_text_chunk_by_chunk(network, monkeypatch):
    """Three chunks: the first as learnt, the others after one and two steps worked out here."""
    monkeypatch.setattr(scoring, "ADAPTING_STEPS", 4)
    monkeypatch.setattr(scoring, "ADAPTING_RATE", 0.125)
    monkeypatch.setattr(scoring, "ADAPTING_FLOOR", 0.5)
    monkeypatch.setattr(scoring, "ADAPTING_PULL", 0.25)
    learnt = {name: weight.clone() for name, weight in network.state_dict().items()}
    ids = np.random.default_rng(4).integers(0, 5, 10)
    tokens = torch.tensor([2, *ids])
    following, state, expected = copy.deepcopy(network), None, []
    squares = {name: [] for name in learnt}
    for start in (0, 4, 8):
        inputs, targets = tokens[start : start + 4][: 10 - start], tokens[start + 1 : start + 5]
        logits, state = following(inputs[None], state)
        log_probs = logits[0].log_softmax(-1)[torch.arange(len(targets)), targets]
        expected += log_probs.tolist()
        following.zero_grad()
        (-log_probs.mean()).backward()
        state = tuple(tuple(tensor.detach() for tensor in layer) for layer in state)
        with torch.no_grad():
            for name, weight in following.named_parameters():
                squares[name].append(weight.grad**2)
                usual = torch.stack(squares[name]).mean(0).sqrt()
                moved = weight - 0.125 * weight.grad / (usual + 0.5 * usual.mean())
                weight.copy_(0.75 * moved + 0.25 * learnt[name])
    found = adapting_log_probabilities(network, ids, 2)
    torch.testing.assert_close(found, torch.tensor(expected))
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(weight, learnt[name], rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_network_of_16_bits_follows_in_32(network):
    ids = np.random.default_rng(5).integers(0, 5, 200)
    short = copy.deepcopy(network).bfloat16()
    found = adapting_log_probabilities(short, ids, 0)
    torch.testing.assert_close(found, adapting_log_probabilities(short.float(), ids, 0))


def test_what_comes_again_is_foretold_better_and_better(network, monkeypatch):
    monkeypatch.setattr(scoring, "ADAPTING_RATE", 0.02)  # so small a network has far to go
    ids = np.tile([0, 3, 1, 4, 4, 2], 300)
    adapted, plain = adapting_log_probabilities(network, ids, 0), log_probabilities(network, ids, 0)
    torch.testing.assert_close(adapted[:50], plain[:50])  # before the first step
    thirds = [float(part.mean()) for part in adapted.chunk(3)]
    assert thirds == sorted(thirds)
    assert thirds[2] > float(plain.mean()) + 0.5


def test_figures():
    scores = TextScores.of(nats=20 * math.log(2), tokens=10, characters=5)
    assert scores.nats_per_character == pytest.approx(4 * math.log(2))
    assert scores.bits_per_character == pytest.approx(4)
    assert scores.perplexity == pytest.approx(4)
    assert scores.characters == 5


def test_a_short_text_is_read_in_one_stream():
    assert streams_for(1000) == 1
    assert streams_for(10**6) == 64


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_ids_of_any_type_are_scored_alike(network, dtype):
    ids = np.random.default_rng(5).integers(0, 5, 60)
    expected = log_probabilities(network, ids, 3, streams=2)
    torch.testing.assert_close(log_probabilities(network, ids.astype(dtype), 3, 2), expected)

"""The network: padding is nothing, and single steps are the unrolled sequence."""

import pytest
import torch

from multimodal.translation.batches import END, padded_sources
from multimodal.translation.language_decoder import LanguageDecoder
from multimodal.translation.model import TranslationNetwork, TranslatorConfig

V = 20
SIZES = {"embedding_size": 6, "encoder_size": 5, "decoder_size": 7, "attention_size": 4}


def network(**changes) -> TranslationNetwork:
    torch.manual_seed(0)
    built = TranslationNetwork(TranslatorConfig(**{**SIZES, **changes}), V)
    for weight in built.parameters():
        weight.data *= 2
    return built.eval()


def step(net, tokens, state, memory, ids=None):
    decoder = LanguageDecoder(net, torch.arange(V) if ids is None else ids)
    return decoder(tokens, state, decoder.project(memory))


def close(a, b) -> None:
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_steps_are_the_unrolled_sequence(cell):
    net = network(cell=cell)
    memory = net.encode(*padded_sources([[5, 6, 7], [8]]))
    tokens = torch.randint(2, V, (2, 4))
    logits = net.readout(net(memory, tokens))
    state = net.start(memory)
    for place in range(4):
        stepped, state, weights = step(net, tokens[:, place, None], state, memory)
        close(stepped[:, 0], logits[:, place])
        close(weights.sum(-1), torch.ones(2, 1))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_step_among_some_subwords_is_the_step_without_the_others(cell):
    net = network(cell=cell)
    memory = net.encode(*padded_sources([[5, 6, 7], [8]]))
    ids, tokens = torch.tensor([1, 3, 17, 4]), torch.tensor([[2, 0], [3, 3]])
    start = tuple(
        tuple(tuple(t.expand(-1, 2, -1) for t in layer) for layer in part)
        for part in net.start(memory)
    )
    some, state, weights = step(net, tokens, start, memory, ids)
    logits, all_state, all_weights = step(net, ids[tokens], start, memory)
    close(some, logits[..., ids])
    close(state, all_state)
    close(weights, all_weights)


def test_neighbours_and_padding_change_nothing():
    net = network()
    tokens = torch.randint(2, V, (1, 3))
    alone = net.encode(*padded_sources([[5, 6]]))
    beside = net.encode(*padded_sources([[9, 9, 9, 9, 9, 9], [5, 6]])).rows(torch.tensor([1]))
    assert beside.values.shape[1] > alone.values.shape[1]
    close(beside.values[:, :3], alone.values[:, :3])
    assert not beside.values[:, 3:].any()
    close(net(beside, tokens), net(alone, tokens))
    _, _, weights = step(net, tokens[:, :1], net.start(beside), beside)
    assert not weights[..., 3:].any()


def test_hypotheses_of_a_sentence_do_not_see_each_other():
    net = network()
    memory = net.encode(*padded_sources([[5, 6, 7]]))
    start = net.start(memory)
    wide = tuple(
        tuple(tuple(t.expand(-1, 2, -1) for t in layer) for layer in part) for part in start
    )
    both, _, _ = step(net, torch.tensor([[3, 4]]), wide, memory)
    for slot, token in enumerate((3, 4)):
        one, _, _ = step(net, torch.tensor([[token]]), start, memory)
        close(both[:, slot], one[:, 0])


def test_a_sentence_is_read_to_its_end_from_both_sides():
    net = network()
    first, last = (net.encode(*padded_sources([ids])).values for ids in ([5, 6, 7], [5, 6, 8]))
    assert (first[0, 0] - last[0, 0]).abs().max() > 1e-4
    assert END == 1


def test_the_readout_shares_the_embeddings():
    net = network()
    assert "readout.weight" not in net.state_dict()
    features = torch.randn(3, 6)
    close(net.readout(features), features @ net.embedding.weight.T + net.bias)


def test_dropout_is_for_training_alone():
    net = network(dropout=0.5, word_dropout=0.5)
    memory = padded_sources([[5, 6, 7]])
    close(net.encode(*memory).values, net.encode(*memory).values)
    net.train()
    assert not torch.equal(net.encode(*memory).values, net.encode(*memory).values)


def test_dropped_words_are_dropped_whole_and_the_others_grow():
    net = network(word_dropout=0.4, dropout=0.0).train()
    tokens = torch.full((1, 200), 5)
    embedded = net.embed(tokens)[0]
    kept = embedded.abs().sum(-1) > 0
    assert 0.4 < kept.float().mean() < 0.8
    close(embedded[kept], net.embedding.weight[5].mul(6**0.5 / 0.6).expand(int(kept.sum()), -1))

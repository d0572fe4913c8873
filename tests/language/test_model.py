import pytest
import torch

from multimodal.errors import UserError
from multimodal.language.model import LanguageConfig, LanguageNetwork

CELLS = ("rnn", "gru", "lstm")


def build(**config) -> LanguageNetwork:
    torch.manual_seed(0)
    sizes = {"layers": 2, "embedding_size": 5, "hidden_size": 5}
    return LanguageNetwork(LanguageConfig(**{**sizes, **config}), 11).eval()


@pytest.mark.parametrize("cell", CELLS)
def test_reading_at_once_or_token_by_token_says_the_same(cell):
    network = build(cell=cell)
    tokens = torch.randint(11, (3, 6))
    logits, after = network(tokens)
    state = network.recurrent.initial_state(3)
    for step, expected in zip(tokens.unbind(1), logits.unbind(1), strict=True):
        found, state = network.step(step, state)
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(state, after)
    torch.testing.assert_close(network.prefill(list(tokens)), (logits[:, -1], after))


def test_beginnings_of_different_length_do_not_disturb_each_other():
    network = build()
    prompts = [torch.randint(11, (length,)) for length in (1, 7, 3)]
    logits, state = network.prefill(prompts)
    for row, prompt in enumerate(prompts):
        expected, after = network.prefill([prompt])
        torch.testing.assert_close(logits[row : row + 1], expected)
        own = tuple(tuple(tensor[row : row + 1] for tensor in layer) for layer in state)
        torch.testing.assert_close(own, after)


def test_tied_embeddings_are_one_matrix():
    tied, own = build(tied=True), build()
    count = sum(weight.numel() for weight in tied.parameters())
    assert count == sum(weight.numel() for weight in own.parameters()) - 11 * 5
    tied(torch.tensor([[1, 2]]))[0].sum().backward()
    assert tied.embedding.weight.grad.abs().sum(1).min() > 0, "the readout teaches every row"
    with pytest.raises(UserError, match="embedding_size of 6"):
        build(tied=True, hidden_size=6)


def test_each_dropout_falls_where_it_should():
    tokens = torch.randint(11, (2, 9))
    for name in ("input_dropout", "dropout", "output_dropout", "weight_dropout"):
        none = dict.fromkeys(("input_dropout", "dropout", "output_dropout", "weight_dropout"), 0.0)
        network, still = build(**{**none, name: 0.5}), build(**none)
        expected = still.train()(tokens)[0]
        assert not torch.allclose(network.train()(tokens)[0], expected), name
        torch.testing.assert_close(network.eval()(tokens)[0], expected)


def test_a_network_for_more_tokens_says_the_same_of_those_that_were_known():
    small, large = build(), LanguageNetwork(build().config, 14)
    large.init_from(small)
    tokens = torch.randint(11, (2, 6))
    torch.testing.assert_close(large.eval()(tokens)[0][..., :11], small(tokens)[0])
    assert large.embedding.weight[11:].abs().min() > 0

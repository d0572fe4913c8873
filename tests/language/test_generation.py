"""Writing: what is drawn, from which random numbers, and that a text's neighbours don't matter."""

import pytest
import torch

from multimodal.errors import UserError
from multimodal.language.generation import TextGenerator
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.language.options import BLOCK, TextGenerationOptions


def build(bias=None) -> LanguageNetwork:
    """A tiny network; with a bias, one whose logits are that, whatever it reads."""
    torch.manual_seed(0)
    network = LanguageNetwork(LanguageConfig(layers=1, embedding_size=4, hidden_size=4), 5).eval()
    if bias is not None:
        network.readout.weight.data.zero_()
        network.readout.bias.data = torch.tensor(bias)
    return network


def write(network, prompts, steps, reserved=(), **options):
    """The tokens (B, T) and the log-probabilities (B, T)."""
    begun = [torch.tensor(prompt) for prompt in prompts]
    writing = TextGenerator(network, begun, TextGenerationOptions(**options), reserved)
    found = [writing.step() for _ in range(steps)]
    return tuple(torch.stack(parts, 1) for parts in zip(*found, strict=True))


def test_the_most_probable_token_follows_the_text_so_far():
    network = build()
    text = [1, 3, 2]
    tokens, log_probs = write(network, [text], 6, top_k=1)
    for token, log_prob in zip(tokens[0].tolist(), log_probs[0].tolist(), strict=True):
        distribution = network(torch.tensor([text]))[0][0, -1].detach().log_softmax(-1)
        assert token == int(distribution.argmax())
        assert log_prob == pytest.approx(float(distribution[token]), abs=1e-5)
        text.append(token)


def test_a_seed_repeats_a_text_and_another_does_not():
    network = build([0.0] * 5)
    first, again, other = (write(network, [[0]], 40, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    fresh = [write(network, [[0]], 40)[0] for _ in range(2)]
    assert not torch.equal(*fresh)


def test_a_text_is_the_same_alone_and_among_others():
    network = build([0.0] * 5)
    many, _ = write(network, [[0]] * 6, 30, seed=3)
    few, _ = write(network, [[0]] * 2, 30, seed=3)
    assert torch.equal(many[:2], few)
    assert len({tuple(text) for text in many.tolist()}) == 6, "every text is its own"


def test_random_numbers_never_come_again():
    tokens, _ = write(build([0.0] * 5), [[0]], 2 * BLOCK + 20, seed=3)
    blocks = [tokens[0, start : start + 20].tolist() for start in (0, BLOCK, 2 * BLOCK)]
    assert len({tuple(block) for block in blocks}) == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.1, 0.2, 0.3, 0.4, 0.0]),
        ({"temperature": 0.5}, [1 / 30, 4 / 30, 9 / 30, 16 / 30, 0.0]),
        ({"top_k": 2}, [0.0, 0.0, 3 / 7, 4 / 7, 0.0]),
        ({"top_p": 0.6}, [0.0, 0.0, 3 / 7, 4 / 7, 0.0]),
    ],
)
def test_tokens_come_as_often_as_they_should(options, expected):
    network = build(torch.tensor([0.1, 0.2, 0.3, 0.4, 1e-9]).log().tolist())
    tokens, log_probs = write(network, [[0]] * 200, 20, seed=0, **options)
    split_fractions = tokens.flatten().bincount(minlength=5) / tokens.numel()
    torch.testing.assert_close(split_fractions, torch.tensor(expected), atol=0.03, rtol=0)
    # The log-probabilities are the model's own, whatever the tokens were drawn by.
    probabilities = torch.tensor([0.1, 0.2, 0.3, 0.4, 1e-9])[tokens]
    torch.testing.assert_close(log_probs.exp(), probabilities, atol=1e-5, rtol=0)


def test_reserved_tokens_are_never_written():
    tokens, _ = write(build([9.0, 9.0, 0.0, 0.0, 0.0]), [[0]] * 20, 20, reserved=(0, 1), seed=0)
    assert set(tokens.flatten().tolist()) == {2, 3, 4}


def test_the_texts_that_go_on_do_not_notice_those_that_left():
    network = build()
    prompts = [[0], [1, 2], [3]]
    whole, _ = write(network, prompts, 12, seed=5)
    writing = TextGenerator(
        network, [torch.tensor(b) for b in prompts], TextGenerationOptions(seed=5), ()
    )
    for step in range(12):
        tokens, _ = writing.step()
        if step < 4:
            assert torch.equal(tokens, whole[:, step])
        else:
            assert torch.equal(tokens, whole[[0, 2], step])
        if step == 3:
            writing.keep(torch.tensor([0, 2]))


@pytest.mark.parametrize(
    ("option", "value"),
    [("length", -1), ("temperature", 0.0), ("top_k", 0), ("top_p", 1.5)],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(UserError, match=rf"^{option} must"):
        TextGenerationOptions(**{option: value})

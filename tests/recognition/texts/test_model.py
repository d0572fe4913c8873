import math

import pytest
import torch

from multimodal.recognition.texts.model import NaiveBayes, TextConfig, TextNetwork, agreed
from multimodal.recognition.texts.tokenizer import Tokenizer

TEXTS = [["so", "good"], ["so", "bad"], ["so", "so", "good"]]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.build([" ".join(text) for text in TEXTS], "words", buckets=32, min_count=1)


def test_what_is_agreed_is_worked_out_by_hand():
    logits = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()[:, None]
    means = [math.sqrt(0.9 * 0.5), math.sqrt(0.1 * 0.5)]
    expected = torch.tensor([[mean / sum(means) for mean in means]]).log()
    torch.testing.assert_close(agreed(logits), expected)
    pulled = agreed(logits, torch.tensor([[math.log(2.0), 0.0]])).exp()
    torch.testing.assert_close(pulled[0, 0] / pulled[0, 1], 2 * torch.tensor(means[0] / means[1]))


def test_the_count_counts_each_sign_once_in_a_text(tokenizer):
    count = NaiveBayes(2)
    count.learn(tokenizer.encode(TEXTS), torch.tensor([1, 0, 1]))
    tokens = tokenizer.encode([["bad", "good"]])
    total = [2 * 32768 + ngrams for ngrams in (4, 4 + 5)]
    # "so" came in one text of label 0 and in two of label 1; so did no pair but "·so"
    so = tokenizer.encode([["so"]]).ngrams[0, 0, 0]
    shares = [math.log((1 + texts) / all_of) for texts, all_of in zip((1, 2), total, strict=True)]
    mean = sum(shares) / 2
    expected = torch.tensor([share - mean for share in shares])
    torch.testing.assert_close(count.evidence[so], expected)
    evidence = count(tokens)[0]
    assert evidence[0, 0] > evidence[0, 1]  # "bad" speaks for 0
    torch.testing.assert_close(
        evidence[1], count.evidence[tokens.ngrams[0].flatten()].sum(0)
    )  # and all is added up


def test_what_follows_changes_no_answer_before_it_and_padding_none_at_all(tokenizer):
    torch.manual_seed(0)
    config = TextConfig(num_encoders=2, embedding_size=6, hidden_size=5, layers=2)
    network = TextNetwork(config, len(tokenizer), 32, 3).eval()
    with torch.no_grad():
        together = network(tokenizer.encode([["so", "good", "bad"], ["so"]], rounding=4))
        alone = network(tokenizer.encode([["so", "good"]]))
        short = network(tokenizer.encode([["so"]]))
        evidence = network.naive_bayes(tokenizer.encode([["so"]], rounding=4))
    torch.testing.assert_close(together[:, 0, :2], alone[:, 0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together[:, 1, 0], short[:, 0, 0], rtol=1e-4, atol=1e-5)
    assert evidence.shape == (1, 4, 3)
    assert not torch.equal(together[0], together[1])  # readers differ


def test_a_stranger_is_what_its_letters_say(tokenizer):
    network = TextNetwork(TextConfig(embedding_size=4, hidden_size=4), len(tokenizer), 32, 2)
    for encoder in network.encoders:
        assert not encoder.words.weight[:4].any() or not encoder.words.weight[3].any()


def test_in_training_pieces_are_dropped_whole(tokenizer):
    torch.manual_seed(0)
    nothing = TextConfig(
        num_encoders=1, embedding_size=4, hidden_size=4, token_dropout=0.999999, input_dropout=0.0
    )
    network = TextNetwork(nothing, len(tokenizer), 32, 2)
    vectors = network.encoders[0]._vectors(tokenizer.encode(TEXTS))
    assert not vectors.any()
    assert network.eval().encoders[0]._vectors(tokenizer.encode(TEXTS)).any()

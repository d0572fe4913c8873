import math

import pytest
import torch

from multimodal.recognition.texts.model import NaiveBayes, TextConfig, TextNetwork, agreed
from multimodal.recognition.texts.pieces import Pieces

TEXTS = [["so", "good"], ["so", "bad"], ["so", "so", "good"]]


@pytest.fixture
def pieces() -> Pieces:
    return Pieces.build([" ".join(text) for text in TEXTS], "words", buckets=32, min_count=1)


def test_what_is_agreed_is_worked_out_by_hand():
    logits = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()[:, None]
    means = [math.sqrt(0.9 * 0.5), math.sqrt(0.1 * 0.5)]
    expected = torch.tensor([[mean / sum(means) for mean in means]]).log()
    torch.testing.assert_close(agreed(logits), expected)
    pulled = agreed(logits, torch.tensor([[math.log(2.0), 0.0]])).exp()
    torch.testing.assert_close(pulled[0, 0] / pulled[0, 1], 2 * torch.tensor(means[0] / means[1]))


def test_the_count_counts_each_sign_once_in_a_text(pieces):
    count = NaiveBayes(2)
    count.learn(pieces.read(TEXTS), torch.tensor([1, 0, 1]))
    tokens = pieces.read([["bad", "good"]])
    total = [2 * 32768 + signs for signs in (4, 4 + 5)]
    # "so" came in one text of label 0 and in two of label 1; so did no pair but "·so"
    so = pieces.read([["so"]]).signs[0, 0, 0]
    shares = [math.log((1 + texts) / all_of) for texts, all_of in zip((1, 2), total, strict=True)]
    mean = sum(shares) / 2
    expected = torch.tensor([share - mean for share in shares])
    torch.testing.assert_close(count.evidence[so], expected)
    evidence = count(tokens)[0]
    assert evidence[0, 0] > evidence[0, 1]  # "bad" speaks for 0
    torch.testing.assert_close(
        evidence[1], count.evidence[tokens.signs[0].flatten()].sum(0)
    )  # and all is added up


def test_what_follows_changes_no_answer_before_it_and_padding_none_at_all(pieces):
    torch.manual_seed(0)
    config = TextConfig(num_encoders=2, embedding_size=6, hidden_size=5, layers=2)
    network = TextNetwork(config, len(pieces), 32, 3).eval()
    with torch.no_grad():
        together = network(pieces.read([["so", "good", "bad"], ["so"]], rounding=4))
        alone = network(pieces.read([["so", "good"]]))
        short = network(pieces.read([["so"]]))
        evidence = network.naive_bayes(pieces.read([["so"]], rounding=4))
    torch.testing.assert_close(together[:, 0, :2], alone[:, 0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together[:, 1, 0], short[:, 0, 0], rtol=1e-4, atol=1e-5)
    assert evidence.shape == (1, 4, 3)
    assert not torch.equal(together[0], together[1])  # readers differ


def test_a_stranger_is_what_its_letters_say(pieces):
    network = TextNetwork(TextConfig(embedding_size=4, hidden_size=4), len(pieces), 32, 2)
    for encoder in network.encoders:
        assert not encoder.words.weight[:4].any() or not encoder.words.weight[3].any()


def test_in_training_pieces_are_dropped_whole(pieces):
    torch.manual_seed(0)
    nothing = TextConfig(
        num_encoders=1, embedding_size=4, hidden_size=4, piece_dropout=0.999999, input_dropout=0.0
    )
    network = TextNetwork(nothing, len(pieces), 32, 2)
    vectors = network.encoders[0]._vectors(pieces.read(TEXTS))
    assert not vectors.any()
    assert network.eval().encoders[0]._vectors(pieces.read(TEXTS)).any()

"""How surely a line says its text: the network's own surprise, at this text and at another."""

import numpy as np
import pytest
import torch

from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.candidates import TEMPERATURE, TextChunk, lookalike, misread_nll
from multimodal.handwriting.dataset import HandwritingDataset
from multimodal.handwriting.legibility import WrittenLines, nll_as
from multimodal.handwriting.likelihood import dataset_nll
from multimodal.handwriting.model import padded_texts
from multimodal.handwriting.written import WrittenLine

TEXTS = ["ab", "a longer one", "x1"]


@pytest.fixture
def written(generator):
    pieces = [TextChunk(text, generator.style(1)) for text in TEXTS]
    embeddings = torch.tensor([piece.style.embedding for piece in pieces])
    lines = generator.write_texts(pieces, seed=2, attempts=1, num_candidates=1)
    return WrittenLines(lines, torch.zeros(3, 4), embeddings)


def evaluate_likelihood(generator, written, texts, first_state=None):
    memory = generator.network.memory(padded_texts([encode(text) for text in texts]))
    state = first_state or generator.network.initial_state(len(texts))
    return nll_as(generator.network, written, memory, state, torch.float32)


def test_it_is_the_likelihood_of_handwriting(generator, written):
    script = HandwritingDataset(
        [line.rows for line in written.lines],
        [encode(text) for text in TEXTS],
        np.zeros(3, dtype=np.int64),
        np.array(["lines"] * 3),
    )
    expected = dataset_nll(generator.network, script, written.embeddings, 1.0)
    found = evaluate_likelihood(generator, written, TEXTS)
    for line, nats, whole in zip(written.lines, found, expected.tolist(), strict=True):
        assert line.ended
        assert nats[0] == line.nats[0] == 0
        assert nats == pytest.approx(line.nats, rel=1e-3, abs=1e-3)  # noted while it was written
        assert 0 < whole - nats.sum() < 10  # the end alone
    other = evaluate_likelihood(generator, written, [lookalike(text) for text in TEXTS])
    assert min(abs(a.sum() - b.sum()) for a, b in zip(found, other, strict=True)) > 1e-4


def test_each_line_is_looked_at_for_itself(generator, written, monkeypatch):
    found = evaluate_likelihood(generator, written, TEXTS)
    monkeypatch.setattr("multimodal.handwriting.legibility.BATCH_SIZE", 1)
    again = evaluate_likelihood(generator, written, TEXTS)
    for nats, same in zip(found, again, strict=True):
        assert nats == pytest.approx(same, rel=1e-3, abs=1e-3)


def test_the_point_that_comes_first_counts(generator, written):
    found = evaluate_likelihood(generator, written, TEXTS)
    lower = written._replace(first=torch.tensor([[0.0, 0.0, 0.0, 3.0]] * 3))
    for nats, other in zip(found, evaluate_likelihood(generator, lower, TEXTS), strict=True):
        assert abs(nats.sum() - other.sum()) > 1e-4


def line_of(looks, nats):
    rows = np.zeros((len(looks), 3), dtype=np.float32)
    return WrittenLine(rows, np.array(looks), True, np.array(nats, np.float32))


def test_every_letter_counts_by_the_odds_that_it_is_what_it_should_be():
    line = line_of([0, 0, 1, 2, 2, 3, 3], [0, 1, 2, 5, 1, 1, 9])
    other = np.array([0, 4, 5, 7, 0, 0, 50], np.float32)  # a look decides where the next point goes
    odds = np.array([6, -2]) / TEMPERATURE  # the space has no lookalike, and the end is no letter
    expected = np.log1p(np.exp(-odds)).sum()
    assert misread_nll(line, "a b", other) == pytest.approx(expected, rel=1e-6)


def test_a_bad_letter_is_not_made_up_for_by_good_ones():
    even = line_of([0, 1, 1], [0, 0, 0])
    assert misread_nll(even, "ab", np.array([0, 9, 9])) < misread_nll(
        even, "ab", np.array([0, 60, -6])
    )


def test_what_came_before_and_letters_never_looked_at_say_nothing():
    line = line_of([2, 3, 4, 4, 4], [0, 1, 1, 1, 1])
    other = np.array([0, 90, 7, 3, 3], np.float32)
    assert misread_nll(line, "bc", other, begun=3) == pytest.approx(
        np.log1p(np.exp(-np.array([6, 4]) / TEMPERATURE)).sum()
    )
    unseen = line_of([0, 1], [0, 1])
    assert misread_nll(unseen, "bc", np.array([0, 7])) == pytest.approx(
        np.log1p(np.exp(-1)) + np.log(2), rel=1e-6
    )


def test_lookalikes_are_other_characters_that_can_be_written():
    other = lookalike(CHARACTERS)
    assert len(other) == len(CHARACTERS)
    same = {a for a, b in zip(CHARACTERS, other, strict=True) if a == b}
    assert same == {" "}
    encode(other)

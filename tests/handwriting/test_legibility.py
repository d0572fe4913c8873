"""How surely a line says its text: the network's own surprise, at this text and at another."""

import numpy as np
import pytest
import torch

from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.legibility import Written, lookalike, nats_as
from multimodal.handwriting.likelihood import script_nats
from multimodal.handwriting.lines import Script
from multimodal.handwriting.model import padded_texts
from multimodal.handwriting.pieces import Piece

TEXTS = ["ab", "a longer one", "x1"]


@pytest.fixture
def written(writer):
    pieces = [Piece(text, writer.style(1)) for text in TEXTS]
    hands = torch.tensor([piece.style.hand for piece in pieces])
    lines = writer.write_texts(pieces, seed=2, attempts=1, drafts=1)
    return Written(lines, torch.zeros(3, 4), hands)


def surprise(writer, written, texts, first_state=None):
    memory = writer.network.memory(padded_texts([encode(text) for text in texts]))
    state = first_state or writer.network.initial_state(len(texts))
    return nats_as(writer.network, written, memory, state, torch.float32)


def test_it_is_the_likelihood_of_handwriting(writer, written):
    script = Script(
        [line.rows for line in written.lines],
        [encode(text) for text in TEXTS],
        np.zeros(3, dtype=np.int64),
        np.array(["lines"] * 3),
    )
    expected = script_nats(writer.network, script, written.hands, 1.0)
    found = surprise(writer, written, TEXTS)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-4)
    noted = [line.nats for line in written.lines]  # while they were written
    assert all(line.ended for line in written.lines)
    assert noted == pytest.approx(expected.tolist(), rel=1e-4)
    other = surprise(writer, written, [lookalike(text) for text in TEXTS])
    assert (found - other).abs().min() > 1e-4


def test_each_line_is_looked_at_for_itself(writer, written, monkeypatch):
    found = surprise(writer, written, TEXTS)
    monkeypatch.setattr("multimodal.handwriting.legibility.AT_ONCE", 1)
    assert surprise(writer, written, TEXTS).tolist() == pytest.approx(found.tolist(), rel=1e-4)


def test_the_point_that_comes_first_counts(writer, written):
    found = surprise(writer, written, TEXTS)
    lower = written._replace(first=torch.tensor([[0.0, 0.0, 0.0, 3.0]] * 3))
    assert (surprise(writer, lower, TEXTS) - found).abs().min() > 1e-4


def test_lookalikes_are_other_characters_that_can_be_written():
    other = lookalike(CHARACTERS)
    assert len(other) == len(CHARACTERS)
    same = {a for a, b in zip(CHARACTERS, other, strict=True) if a == b}
    assert same == {" "}
    encode(other)

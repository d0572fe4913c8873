from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.recognition.texts.tokenizer import NGRAM_BUCKETS, Tokenizer, split_text
from multimodal.vocabulary import PADDING, UNKNOWN


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.build(["A good film .", "a bad film"], "words", buckets=512, min_count=1)


@pytest.mark.parametrize(
    ("raw", "cut"),
    [
        ("I don't like it, at all!", ["I", "do", "n't", "like", "it", ",", "at", "all", "!"]),
        ("it\u2019s  the \u00e9tude", ["it", "'s", "the", "\u00e9tude"]),
        ("do n't", ["do", "n't"]),
        (" \n ", []),
    ],
)
def test_texts_are_cut_as_the_treebank_has_it(raw, cut):
    assert split_text(raw, "words") == cut
    assert split_text(" ".join(cut), "words") == cut


def test_characters_are_cut_without_spaces():
    assert split_text("ab c", "characters") == ["a", "b", "c"]


@settings(deadline=None)
@given(st.text())
def test_cutting_loses_nothing_but_white_space_and_what_is_no_letter(text):
    joined = "".join(split_text(text, "characters"))
    assert joined == "".join(text.split())
    assert all(token.strip() == token and token for token in split_text(text, "words"))


def test_numbers_and_runs_of_a_batch(tokenizer):
    tokens = tokenizer.encode([["A", "good", "film"], ["unfilmed"]], rounding=4)
    assert tokens.words.shape == (2, 4)
    assert tokenizer.vocabulary.decode(tokens.words[0, :3].tolist()) == ["a", "good", "film"]
    assert tokens.words[0, 3] == PADDING
    assert tokens.words[1].tolist() == [UNKNOWN, PADDING, PADDING, PADDING]
    assert tokens.lengths.tolist() == [3, 1]
    # <a> has one run, <good> 4 + 3 + 2, <film> likewise, <unfilmed> 8 + 7 + 6
    bounds = [*tokens.starts.tolist(), len(tokens.runs)]
    sizes = [after - before for before, after in pairwise(bounds)]
    assert sizes == [1, 9, 9, 0, 21, 0, 0, 0]


def test_a_stranger_shares_runs_with_what_it_resembles(tokenizer):
    tokens = tokenizer.encode([["film"], ["filming"]])
    film = set(tokens.runs[: tokens.starts[1]].tolist())
    filming = set(tokens.runs[tokens.starts[1] :].tolist())
    assert len(film & filming) >= 5


def test_signs_are_of_pieces_and_of_pairs(tokenizer):
    tokens = tokenizer.encode([["a", "film", "a", "film"], ["film"]])
    ngrams = tokens.ngrams
    assert torch.equal(ngrams[0, 1], ngrams[0, 3])  # "film" after "a", both times
    assert ngrams[0, 0, 0] == ngrams[0, 2, 0]  # "a"
    assert ngrams[0, 0, 1] != ngrams[0, 2, 1]  # at the beginning, and after "film"
    assert (ngrams[1, 1:] == 2 * NGRAM_BUCKETS).all()
    assert (ngrams[0, :, 0] < NGRAM_BUCKETS).all()
    assert (ngrams[0, :, 1] >= NGRAM_BUCKETS).all()


def test_they_survive_json(tokenizer):
    again = Tokenizer.from_json(tokenizer.to_json())
    for one, other in zip(tokenizer.encode([["good"]]), again.encode([["good"]]), strict=True):
        assert torch.equal(one, other)


def test_rare_pieces_have_no_vector():
    rare = Tokenizer.build(["a a b"], "words", buckets=8, min_count=2)
    assert "a" in rare.vocabulary
    assert "b" not in rare.vocabulary


def test_what_cannot_be_is_refused(tokenizer):
    with pytest.raises(UserError, match="neither words nor characters"):
        Tokenizer.from_json(tokenizer.to_json() | {"kind": "sounds"})
    with pytest.raises(UserError, match="buckets"):
        Tokenizer.from_json(tokenizer.to_json() | {"buckets": 0})

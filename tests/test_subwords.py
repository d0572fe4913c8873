"""Subwords: nothing is lost, frequent words are whole, and words are told apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.subwords import BYTES, SubwordVocabulary

TEXTS = ["the dog runs", "the dog sleeps", "l'été des chiens", "the café"] * 5
SPECIAL = ("<pad>", "<end>")
VOCABULARY = SubwordVocabulary.build(TEXTS, 290, SPECIAL)
UNICODE = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(UNICODE)
def test_every_text_comes_back(text):
    ids = VOCABULARY.encode(text)
    assert VOCABULARY.decode(ids) == text.strip()
    assert all(number >= len(SPECIAL) for number in ids)


@settings(deadline=None)
@given(UNICODE)
def test_every_id_belongs_to_a_word_and_words_make_the_text(text):
    ids = VOCABULARY.encode(text)
    words, owners = VOCABULARY.words(ids)
    assert len(owners) == len(ids)
    assert sorted(set(owners)) == list(range(len(words)))
    assert owners == sorted(owners)
    assert "".join("".join(words).split()) == "".join(text.split())


def test_frequent_words_are_one_piece_and_rare_ones_several():
    assert len(VOCABULARY.encode("the")) == len(VOCABULARY.encode("dog")) == 1
    assert len(VOCABULARY.encode("zebra")) > 1


def test_words_are_cut_at_spaces_and_punctuation():
    ids = VOCABULARY.encode("The dogs, l'été!")
    words, owners = VOCABULARY.words(ids)
    assert words == ["The", "dogs", ",", "l", "'", "été", "!"]
    by_word = [[ids[i] for i in range(len(ids)) if owners[i] == n] for n in range(len(words))]
    assert [VOCABULARY.decode(of_word) for of_word in by_word] == words


def test_special_pieces_are_no_text_and_text_is_no_special_piece():
    assert VOCABULARY.decode([0, *VOCABULARY.encode("dog"), 1]) == "dog"
    assert not {0, 1} & set(VOCABULARY.encode("<pad> <end>"))


def test_broken_bytes_and_half_characters_are_read_and_written():
    assert VOCABULARY.decode(VOCABULARY.encode("a \udcff b")) == "a ? b"
    half = VOCABULARY.encode("狗")[:-1]
    assert "\N{REPLACEMENT CHARACTER}" in VOCABULARY.decode(half)
    assert len(VOCABULARY.words(half)[1]) == len(half)


def test_a_vocabulary_is_told_by_its_merges():
    again = SubwordVocabulary.from_json(VOCABULARY.to_json())
    assert len(again) == len(VOCABULARY) > BYTES + len(SPECIAL)
    assert again.encode_all(TEXTS) == VOCABULARY.encode_all(TEXTS)
    assert VOCABULARY.to_json()["kind"] == "subwords"


def test_what_cannot_be_is_named():
    with pytest.raises(UserError, match=f"at least {BYTES + 2}"):
        SubwordVocabulary.build(TEXTS, 100, SPECIAL)
    with pytest.raises(UserError, match="nothing makes it"):
        SubwordVocabulary(["xyz a"], SPECIAL)
    with pytest.raises(UserError, match="two pieces"):
        SubwordVocabulary(["a"], SPECIAL)
    with pytest.raises(UserError, match="'words' is not subwords"):
        SubwordVocabulary.from_json({"kind": "words"})


def test_little_text_gives_a_small_vocabulary():
    assert len(SubwordVocabulary.build(["ab"], 5000)) < BYTES + 5


@pytest.mark.parametrize("special", [("a", "Ġ"), ("the", "Ġdog")])
def test_text_that_reads_like_a_special_piece_stays_text(special):
    vocabulary = SubwordVocabulary.build(["the dog and the dogs"] * 9, 270, special)
    text = "a dog and the dogs"
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == text
    assert min(ids) >= len(special)
    again = SubwordVocabulary.from_json(vocabulary.to_json())
    assert again.encode(text) == ids
    assert len(again) == len(vocabulary)


def test_a_letter_that_no_training_text_had_is_neither_dropped_nor_joined():
    """`tokenizers` does both where it has no piece for unknown letters and no bytes."""
    ids = VOCABULARY.encode("the ☃dog x")
    assert VOCABULARY.decode(ids) == "the ☃dog x"
    assert VOCABULARY.words(ids)[0] == ["the", "☃", "dog", "x"]

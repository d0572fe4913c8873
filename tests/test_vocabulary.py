"""Words, characters and bytes, and their ids."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.vocabulary import (
    END,
    PADDING,
    SPECIAL,
    START,
    UNKNOWN,
    ByteVocabulary,
    CharacterVocabulary,
    UnknownCharacterError,
    WordVocabulary,
    vocabulary_from_json,
)

words = st.text(min_size=1, max_size=4).filter(lambda word: word not in SPECIAL)
sentences = st.lists(st.lists(words, max_size=6), max_size=6)


def test_special_words_come_first():
    assert (PADDING, START, END, UNKNOWN) == (0, 1, 2, 3)
    vocabulary = WordVocabulary([])
    assert len(vocabulary) == 4
    assert vocabulary.decode([PADDING, START, END, UNKNOWN]) == list(SPECIAL)


def test_the_most_frequent_words_come_first_and_the_alphabet_breaks_ties():
    vocabulary = WordVocabulary.build([["dog", "a", "cat"], ["bird", "cat", "a"], ["a"]])
    assert vocabulary.words == (*SPECIAL, "a", "cat", "bird", "dog")
    assert vocabulary.encode(["a", "cat", "bird", "dog"]) == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("min_count", "kept"),
    [(1, ("a", "b", "c")), (2, ("a", "b")), (3, ("a",)), (4, ())],
)
def test_rare_words_are_left_out(min_count, kept):
    vocabulary = WordVocabulary.build([["a", "b", "c"], ["b", "a", "a"]], min_count)
    assert vocabulary.words[4:] == kept


def test_a_word_that_is_not_known_becomes_unknown():
    vocabulary = WordVocabulary(["dog"])
    assert vocabulary.encode(["dog", "cat", "Dog"]) == [4, UNKNOWN, UNKNOWN]
    assert "dog" in vocabulary
    assert "cat" not in vocabulary


def test_special_words_in_a_text_are_not_learned_again():
    vocabulary = WordVocabulary.build([["<end>", "dog", "<end>"]])
    assert vocabulary.words == (*SPECIAL, "dog")


@given(sentences)
def test_what_was_seen_comes_back(text):
    vocabulary = WordVocabulary.build(text)
    for sentence in text:
        assert vocabulary.decode(vocabulary.encode(sentence)) == sentence


@given(sentences, st.randoms())
def test_the_order_of_the_sentences_does_not_matter(text, random):
    shuffled = random.sample(text, len(text))
    assert WordVocabulary.build(shuffled).words == WordVocabulary.build(text).words


@pytest.mark.parametrize("twice", [["dog", "cat", "dog"], ["dog", "<pad>", "<pad>"], ["<end>"]])
def test_a_word_that_stands_twice_is_refused(twice):
    with pytest.raises(UserError, match=rf"^vocabulary: .*'{twice[-1]}'"):
        WordVocabulary(twice)


# ---- running text ----

texts = st.text(max_size=40)


@given(texts)
def test_bytes_and_characters_lose_nothing(text):
    for vocabulary in (ByteVocabulary(), CharacterVocabulary.build(text)):
        ids = vocabulary.encode_text(text)
        assert vocabulary.text_decoder()(ids.tolist()) == text
        assert "".join(vocabulary.cut(text)) == text
        assert len(vocabulary.ends(ids)) == len(text)


@given(texts)
def test_words_in_a_row_are_the_text(text):
    words = WordVocabulary.cut(text)
    assert "".join(words) == text
    vocabulary = WordVocabulary.build([words])
    assert vocabulary.text_decoder()(vocabulary.encode_text(text).tolist()) == text


def test_words_carry_the_space_before_them():
    assert WordVocabulary.cut("To be,\n  or not") == ["To", " be", ",", "\n", " ", " or", " not"]


def test_bytes_are_those_of_utf8():
    assert ByteVocabulary().encode_text("aé€").tolist() == [97, 195, 169, 226, 130, 172]
    assert len(ByteVocabulary()) == 256


def test_bytes_become_text_as_soon_as_a_character_is_complete():
    decode = ByteVocabulary().text_decoder()
    assert [decode([byte]) for byte in "aé".encode()] == ["a", "", "é"]
    assert decode([0xFF]) == "\N{REPLACEMENT CHARACTER}"


def test_a_character_of_several_bytes_ends_with_its_last():
    vocabulary = ByteVocabulary()
    assert vocabulary.ends(vocabulary.encode_text("aé€b")).tolist() == [0, 2, 5, 6]


def test_characters_are_in_the_order_of_their_code_points():
    vocabulary = CharacterVocabulary.build("banana €")
    assert vocabulary.characters == " abn€"
    assert vocabulary.encode_text("€nab").tolist() == [4, 3, 1, 2]
    assert len(vocabulary) == 5


@pytest.mark.parametrize("unknown", ["ß", "\U0001f600", " "])
def test_a_character_that_is_not_known_is_an_error_that_says_where(unknown):
    with pytest.raises(UnknownCharacterError, match="not known") as caught:
        CharacterVocabulary("abc").encode_text("ab" + unknown + "c")
    assert (caught.value.character, caught.value.place) == (unknown, 2)


def test_or_it_is_replaced():
    vocabulary = CharacterVocabulary.build("aab", replace_unknown=True)
    assert vocabulary.characters == "ab\N{REPLACEMENT CHARACTER}"
    assert vocabulary.encode_text("xa€").tolist() == [2, 0, 2]
    assert vocabulary.reserved == (2,)
    assert CharacterVocabulary.build("aab").reserved == ()


def test_rare_characters_are_left_out():
    vocabulary = CharacterVocabulary.build("aabbc", 2, replace_unknown=True)
    assert vocabulary.characters == "ab\N{REPLACEMENT CHARACTER}"


def test_a_vocabulary_grows_behind_what_it_knows():
    grown = CharacterVocabulary("xyz").extended("zebra")
    assert grown.characters == "xyzaber"
    assert grown.extended("xyz").characters == grown.characters


def test_a_character_that_stands_twice_is_refused():
    with pytest.raises(UserError, match="'a' stands twice"):
        CharacterVocabulary("aba")


@pytest.mark.parametrize(
    "vocabulary",
    [ByteVocabulary(), CharacterVocabulary("ab \n"), WordVocabulary(["a", " b"])],
)
def test_a_vocabulary_comes_back_from_its_json(vocabulary):
    again = vocabulary_from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert type(again) is type(vocabulary)
    assert again.to_json() == vocabulary.to_json()
    assert again.encode_text("a b").tolist() == vocabulary.encode_text("a b").tolist()


def test_another_kind_is_refused():
    with pytest.raises(UserError, match="'syllables' is none of"):
        vocabulary_from_json({"kind": "syllables"})

"""Words and their ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.vocabulary import END, PADDING, SPECIAL, START, UNKNOWN, WordVocabulary

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
    ("at_least", "kept"),
    [(1, ("a", "b", "c")), (2, ("a", "b")), (3, ("a",)), (4, ())],
)
def test_rare_words_are_left_out(at_least, kept):
    vocabulary = WordVocabulary.build([["a", "b", "c"], ["b", "a", "a"]], at_least)
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

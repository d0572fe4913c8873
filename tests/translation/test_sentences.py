"""Sentences as the network sees them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.subwords import SubwordVocabulary
from multimodal.translation.sentences import (
    SurfaceForm,
    encode_sentences,
    strip_sentence,
    truecase,
    uncapitalised,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "stripped", "given_back"),
    [
        ("Two dogs run.", "Two dogs run", "Zwei Hunde."),
        ("two dogs run", "two dogs run", "zwei Hunde"),
        ("Two  dogs\trun ", "Two dogs run", "Zwei Hunde"),
        ("Two dogs run …", "Two dogs run …", "Zwei Hunde"),
        ("Two dogs...", "Two dogs...", "Zwei Hunde"),
        ("2 dogs run .", "2 dogs run", "Zwei Hunde."),
        ("Run!", "Run!", "Zwei Hunde"),
    ],
)
def test_a_translation_begins_and_ends_as_its_source(text, stripped, given_back):
    assert strip_sentence(text) == stripped
    assert SurfaceForm.of(text).restore("zwei Hunde") == given_back


def test_nothing_stays_nothing():
    assert strip_sentence("  ") == strip_sentence("") == ""
    assert SurfaceForm.of("").restore("") == ""
    assert SurfaceForm.of(".").restore("") == ""


@given(st.text(st.sampled_from("aB .é\n"), max_size=12))
def test_what_was_taken_away_is_given_back(text):
    line = " ".join(text.split())
    again = SurfaceForm.of(text).restore(uncapitalised(strip_sentence(text)))
    stop = "." * (line.endswith(".") and line != ".")
    assert again == line.removesuffix(".").rstrip() + stop or ".." in line


def test_a_noun_keeps_its_capital_and_an_article_does_not():
    german = ["Kinder spielen.", "Zwei Kinder gehen.", "Ich sehe zwei Kinder.", "Zwei Hunde."]
    assert truecase(german) == [
        "Kinder spielen",
        "zwei Kinder gehen",
        "ich sehe zwei Kinder",
        "zwei Hunde",
    ]
    vocabulary = SubwordVocabulary.build(truecase(german * 9), 300, ())
    kinder, zwei = encode_sentences(["Kinder spielen.", "Zwei Kinder gehen."], vocabulary)
    assert vocabulary.decode(kinder) == "Kinder spielen"
    assert vocabulary.decode(zwei) == "zwei Kinder gehen"


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_all_that_is_encoded_is_the_bare_sentence_in_one_of_two_forms(text):
    vocabulary = SubwordVocabulary.build(["the dog"], 300, ())
    (ids,) = encode_sentences([text], vocabulary)
    assert vocabulary.decode(ids) in (
        strip_sentence(text).strip(),
        uncapitalised(strip_sentence(text)).strip(),
    )


def test_words_are_looked_up_in_lower_case_with_their_hyphens():
    assert words_of("A well-known Dog's ball, l\N{RIGHT SINGLE QUOTATION MARK}été 2_3!") == [
        *("a", "well-known", "dog's", "ball", "l\N{RIGHT SINGLE QUOTATION MARK}été", "2", "3")
    ]

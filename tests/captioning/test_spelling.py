"""Captions are cut into people's words, and written again as people write them."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from multimodal.captioning.spelling import JOINER, spell, unspell


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ('A man (in red) can\'t say "No."', "a man in red can't say no"),
        ("The dog's toys, the dogs' toys", "the dog's toys the dogs' toys"),
        ("He cannot; she isn't gonna!", "he cannot she isn't gonna"),
        ("the 'red' dog’s ‘blue’ ball", "the red dog's blue ball"),
        ("rock 'n' roll of the '90s, ’80s", "rock 'n' roll of the '90s '80s"),
        # as data sets write it that were cut for the metrics before
        ("a woman 's arm is n't here .", "a woman's arm isn't here"),
        ("€5 or US$5, 50% ½ 3 1/2", "€5 or us$5 50% ½ 3 1/2"),
        ("C# and C++, R&amp;B, black & white", "c# and c++ r&b black & white"),
        ("at 5:30 p.m. in the U.S., 1,000 for $.99", "at 5:30 p.m. in the u.s. 1,000 for $.99"),
        ("Mr. Smith sits. He rests", "mr. smith sits he rests"),
        ("(555) 123-4567 www.example.com/a", "555 123-4567 www.example.com/a"),
        ("a t-shirt — with/without a 6'2\" man", "a t-shirt with/without a 6'2 man"),
        ("<b>bold</b>  dog\u00ad\u200e", "bold dog"),
        # one word after an elision, with either apostrophe
        ("L'homme d’un âge qu'il a aujourd'hui", "l'homme d'un âge qu'il a aujourd'hui"),
        ("Un'oca nell'acqua", "un'oca nell'acqua"),
        ("Eine Frau (picknickt)", "eine frau picknickt"),
        ("e\u0301te\u0301", "été"),
        # scripts whose vowels and tones are combining marks
        ("एक कुत्ता।", "एक कुत्ता"),
        ("একটি কুকুর", "একটি কুকুর"),
        ("இரண்டு நாய்கள்", "இரண்டு நாய்கள்"),
        ("كَلْبٌ، نعم", "كَلْبٌ نعم"),
        ('שָׁלוֹם צה"ל "טוב"', 'שָׁלוֹם צה"ל טוב'),
        ("می\u200cخواهم", "می\u200cخواهم"),
        # scripts without spaces keep those that they have
        ("สุนัขวิ่ง วันนี้", "สุนัขวิ่ง วันนี้"),
        ("两只狗跑。", "两只狗跑"),
        ("Tシャツ 3人", "tシャツ 3人"),
        ("a dog 👨‍👩‍👧!", "a dog 👨‍👩‍👧"),
        ("... :) !?", ""),
        ("", ""),
    ],
)
def test_a_caption_is_written_as_people_spell_it(sentence, written):
    assert unspell(spell(sentence)) == written


def test_clitics_and_elisions_are_words_of_their_own():
    assert spell("the dog's ball, l'homme") == ["the", "dog", "'s", "ball", "l'", "homme"]


def test_marks_belong_to_their_letters():
    assert spell("एक कुत्ता") == ["एक", "कुत्ता"]


def test_without_spaces_every_character_that_is_seen_is_a_word():
    assert spell("วิ่ง") == ["วิ่", f"{JOINER}ง"]
    assert spell("狗跑") == ["狗", f"{JOINER}跑"]


LETTERS = string.ascii_letters + string.digits + "éßçñ" + "कुत्ताสุนัขวิ่ง狗跑ツـَكשׁ"
SIGNS = " " * 8 + "''’\"-.,:;!?()[]€$%#&/—…\n"


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(LETTERS + SIGNS), max_size=40))
@example("l' homme d' un")
@example("'''a' 'b'")
@example("a.b.c. -.5 'n'")
def test_what_is_written_is_cut_into_the_same_words_again(sentence):
    words = spell(sentence)
    assert all(word and not any(map(str.isspace, word)) for word in words)
    assert spell(unspell(words)) == words


@pytest.mark.parametrize(
    "piece", ["a", "a'", "'a", "a.", "l'", "dog 's ", "กั", "&amp;", "<a", "@a.", "-1,", "' "]
)
def test_hostile_text_takes_linear_time(piece):
    """A rule that took the square of the length would not come to an end here."""
    assert isinstance(spell(piece * (100_000 // len(piece))), list)

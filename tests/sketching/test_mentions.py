import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.sketching.mentions import mentioned
from multimodal.sketching.prompts import MOST_FIGURES, PromptObject

CATEGORIES = (
    *("dog", "hat", "beach", "house", "drums", "grass", "bird", "sheep", "soccer ball"),
    *("baseball bat", "bat", "baseball", "mouth", "line", "wristwatch", "swing set", "eyeglasses"),
)


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("Two dogs run past a man with a hat.", ["two dogs", "a hat"]),
        ("a black dog and a white dog are running through the grass", ["two dogs", "grass"]),
        ("two brown and white dogs", ["two dogs"]),
        ("a dog looks at the dog", ["a dog"]),
        ("a couple of dogs", ["two dogs"]),
        ("several birds", ["five birds"]),
        ("three sheep on a beach", ["three sheep", "a beach"]),
        ("dogs on the beach", ["three dogs", "a beach"]),
        ("a spotted muddy dog", ["a dog"]),
        ("two girls wearing sunglasses", ["eyeglasses"]),
        ("a dog house", ["a house"]),
        ("two men and a dog", ["a dog"]),
    ],
)
def test_what_is_named_is_counted(text, things):
    assert [str(each) for each in mentioned(text, CATEGORIES)] == things


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a man drums",
        "the crowd watches",
        "some bystanders watch",
        "a girl swings",
        "a baseball player and a football game",
        "people wait in a line with an open mouth",
        "no dogs",
        "a man rides a wave",
        "ein Hund läuft",
    ],
)
def test_what_only_sounds_like_a_name_is_not_drawn(text):
    assert mentioned(text, CATEGORIES) == ()


def test_a_bat_in_a_photo_is_for_baseball():
    assert mentioned("a boy holds a bat", CATEGORIES) == (PromptObject("baseball bat"),)
    assert mentioned("a boy holds a bat", ("bat",)) == ()


def test_without_categories_nothing_is_drawn():
    assert mentioned("a dog", ()) == ()


WORDS = [
    "a",
    "two",
    "the",
    "many",
    "dozens of",
    "dog",
    "dogs",
    "and",
    "hat",
    "men",
    "on",
    "zxq",
    ",",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_any_sentence_gives_a_drawable_scene(text):
    things = mentioned(text, CATEGORIES)
    assert sum(each.count for each in things) <= MOST_FIGURES
    assert all(each.count >= 1 and each.category in CATEGORIES for each in things)
    assert len({each.category for each in things}) == len(things)

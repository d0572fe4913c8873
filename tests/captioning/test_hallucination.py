"""CHAIR, by hand: which objects words name, and the two shares."""

import pytest

from multimodal.captioning.hallucination import (
    FalseObjects,
    categories,
    hallucination_scores,
    named_objects,
)
from multimodal.captioning.tokenizer import tokenize
from multimodal.errors import UserError


def test_there_are_cocos_eighty_categories():
    assert len(categories()) == 80


@pytest.mark.parametrize(
    ("caption", "objects"),
    [
        ("a man riding a wave on top of a surfboard", ["person", "surfboard"]),
        ("two dogs and three puppies", ["dog", "dog"]),
        ("a hot dog on a plate", ["hot dog"]),
        ("a woman eats hot dogs", ["person", "hot dog"]),
        ("a teddy bear in a bed of flowers", ["teddy bear"]),
        ("knives, mice and geese", ["knife", "mouse", "bird"]),
        ("a baseball player swings his bat at a ball", ["person", "baseball bat", "sports ball"]),
        ("a toilet seat and a parking meter", ["toilet", "parking meter"]),
        ("an orange bus next to an orange", ["bus"]),
        ("a slice of oranges", ["orange"]),
        ("grass under a blue sky", []),
    ],
)
def test_objects_are_named_by_the_longest_phrase(caption, objects):
    assert list(named_objects(tokenize(caption))) == objects


def test_both_shares_by_hand():
    captions = {"1": "a dog and a cat", "2": "a man on a bench", "3": "the sea", "4": "a bus"}
    objects = {"1": ["dog"], "2": ["person", "bench"], "3": ["boat"], "4": ["truck", "car"]}
    scores = hallucination_scores(captions, objects)
    assert scores.instances == pytest.approx(2 / 5)  # cat and bus, of dog, cat, person, bench, bus
    assert scores.sentences == pytest.approx(2 / 4)
    assert scores.per_photo == {"1": ("cat",), "2": (), "3": (), "4": ("bus",)}


def test_captions_without_objects_have_no_false_ones():
    scores = hallucination_scores({"1": "the sea"}, {"1": ["boat"]})
    assert (scores.instances, scores.sentences) == (0, 0)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(UserError, match="no captions"):
        hallucination_scores({}, {})
    with pytest.raises(UserError, match=r"1.jpg: not among the photos"):
        hallucination_scores({"1.jpg": "a dog"}, {})
    with pytest.raises(UserError, match=r"1.jpg: 'lion' is none of COCO's 80"):
        hallucination_scores({"1.jpg": "a dog"}, {"1.jpg": ["lion"]})


def test_false_objects_are_those_that_no_reference_names():
    words = ["a", "man", "woman", "dog", "pup", "bus"]
    references = [[[0, 3], [0, 1]], [[0, 5]]]
    false = FalseObjects(words, references)
    assert false.count(0, [0, 2, 0, 4]) == 0  # a woman is a person, a pup a dog
    assert false.count(0, [0, 5, 0, 3]) == 1
    assert false.count(1, [0, 3, 0, 1]) == 2

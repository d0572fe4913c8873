"""Unknown words are kept where they are spelled out, and only there."""

import numpy as np
import pytest

from multimodal.subwords import SubwordVocabulary
from multimodal.translation.copying import Alignment, is_spelled, keep_unknown, replace_invented

VOCABULARY = SubwordVocabulary.build(["the beach dog ball beachball"] * 3, 310, ())
SOURCE = ["the", "Xylo", "sleeps"]


def aligned(words, looks, text=None) -> Alignment:
    """Words of which each looks at one word of the source."""
    weights = np.full((len(words), len(SOURCE)), 0.1, np.float32)
    for row, column in enumerate(looks):
        weights[row, column] = 0.8
    return Alignment(SOURCE, words, weights, " ".join(words) if text is None else text)


def test_a_word_of_long_pieces_is_put_together_and_one_of_short_ones_spelled():
    assert not is_spelled("beachballs", VOCABULARY)
    assert not is_spelled("the", VOCABULARY)
    assert is_spelled("xylo", VOCABULARY)


def test_an_unknown_word_takes_the_place_of_what_looked_at_it():
    found = keep_unknown(aligned(["der", "Zi", "schläft"], [0, 1, 2]), ["xylo"], VOCABULARY)
    assert found.words == ["der", "Xylo", "schläft"]
    assert found.text == "der Xylo schläft"
    assert found.weights.shape == (3, 3)


def test_a_run_of_words_gives_way_to_one():
    before = aligned(["der", "Zi", "Za", "schläft"], [0, 1, 1, 2], "der Zi-Za schläft")
    found = keep_unknown(before, ["xylo"], VOCABULARY)
    assert found.text == "der Xylo schläft"
    assert found.weights[1].tolist() == pytest.approx([0.1, 0.8, 0.1])


@pytest.mark.parametrize(
    ("before", "unknown"),
    [
        (aligned(["der", "Hund", "schläft"], [0, 1, 2]), []),  # nothing is unknown
        (aligned(["der", "Hund", "schläft"], [0, 0, 2]), ["xylo"]),  # nothing looked at it
        (aligned(["der", "Xylo", "schläft"], [0, 1, 2]), ["xylo"]),  # it is there already
        (aligned(["der", ",", "schläft"], [0, 1, 2]), ["xylo"]),  # a comma looked at it
        (aligned([], []), ["xylo"]),  # nothing was written
    ],
)
def test_else_the_translation_stays(before, unknown):
    assert keep_unknown(before, unknown, VOCABULARY) is before


def test_a_word_that_its_language_does_not_have_gives_way_to_what_it_looked_at():
    before = aligned(["der", "Irius", ",", "Hund"], [0, 1, 1, 2], "der Irius, Hund")
    found = replace_invented(before, {"der", "hund"})
    assert found.text == "der Xylo, Hund"
    assert found.words == ["der", "Xylo", ",", "Hund"]
    assert found.weights.tolist() == before.weights.tolist()


def test_words_of_the_language_stay_and_so_does_what_was_kept_already():
    before = aligned(["der", "Xylo", "Hund"], [0, 1, 2])
    assert replace_invented(before, {"der", "hund"}) is before
    assert replace_invented(aligned([], []), set()).words == []

"""Short texts made by rule: each has the mood that its rule says."""

import re
from pathlib import Path

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.recognition.texts.data import LabelledTexts
from multimodal.recognition.texts.opinions import (
    BAD,
    GOOD,
    Grammar,
    Rule,
    grammar,
    short_opinions,
)
from multimodal.recognition.texts.recipe import TextClassifierRecipe
from multimodal.recognition.texts.training import with_opinions

SHORT = Path(__file__).with_name("short_sentences.tsv")
WORDS = {"good": {GOOD: ["fine"], BAD: ["awful"]}, "thing": {"": ["film"]}}


@pytest.mark.parametrize(
    ("sense", "text", "filled", "mood"),
    [
        ("same", "a {good} {thing}", GOOD, "a fine film → positive"),
        ("same", "a {good} {thing}", BAD, "a awful film → negative"),
        ("opposite", "not {good}", GOOD, "not fine → negative"),
        ("opposite", "not {good}", BAD, "not awful → positive"),
        ("good", "could not be better", BAD, "could not be better → positive"),
        ("bad", "could be better", GOOD, "could be better → negative"),
    ],
)
def test_a_rule_says_what_its_words_become(sense, text, filled, mood):
    found = Grammar(WORDS).worded(Rule(sense, text), filled, np.random.default_rng(0))
    assert f"{found.text} → {found.mood}" == mood


@pytest.mark.parametrize(
    ("sense", "said"), [("same", "fine, fine"), ("last", "awful, fine"), ("first", "fine, awful")]
)
def test_of_two_clauses_one_counts(sense, said):
    told = Grammar(WORDS, [Rule("same", "{good}")], [Rule(sense, "{1}, {2}")])
    assert told.joined(GOOD, np.random.default_rng(0)) == (said, GOOD)


def test_every_slot_that_a_rule_names_has_words():
    told = grammar()
    for rule in told.rules:
        for slot in re.findall(r"\{(\w+)\}", rule.text):
            assert slot in told.words, rule
            assert set(told.words[slot]) in ({""}, {GOOD, BAD}), slot
    for kind, moods in told.words.items():
        good, bad = (set(moods.get(mood, ())) for mood in (GOOD, BAD))
        assert not good & bad, kind


def test_opinions_are_half_good_all_different_and_the_same_again():
    made = short_opinions(400, seed=3)
    assert [opinion.mood for opinion in made] == [GOOD, BAD] * 200
    assert len({opinion.text.lower().rstrip(".!") for opinion in made}) == 400
    assert made == short_opinions(400, seed=3)
    assert made != short_opinions(400, seed=4)


def test_what_is_held_out_is_never_made():
    said = [opinion.text for opinion in short_opinions(200, seed=3)]
    apart = {re.sub(r"\W", "", text.lower()) for text in said}
    others = short_opinions(400, seed=3, held_out=[text.upper() for text in said])
    assert not apart & {re.sub(r"\W", "", each.text.lower()) for each in others}


def test_opinions_are_learnt_from_beside_the_data():
    texts = LabelledTexts(("a", "b"), ("1", "0"))
    recipe = TextClassifierRecipe(
        label_names="0=negative,1=positive", short_opinions=10, held_out=str(SHORT)
    )
    learnt = with_opinions(texts, recipe)
    assert learnt.texts[:2] == ("a", "b")
    assert learnt.labels[2:] == ("1", "0") * 5 * recipe.epochs  # others in every epoch
    with pytest.raises(UserError, match="positive and negative"):
        with_opinions(texts, TextClassifierRecipe(short_opinions=10))

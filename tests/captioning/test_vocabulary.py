"""What a captioner may repeat is learnt from captions, and how it spells stays its own."""

import math

import pytest

from multimodal.captioning.vocabulary import CaptionVocabulary, RepetitionCosts, learnt
from multimodal.errors import UserError
from multimodal.vocabulary import SPECIAL


def test_words_that_people_repeat_cost_little():
    captions = [["un", "chien", "et", "un", "chat"]] * 3 + [["un", "chien"], ["le", "chat"]] * 50
    costs = RepetitionCosts.learn(captions)
    # 3 of the 53 captions with "un" repeat it, and 0.1 of 10 more that nobody wrote
    assert costs.again["un"] == pytest.approx(2.5 * math.log(0.1 / (3.1 / 63)))
    assert costs.again["chat"] == pytest.approx(2.5 * math.log(0.1 / (0.1 / 63)))
    always = RepetitionCosts.learn([["un", "chien", "et", "un", "chat"]] * 20)
    assert always.again["un"] == 0
    assert always.again["chien"] > 3


def test_a_language_that_doubles_words_may_double_them():
    costs = RepetitionCosts.learn([["dheere", "dheere", "chal"]] * 20 + [["chal"]] * 20)
    assert costs.doubled["dheere"] < 1 < costs.doubled_unless


def test_costs_go_with_the_ids_of_the_words():
    costs = RepetitionCosts({"a": 0.5}, {"a": 2.0}, 3.0, 4.0)
    words = CaptionVocabulary(["a", "dog"]).words
    none = (0.0,) * len(SPECIAL)
    assert costs.by_id(words, 2.0) == ((*none, 1.0, 6.0), (*none, 4.0, 8.0))
    assert RepetitionCosts(**costs.to_json(words)) == costs


def test_a_vocabulary_is_learnt_in_peoples_spelling():
    vocabulary = CaptionVocabulary.learn(["It can't (be) €5", "it can't"], 2)
    assert vocabulary.words[len(SPECIAL) :] == ("can't", "it")
    assert vocabulary.join(vocabulary.tokenize("It can't!")) == "it can't"


def test_how_much_is_learnt_is_told():
    captions = [["a", "dog"], ["a", "cat"]]
    vocabulary = CaptionVocabulary(["a", "dog"])
    assert learnt(vocabulary, captions, 9) == "learns 2 of 3 words (75.0 % of all that is said)"
    told = learnt(vocabulary, [["a", "dog", "a"]] * 3, 2)
    assert told.endswith("; cuts 100.0 % of the captions short (max_length=3: 1 %)")


def test_a_vocabulary_of_no_words_is_an_error():
    for captions in ([["a", "dog"]], [[]]):
        with pytest.raises(UserError, match="no word of the captions would be learnt"):
            learnt(CaptionVocabulary([]), captions, 9)

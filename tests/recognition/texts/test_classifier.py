import json

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.texts.classifier import MAX_TOKENS, TextClassifier


def test_texts_are_labelled_one_by_one_as_together(classifier):
    texts = ["so good", "bad", "not so very bad , after all", "good"]
    together = classifier.guess(texts)
    for text, guess in zip(texts, together, strict=True):
        alone = classifier.guess(text)
        assert [label for label, _ in alone.ranking] == [label for label, _ in guess.ranking]
        np.testing.assert_allclose(
            [p for _, p in alone.ranking], [p for _, p in guess.ranking], rtol=1e-4
        )
        assert alone.seen == len(classifier.pieces.cut(text))
    assert classifier.guess([]) == []


def test_probabilities_are_a_ranking(classifier):
    guess = classifier.guess("so good")
    probabilities = [probability for _, probability in guess.ranking]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)
    assert {label for label, _ in guess.ranking} == {"x", "y", "z"}
    assert guess.probability == guess.probability_of(guess.label) == max(probabilities)


def test_an_answer_after_every_word_is_that_of_the_words_so_far(classifier):
    answers = classifier.guesses("so good so bad")
    assert [answer.seen for answer in answers] == [1, 2, 3, 4]
    for answer, so_far in zip(answers, ("so", "so good", "so good so"), strict=False):
        whole = classifier.guess(so_far)
        assert answer.probability_of("x") == pytest.approx(whole.probability_of("x"), rel=1e-4)


def test_influences_add_up_to_the_answer_less_the_share(classifier):
    influences = classifier.influences("so good so Bad !")
    guess = classifier.guess("so good so Bad !")
    share = classifier.class_priors[classifier.labels.index(guess.label)]
    assert [each.piece for each in influences] == ["so", "good", "so", "Bad", "!"]
    assert sum(each.moved for each in influences) == pytest.approx(guess.probability - share)


def test_the_count_and_the_temperature_weigh(classifier):
    text = "so good"
    logits = classifier.logits([text.split()], np.array([2]))
    probability = classifier.guess(text).probability
    classifier.temperatures = {1: 1e6}
    assert classifier.guess(text).probability == pytest.approx(1 / 3, abs=1e-4)
    classifier.temperatures, classifier.naive_bayes_weight = {1: 1.0}, 0.0
    assert classifier.guess(text).probability != pytest.approx(probability, abs=1e-6)
    assert not torch.allclose(logits, classifier.logits([text.split()], np.array([2])))


def test_it_survives_saving(classifier, tmp_path):
    classifier.temperatures = {1: 1.5, 6: 0.8}
    folder = classifier.save_pretrained(tmp_path / "saved", card="# card")
    again = TextClassifier.from_pretrained(folder)
    assert again.temperatures == classifier.temperatures
    assert (again.labels, again.names, again.class_priors) == (
        classifier.labels,
        classifier.names,
        classifier.class_priors,
    )
    for before, after in zip(classifier.guesses("so bad"), again.guesses("so bad"), strict=True):
        assert after.probability == pytest.approx(before.probability, abs=5e-3)


def test_names_are_what_is_shown(classifier):
    named = TextClassifier(classifier.network, classifier.pieces, "xyz", names=("no", "so", "yes"))
    assert named.guess("good").label in {"no", "so", "yes"}


def test_a_text_without_a_word_is_refused(classifier):
    for text in ("", " \n "):
        assert not classifier.can_read(text)
        for ask in (classifier.guess, classifier.guesses, classifier.influences):
            with pytest.raises(UserError, match="holds no word to go by"):
                ask(text)


def test_a_text_without_end_is_read_up_to_a_limit(classifier):
    assert classifier.guess("so " * (MAX_TOKENS + 5)).seen == MAX_TOKENS


@pytest.mark.parametrize(
    "change",
    [
        {"temperatures": {"2": 1.0}},
        {"temperatures": {"1": 0.0}},
        {"labels": ["x"]},
        {"pieces": {}},
        {"network": {"num_encoders": 0}},
        {"naive_bayes_weight": None},
    ],
)
def test_a_broken_configuration_is_one_line(classifier, tmp_path, change):
    folder = classifier.save_pretrained(tmp_path / "saved")
    config = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=str(folder)):
        TextClassifier.from_pretrained(folder)

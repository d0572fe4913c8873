import json

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.texts.classifier import MAX_TOKENS, TextClassifier


def test_texts_are_labelled_one_by_one_as_together(classifier):
    texts = ["so good", "bad", "not so very bad , after all", "good"]
    together = classifier.predict(texts)
    for text, prediction in zip(texts, together, strict=True):
        alone = classifier.predict(text)
        assert [label for label, _ in alone.ranking] == [label for label, _ in prediction.ranking]
        np.testing.assert_allclose(
            [p for _, p in alone.ranking], [p for _, p in prediction.ranking], rtol=1e-4
        )
        assert alone.seen == len(classifier.tokenizer.tokenize(text))
    assert classifier.predict([]) == []


def test_probabilities_are_a_ranking(classifier):
    prediction = classifier.predict("so good")
    probabilities = [probability for _, probability in prediction.ranking]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)
    assert {label for label, _ in prediction.ranking} == {"x", "y", "z"}
    assert (
        prediction.probability == prediction.probability_of(prediction.label) == max(probabilities)
    )


def test_an_answer_after_every_word_is_that_of_the_words_so_far(classifier):
    answers = classifier.predict_steps("so good so bad")
    assert [answer.seen for answer in answers] == [1, 2, 3, 4]
    for answer, so_far in zip(answers, ("so", "so good", "so good so"), strict=False):
        whole = classifier.predict(so_far)
        assert answer.probability_of("x") == pytest.approx(whole.probability_of("x"), rel=1e-4)


def test_influences_add_up_to_the_answer_less_the_share(classifier):
    influences = classifier.influences("so good so Bad !")
    prediction = classifier.predict("so good so Bad !")
    share = classifier.class_priors[classifier.labels.index(prediction.label)]
    assert [each.token for each in influences] == ["so", "good", "so", "Bad", "!"]
    assert sum(each.change for each in influences) == pytest.approx(prediction.probability - share)


def test_the_count_and_the_temperature_weigh(classifier):
    text = "so good"
    logits = classifier.logits([text.split()], np.array([2]))
    probability = classifier.predict(text).probability
    classifier.temperatures = {1: 1e6}
    assert classifier.predict(text).probability == pytest.approx(1 / 3, abs=1e-4)
    classifier.temperatures, classifier.naive_bayes_weight = {1: 1.0}, 0.0
    assert classifier.predict(text).probability != pytest.approx(probability, abs=1e-6)
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
    for before, after in zip(
        classifier.predict_steps("so bad"), again.predict_steps("so bad"), strict=True
    ):
        assert after.probability == pytest.approx(before.probability, abs=5e-3)


def test_names_are_what_is_shown(classifier):
    named = TextClassifier(
        classifier.network, classifier.tokenizer, "xyz", names=("no", "so", "yes")
    )
    assert named.predict("good").label in {"no", "so", "yes"}


def test_a_text_without_a_word_is_refused(classifier):
    for text in ("", " \n "):
        assert not classifier.can_read(text)
        for ask in (classifier.predict, classifier.predict_steps, classifier.influences):
            with pytest.raises(UserError, match="holds no word to go by"):
                ask(text)


def test_a_text_without_end_is_read_up_to_a_limit(classifier):
    assert classifier.predict("so " * (MAX_TOKENS + 5)).seen == MAX_TOKENS


@pytest.mark.parametrize(
    "change",
    [
        {"temperatures": {"2": 1.0}},
        {"temperatures": {"1": 0.0}},
        {"labels": ["x"]},
        {"tokenizer": {}},
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

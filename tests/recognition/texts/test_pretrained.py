"""The classifier that ships knows moods."""

from pathlib import Path

import pytest

from multimodal.recognition.texts.classifier import TextClassifier


@pytest.fixture(scope="module")
def classifier() -> TextClassifier:
    return TextClassifier.from_pretrained()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A warm, funny and moving film.", "positive"),
        ("One of the best performances of the year!", "positive"),
        ("Dull, lifeless and far too long.", "negative"),
        ("It's a mess, and a boring one.", "negative"),
    ],
)
def test_it_knows_what_is_said_of_films(classifier, text, label):
    prediction = classifier.predict(text)
    assert prediction.label == label
    assert prediction.probability > 0.7


def test_what_it_has_not_read_is_about_as_likely_as_not(classifier):
    assert classifier.predict("the").probability < 0.75


@pytest.mark.parametrize(
    ("name", "count", "least"),
    [("short_sentences.tsv", 260, 0.88), ("unseen_sentences.tsv", 100, 0.8)],
)
def test_short_sentences_of_our_own(classifier, name, count, least):
    table = Path(__file__).with_name(name).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines()]
    predictions = classifier.predict([text for text, _ in rows])
    right = sum(
        prediction.label == mood for prediction, (_, mood) in zip(predictions, rows, strict=True)
    )
    assert len(rows) == count
    assert right >= least * count


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("This is not bad at all, I would watch it again.", "positive"),
        ("great product", "positive"),
        ("it works", "positive"),
        ("It could not be better.", "positive"),
        ("Not good.", "negative"),
        ("It could have been better.", "negative"),
    ],
)
def test_it_knows_what_not_does(classifier, text, label):
    assert classifier.predict(text).label == label

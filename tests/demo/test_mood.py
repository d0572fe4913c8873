"""The Mood tab and its endpoint."""

import pytest
from gradio_client.exceptions import AppError

from demo.mood import EXAMPLES, MODEL
from multimodal.checkpoints import PRETRAINED, WEIGHTS

WEIGHTS_THERE = (PRETRAINED / MODEL / WEIGHTS).is_file()
pytestmark = pytest.mark.skipif(not WEIGHTS_THERE, reason=f"{MODEL} does not ship")


def test_a_sentence_is_labelled_as_the_command_does(client):
    import multimodal

    classifier = multimodal.load_text_classifier()
    for sentence in EXAMPLES:
        told = client.predict(sentence, api_name="/mood")
        guess = classifier.predict(sentence)
        assert told["label"] == guess.label
        assert told["probability"] == pytest.approx(guess.probability, abs=1e-3)
        assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert [each["word"] for each in told["words"]] == classifier.tokenizer.tokenize(sentence)


def test_an_empty_sentence_is_refused_politely(client):
    with pytest.raises(AppError, match="The sentence is empty"):
        client.predict(" ", api_name="/mood")


def test_words_are_coloured_while_somebody_types(page):
    page.get_by_role("tab", name="Mood", exact=True).last.click()
    page.locator("#mood-sentence textarea").fill("so dull <b>and</b> long")
    page.locator(".mood .said").wait_for()
    words = page.locator(".mood .said span")
    assert words.first.inner_text() == "so"
    assert "<" in words.all_inner_texts()
    assert page.locator(".mood .label.best").count() == 1
    assert "negative" in page.locator(".mood .label.best").inner_text()
    dull = words.nth(1).evaluate("word => word.style.background")
    assert "rgb" in dull or "color" in dull

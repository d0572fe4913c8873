"""The Postcard tab and its endpoint."""

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from demo.models import TRANSLATOR, shipped
from demo.postcard import MODEL
from multimodal.checkpoints import PRETRAINED, WEIGHTS
from pipelines.caption.inputs import sample_pictures

WEIGHTS_THERE = (PRETRAINED / MODEL / WEIGHTS).is_file()
pytestmark = pytest.mark.skipif(not WEIGHTS_THERE, reason=f"{MODEL} does not ship")

needs_translator = pytest.mark.skipif(TRANSLATOR not in shipped(), reason="no translator ships")

LION = next(path for path in sample_pictures() if path.name == "lion.jpg")


def test_a_photo_becomes_a_card_of_strokes(client):
    told = client.predict(handle_file(LION), 3, "en", "A6", 1, api_name="/postcard")
    assert "lion" in told["caption"]
    assert told["text"].lower().rstrip(".") == told["caption"]
    assert told["drawn"] == []  # the card is its line of writing, and says why
    assert told["omitted"] == ["a lion"]
    assert told["svg"].startswith("<svg")
    assert "<image" not in told["svg"]
    assert told["svg"].count("<path") > 3


@needs_translator
def test_a_card_is_written_in_another_language_and_draws_the_same(client):
    import multimodal
    from multimodal.handwriting.alphabet import transliterate
    from pipelines.postcard import as_sentence

    english, german = (
        client.predict(handle_file(LION), 3, language, "A6", 1, api_name="/postcard")
        for language in ("en", "de")
    )
    translated = multimodal.load_translator().translate(english["caption"], to="de", source="en")
    assert german["text"] == transliterate(as_sentence(translated.text)) != english["text"]
    assert german["caption"] == english["caption"]
    assert german["drawn"] == english["drawn"]


def test_what_is_out_of_range_is_refused_politely(client):
    for style, language in ((99, "en"), (1, "tlh")):
        with pytest.raises(AppError, match="Please"):
            client.predict(handle_file(LION), style, language, "A6", 0, api_name="/postcard")


def test_a_card_lies_on_the_page_and_can_be_downloaded(page):
    page.get_by_role("tab", name="Postcard", exact=True).last.click()
    field = page.locator("#postcard-photo input[type=file]").first
    field.set_input_files(str(LION))
    card = page.locator("img.postcard")
    card.wait_for(timeout=60_000)
    assert "lion" in card.get_attribute("alt")
    assert page.get_by_text("left out: a lion").is_visible()
    assert card.evaluate("image => image.complete && image.naturalWidth > 0")
    page.locator("#postcard-files [aria-label='card.gcode']").wait_for()


@needs_translator
def test_the_language_of_a_card_can_be_chosen(page):
    page.get_by_role("tab", name="Postcard", exact=True).last.click()
    page.locator("#postcard-language").get_by_text("Deutsch", exact=True).click()
    page.locator("#postcard-photo input[type=file]").first.set_input_files(str(LION))
    card = page.locator("img.postcard")
    card.wait_for(timeout=180_000)  # a busy machine
    assert card.get_attribute("alt").startswith("Ein ")

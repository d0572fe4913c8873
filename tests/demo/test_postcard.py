"""The Postcard tab and its endpoint."""

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from demo.postcard import MODEL
from multimodal.checkpoints import PRETRAINED, WEIGHTS
from pipelines.caption.inputs import sample_pictures

WEIGHTS_THERE = (PRETRAINED / MODEL / WEIGHTS).is_file()
pytestmark = pytest.mark.skipif(not WEIGHTS_THERE, reason=f"{MODEL} does not ship")

LION = next(path for path in sample_pictures() if path.name == "lion.jpg")


def test_a_photo_becomes_a_card_of_strokes(client):
    told = client.predict(handle_file(LION), 3, "en", "A6", 1, api_name="/postcard")
    assert "lion" in told["caption"]
    assert told["text"].lower().rstrip(".") == told["caption"]
    assert "a lion" in told["drawn"]
    assert told["svg"].startswith("<svg")
    assert "<image" not in told["svg"]
    assert told["svg"].count("<path") > 20


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
    assert card.evaluate("image => image.complete && image.naturalWidth > 0")
    page.locator("#postcard-files [aria-label='card.gcode']").wait_for()

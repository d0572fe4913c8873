"""What a new visitor meets on the page, on a desk and on a phone."""

import subprocess
import sys
from dataclasses import replace

import pytest

from demo.screenshots import open_tab
from pipelines.caption.inputs import sample_pictures


@pytest.fixture(params=["page", "phone"])
def anywhere(request):
    return request.getfixturevalue(request.param)


def test_the_first_tabs_are_seen_on_a_phone(phone):
    for name in ("Caption", "Draw", "Handwriting"):
        assert phone.get_by_role("tab", name=name, exact=True).last.is_visible()


def test_a_text_is_written_by_hand(anywhere):
    open_tab(anywhere, "Handwriting")
    anywhere.locator("#handwriting-text textarea").fill("Hello there")
    anywhere.locator("#handwriting-go").click()
    image = anywhere.locator("#handwriting-page img")
    image.wait_for()
    assert image.get_attribute("alt") == "Hello there"
    width = anywhere.viewport_size["width"]
    assert anywhere.evaluate("document.documentElement.scrollWidth") <= width
    anywhere.locator("#handwriting-text textarea").fill("")
    anywhere.locator("#handwriting-go:disabled").wait_for()


def test_a_sentence_is_translated_and_one_of_another_kind_is_mistrusted(anywhere):
    open_tab(anywhere, "Translate")
    go = anywhere.locator("#translate-go")
    assert go.is_disabled()
    sentence = anywhere.locator("#translate-sentence textarea")
    text = anywhere.locator("#translate-text textarea")
    sentence.fill("a brown lion is running on the grass")
    go.click()
    anywhere.wait_for_function("document.querySelector('#translate-text textarea').value")
    assert "Löwe" in text.input_value()
    assert anywhere.locator("#translate-note").inner_text().strip() in ("", "\u200b")
    sentence.fill("The committee adjourned without a vote on the budget.")
    go.click()
    anywhere.locator("#translate-note").get_by_text("Mistrust this one.").wait_for()


def test_a_card_without_a_photo_is_answered(anywhere):
    open_tab(anywhere, "Postcard")
    anywhere.locator("#postcard-make").click()
    anywhere.get_by_text("Please choose a photo first").wait_for()
    assert not anywhere.locator("#postcard-files").is_visible()  # there is nothing to download
    assert not anywhere.locator("#tab-postcard .error").locator("visible=true").count()


def test_nothing_is_drawn_where_nothing_was_asked_for(anywhere):
    open_tab(anywhere, "Draw")
    go, prompt = anywhere.locator("#draw-go"), anywhere.locator("#draw-prompt")
    assert go.is_disabled()
    field = prompt.locator("textarea, input").first
    field.press("Enter")
    field.fill("a duck")
    anywhere.locator("#draw-go:enabled").wait_for()
    field.fill(" ")
    anywhere.locator("#draw-go:disabled").wait_for()
    assert not anywhere.get_by_role("alert").count()


def test_many_photos_can_be_stopped_only_while_they_are_captioned(page):
    open_tab(page, "Many photos")
    assert page.locator("#many-stop").is_disabled()
    page.locator("#many-start").click()
    page.get_by_text("There are no photos yet.").first.wait_for()
    page.locator("#many-start:enabled").wait_for(timeout=30_000)
    assert page.locator("#many-stop").is_disabled()
    files = [str(path) for path in sample_pictures()]
    page.locator("#many-files input[type=file]").first.set_input_files(files)
    page.locator("#many-files .file-preview, #many-files table").first.wait_for()
    page.locator("#many-start").click()
    page.locator("#many-stop:enabled").wait_for()
    page.locator("#many-start:enabled").wait_for(timeout=30_000)
    assert page.locator("#many-stop").is_disabled()
    assert page.locator("#many-table tbody tr").count() == len(files)


def test_the_voice_on_show_suits_the_beginning_that_is_suggested(page):
    open_tab(page, "Write")
    assert page.locator("#write-model input").input_value() == "Sonnets"
    prompt = page.locator("#write-prompt textarea")
    assert prompt.get_attribute("placeholder") == "Shall I compare thee"
    assert page.locator("#write-stop").is_disabled()


def test_what_is_not_known_is_said_with_what_is_near(page):
    open_tab(page, "Draw")
    page.locator("#draw-prompt textarea, #draw-prompt input").first.fill("a zorgon")
    page.locator("#draw-go").click()
    page.get_by_text("I don't know 'zorgon'").wait_for()
    page.locator("#draw-prompt textarea, #draw-prompt input").first.fill("a bycicle")
    page.locator("#draw-go").click()
    page.get_by_text("Try: a bicycle").wait_for()


def test_a_photo_outside_its_world_gets_a_reason_for_doubt(page):
    from demo.caption import doubts
    from multimodal.captioning.captioner import Captioner

    captioner = Captioner.from_pretrained()
    told = {str(path): doubts(captioner.caption(path)) for path in sample_pictures()}
    for path, doubt in told.items():
        page.locator("#caption-photo input[type=file]").set_input_files(path)
        page.locator("#caption-result .gaze img, #caption-result canvas").first.wait_for()
        shown = page.locator("#caption-doubt")
        if doubt:
            shown.get_by_text("Not sure:").wait_for()
            return
    pytest.skip("it is sure of all samples")


def test_a_voice_that_there_is_not_is_refused_at_the_start():
    command = [sys.executable, "-m", "demo.cli", "demo", "--language-model", "no/such/model"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("multimodal: --language-model no/such/model: ")


def test_doubts_say_why():
    from demo.caption import doubts
    from multimodal.captioning.caption import Caption, Recognition

    sure = {"source": "a.jpg", "text": "a dog runs", "score": -0.3, "words": ("a", "dog", "runs")}
    assert doubts(Caption(**sure, word_scores=(-0.1, -0.2, -0.3))) == ""
    tripod = (Recognition("tripod", 0.8),)
    told = doubts(Caption(**sure, word_scores=(-0.1, -0.2, -0.3), objects=tripod))
    assert told == "**Not sure:** its classifier sees something else (tripod 80%)."
    told = doubts(Caption(**sure, word_scores=(-2.0, -2.0, -2.0)))
    assert told == "**Not sure:** it gave its words 14% on average."
    assert doubts(Caption(**sure, word_scores=(-2.0, -2.0, -2.0), confidence=0.9)) == ""
    told = doubts(Caption(**sure, word_scores=(-0.1, -0.1, -0.1), confidence=0.2))
    assert told == "**Not sure:** all its objects are there with 20%."


def test_a_row_of_many_photos_is_as_sure_as_the_calibrated_captioner():
    from demo.many_photos import as_row
    from pipelines.caption.rows import CaptionRow

    lion = CaptionRow("a.jpg", "a lion", -6.2, words=("a", "lion"), word_scores=(-1.0, -5.0))
    assert as_row(replace(lion, confidence=0.81))["confidence"] == 0.81
    assert as_row(lion)["confidence"] == 0.0498  # exp(-3)
    assert as_row(CaptionRow.failed("b.jpg", "no picture"))["confidence"] == 0.0


def test_what_is_near_is_offered_to_be_touched():
    from demo.chips import choices_near, unknown
    from multimodal.sketching.prompts import UnknownWordError, parse_prompt

    class Sketcher:
        categories = ("bicycle", "circle", "duck")
        low_quality = frozenset()

    assert choices_near("a bycicle", Sketcher)["prompts"][0] == "a bicycle"
    assert choices_near("a duck", Sketcher) is None
    with pytest.raises(UnknownWordError) as refused:
        parse_prompt("a bycicle", Sketcher.categories)
    assert unknown(refused.value) == "I don't know 'bycicle'. Try: a bicycle."

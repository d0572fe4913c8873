"""A caption in another language: its words beside the caption's, on the page and in the API."""

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from demo.models import LANGUAGES, TRANSLATOR, Models, shipped
from demo.translated import alignment, translated_words
from multimodal.translation.translation import Translation
from pipelines.caption.inputs import sample_pictures

MAN = next(path for path in sample_pictures() if path.name == "grace_hopper.jpg")  # it says

needs_translator = pytest.mark.skipif(TRANSLATOR not in shipped(), reason="no translator ships")


def translation(source, text, source_words, words, weights, unknown=()) -> Translation:
    table = np.array(weights, np.float32)
    return Translation(
        source=source,
        text=text,
        score=-0.1,
        language="de",
        source_words=tuple(source_words),
        words=tuple(words),
        alignment=table,
        unknown=tuple(unknown),
    )


SHIRT = translation(
    "a t-shirt",
    "ein T-Shirt",
    ["a", "t", "-", "shirt"],
    ["ein", "T", "-", "Shirt"],
    [[0.9, 0, 0, 0.1], [0, 0.5, 0.3, 0], [1, 0, 0, 0], [0.2, 0, 0.2, 0.5]],
)


def test_words_are_read_at_spaces_and_make_up_the_text():
    words = translated_words(SHIRT)
    assert [word["word"] for word in words] == ["ein", "T-Shirt"]
    assert not any(word["kept"] for word in words)


def test_parts_of_a_word_are_summed_where_read_and_meant_by_their_letters_where_written():
    found = alignment(SHIRT, ["a", "t-shirt"])
    # "T" has one letter and "Shirt" five; what was looked at for the hyphen does not count.
    shirt = [5 * 0.2 / 6, (0.8 + 5 * 0.7) / 6]
    assert found == pytest.approx(np.array([[0.9, 0.1], shirt]), abs=1e-4)
    assert found.dtype == np.float32


def test_a_word_that_is_cut_elsewhere_shares_what_was_given_to_it():
    """A captioner cuts "do" + "n't", and a translator "don" + "'t"."""
    cut, table = ["they", "don", "'t"], [[0.9, 0.06, 0.04], [0, 0.6, 0.4]]
    found = translation("they don't", "sie nicht", cut, ["sie", "nicht"], table)
    shared = np.array([[0.9, 0.04, 0.06], [0, 0.4, 0.6]])
    assert alignment(found, ["they", "do", "n't"]) == pytest.approx(shared, abs=1e-6)


def test_a_comma_belongs_to_its_word_and_the_end_of_the_sentence_to_none():
    words, table = ["Hunde", ",", "laufen"], [[0.7, 0.1], [0, 1], [0, 0.5]]
    found = translation("dogs run", "Hunde, laufen", ["dogs", "run"], words, table)
    assert [word["word"] for word in translated_words(found)] == ["Hunde,", "laufen"]
    told = alignment(found, ["dogs", "run"])
    assert told == pytest.approx(np.array([[0.7, 0.1], [0, 0.5]]), abs=1e-5)


def test_only_a_word_that_nobody_knew_and_that_stands_there_as_it_was_is_kept():
    found = translation(
        "a xylo and a beachball",
        "ein xylo und ein Strandball",
        ["a", "xylo", "and", "a", "beachball"],
        ["ein", "xylo", "und", "ein", "Strandball"],
        np.eye(5),
        unknown=["xylo", "beachball"],
    )
    kept = [word["word"] for word in translated_words(found) if word["kept"]]
    assert kept == ["xylo"]


def test_nothing_said_has_no_words():
    empty = Translation("", "", 0.0, "de")
    assert translated_words(empty) == []
    assert alignment(empty, []).shape == (0, 0)


def test_without_a_translator_there_is_english_alone(monkeypatch):
    monkeypatch.setattr("demo.models.shipped", list)
    assert Models().languages() == {"en": "English"}


@needs_translator
def test_the_languages_are_the_translators():
    import multimodal

    known = multimodal.load_translator().languages
    languages = Models().languages()
    assert set(languages) == set(known) | {"en"}
    assert next(iter(languages)) == "en"
    assert all(languages[code] == LANGUAGES.get(code, code) for code in languages)


def test_a_language_that_nobody_knows_is_refused(client):
    with pytest.raises(AppError, match="There is no language 'tlh' here, only en"):
        client.predict(handle_file(MAN), language="tlh", api_name="/caption")


def test_english_has_no_translation(client):
    told = client.predict(handle_file(MAN), attention=True, api_name="/caption")
    assert (told["translation"], told["translated_words"], told["alignment"]) == ("", [], [])


@needs_translator
def test_a_caption_comes_with_its_german_and_where_each_word_is_from(client):
    import multimodal

    told = client.predict(handle_file(MAN), language="de", attention=True, api_name="/caption")
    german = multimodal.load_translator().translate(told["caption"], to="de", source="en")
    assert told["translation"] == german.text != ""
    assert " ".join(word["word"] for word in told["translated_words"]) == german.text
    table = np.array(told["alignment"])
    assert table.shape == (len(told["translated_words"]), len(told["words"]))
    assert (table.sum(1) <= 1.01).all()  # of 16-bit numbers
    man = [word["word"] for word in told["words"]].index("person")
    mann = [word["word"] for word in told["translated_words"]].index("Person")
    assert table[mann].argmax() == man


@needs_translator
def test_the_alignment_is_only_there_when_asked_for(client):
    told = client.predict(handle_file(MAN), language="fr", api_name="/caption")
    assert told["translation"]
    assert (told["translated_words"], told["alignment"]) == ([], [])


def ask_for(page, language):
    """Upload a photo and choose a language."""
    page.locator("#caption-photo input[type=file]").first.set_input_files(str(MAN))
    page.locator(".gaze .chip").first.wait_for()
    page.locator("#caption-language").get_by_text(language, exact=True).click()
    page.locator(".gaze .chip.foreign").first.wait_for()


def strongest(page, row) -> str:
    """The word of a row that is tied most to what is touched."""
    tied = page.locator(f".gaze .chips[lang={row}] .chip.tied")
    return max(
        tied.all(),
        key=lambda chip: float(chip.evaluate("c => parseFloat(c.style.getPropertyValue('--tie'))")),
    ).inner_text()


def veil(page) -> str:
    return page.locator(".gaze canvas").evaluate("canvas => canvas.toDataURL()")


@needs_translator
def test_touching_a_german_word_shows_its_english_one_and_the_other_way_round(page):
    ask_for(page, "Deutsch")
    german, english = (page.locator(f".gaze .chips[lang={row}] .chip") for row in ("de", "en"))
    sentence = page.locator(".gaze .spoken")
    assert sentence.get_attribute("lang") == "de"
    assert " ".join(german.all_inner_texts()).lower() == sentence.inner_text().lower()
    german.get_by_text("Person", exact=True).click()
    assert strongest(page, "en") == "person"
    assert page.locator(".gaze canvas.shown").count() == 1
    seen = veil(page)
    english.first.click()
    assert veil(page) != seen
    english.get_by_text("person", exact=True).click()
    assert strongest(page, "de") == "Person"
    assert page.locator(".gaze [aria-pressed=true]").all_inner_texts() == ["person"]


@needs_translator
def test_keys_lead_from_a_word_to_its_other_one_and_back(page):
    ask_for(page, "Deutsch")
    page.locator(".gaze .chips[lang=en] .chip").get_by_text("person", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Person"
    assert strongest(page, "en") == "person"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "person"
    page.keyboard.press("Tab")  # whatever has the focus is shown
    after = page.evaluate("document.activeElement.textContent")
    assert page.locator(".gaze .chip.lit").all_inner_texts() == [after]


@needs_translator
def test_both_sentences_fit_a_phone_and_are_touched(phone):
    ask_for(phone, "Deutsch")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.locator(".gaze .chips[lang=de] .chip").get_by_text("Person", exact=True).tap()
    assert strongest(phone, "en") == "person"

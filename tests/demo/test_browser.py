"""The page as people use it: in a real browser, with mouse, fingers and keys."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from demo.screenshots import open_tab
from pipelines.caption.inputs import sample_pictures

LION, GRACE_HOPPER = (
    next(path for path in sample_pictures() if path.name == name)
    for name in ("lion.jpg", "grace_hopper.jpg")
)


def hand_in(page, place, *files):
    page.locator(f"{place} input[type=file]").first.set_input_files([str(file) for file in files])


def veil(page) -> str:
    """What lies over the photo, pixel by pixel."""
    return page.locator(".gaze canvas").evaluate("canvas => canvas.toDataURL()")


def test_a_photo_gets_a_sentence_and_every_word_shows_where_it_looked(page):
    hand_in(page, "#caption-photo", LION)
    sentence = page.locator(".gaze .spoken")
    sentence.wait_for()
    words = page.locator(".gaze .chip")
    assert " ".join(words.all_inner_texts()) == sentence.inner_text().lower()
    assert "lion" in sentence.inner_text()
    assert re.match(r"lion [89]\d %$", page.locator(".gaze .seen").all_inner_texts()[0])
    words.first.click()
    first = veil(page)
    assert words.first.get_attribute("aria-pressed") == "true"
    words.last.click()
    assert veil(page) != first
    assert page.locator(".gaze canvas.shown").count() == 1
    words.last.click()
    page.mouse.move(0, 0)
    assert page.locator(".gaze canvas.shown").count() == 0


def test_words_can_be_walked_through_by_keys(page):
    page.locator("#caption-examples button").nth(2).focus()
    page.keyboard.press("Enter")
    words = page.locator(".gaze .chip")
    words.first.wait_for()
    words.first.focus()
    page.keyboard.press("ArrowRight")
    assert words.nth(1).get_attribute("aria-pressed") == "true"
    second = veil(page)
    page.keyboard.press("ArrowLeft")
    assert veil(page) != second
    assert page.evaluate("document.activeElement.textContent") == words.first.inner_text()


def test_what_is_no_photo_is_refused_and_the_page_goes_on(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    hand_in(page, "#caption-photo", broken)
    page.get_by_text("broken.jpg cannot be used: it is not a picture").first.wait_for()
    page.locator("#caption-photo").get_by_label("Remove Image").click()
    hand_in(page, "#caption-photo", LION)
    page.locator(".gaze .spoken").wait_for()


def test_a_table_fills_and_can_be_downloaded(page, tmp_path):
    archive = tmp_path / "holiday.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(LION, "zoo/<i>lion.jpg")
        out.writestr("zoo/broken.jpg", b"no picture")
    open_tab(page, "Many photos")
    hand_in(page, "#many-files", LION, archive)
    page.locator("#many-files [aria-label='holiday.zip']").wait_for()
    page.locator("#many-start").click()
    page.get_by_text("2 captioned, 1 could not be opened").wait_for()
    rows = page.locator(".album tbody tr").all_inner_texts()
    assert len(rows) == 3
    assert "holiday.zip/zoo/<i>lion.jpg" in rows[1]
    assert "not a picture" in rows[2]
    with page.expect_download() as download:
        page.get_by_role("button", name="JSONL").or_(page.get_by_role("link", name="JSONL")).click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert [json.loads(line)["error"] is None for line in lines] == [True, True, False]


def test_a_text_streams_in_and_is_coloured_on_request(page):
    open_tab(page, "Write")
    page.locator("#write-prompt textarea").fill("abc")
    page.locator("#write-start").click()
    text = page.locator(".sheet .page")
    page.get_by_text(re.compile("^600 characters$")).wait_for()
    assert text.inner_text().startswith("abc")
    assert len(text.evaluate("page => page.textContent")) == 603
    piece = text.locator("span:is(.s1, .s2, .s3)").first
    colour = "piece => getComputedStyle(piece).backgroundColor"
    plain = piece.evaluate(colour)
    page.get_by_label("Colour by surprise").check()
    assert piece.evaluate(colour) != plain


def test_a_stream_can_be_stopped(page):
    open_tab(page, "Write")
    page.get_by_label("number input for Length").fill("3000")
    page.locator("#write-start").click()
    page.get_by_text("writing …").wait_for()
    page.locator("#write-stop").click()
    page.wait_for_timeout(500)
    length = page.locator(".sheet .page").evaluate("page => page.textContent.length")
    page.wait_for_timeout(700)
    assert page.locator(".sheet .page").evaluate("page => page.textContent.length") == length < 3000


def test_the_cards_are_there(page):
    open_tab(page, "About")
    page.get_by_text("captioner-flickr8k").first.click()
    page.get_by_text("A photo becomes an English sentence").wait_for()


def test_nothing_is_wider_than_a_phone_and_words_can_be_touched(phone):
    hand_in(phone, "#caption-photo", GRACE_HOPPER)
    words = phone.locator(".gaze .chip")
    words.first.wait_for()
    words.first.tap()
    first = veil(phone)
    words.nth(1).tap()
    assert veil(phone) != first
    for name in ("Many photos", "Write", "About", "Caption"):
        open_tab(phone, name)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    page.locator(".lede, .gaze .empty").first.wait_for()
    # Contrast of the colours that text is written in, by WCAG's formula.
    ratio = page.evaluate(
        """() => {
          const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
          const probe = document.querySelector('.gaze');
          const light = name => {
            probe.style.color = `var(--${name})`;
            const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g)
              .map(Number).map(channel);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          const back = ['paper', 'card', 'soft'].map(light);
          return Math.min(...['ink', 'faint', 'accent', 'wrong'].flatMap(
            name => back.map(b => contrast(light(name), b))));
        }"""
    )
    context.close()
    assert ratio >= 4.5


def test_everything_that_is_used_has_a_name(page):
    for tab in ("Caption", "Many photos", "Write", "About"):
        open_tab(page, tab)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, input, textarea, select, a[href]')]
              .filter(e => e.offsetParent && e.type !== 'file' && !(
                e.getAttribute('aria-label') || e.title || e.textContent.trim() ||
                (e.labels && e.labels.length) || e.placeholder || e.querySelector('img[alt]')))
              .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert nameless == []

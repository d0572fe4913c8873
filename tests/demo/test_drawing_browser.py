"""Drawing on the page as people do: with a mouse, a finger or keys, in a real browser."""

import json
import math

import pytest

from demo.models import shipped
from demo.read import MODEL
from demo.screenshots import open_tab

PAD = "#together-pad"


def circle(x=0.5, y=0.5, radius=0.25):
    """Points of a circle, as shares of the pad."""
    angles = [n / 12 * math.pi for n in range(25)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def places(page, points, pad=PAD):
    box = page.locator(f"{pad} canvas").bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def draw(page, points, pad=PAD):
    """One stroke with the mouse."""
    page.locator(f"{pad} canvas").scroll_into_view_if_needed()
    first, *rest = places(page, points, pad)
    page.mouse.move(*first)
    page.mouse.down()
    for place in rest:
        page.mouse.move(*place)
    page.mouse.up()


def touch(page, points):
    """One stroke with a finger, told to Chromium as its touch screen would."""
    screen = page.context.new_cdp_session(page)
    page.locator(f"{PAD} canvas").scroll_into_view_if_needed()
    for number, (x, y) in enumerate(places(page, points)):
        kind = "touchMove" if number else "touchStart"
        finger = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        screen.send("Input.dispatchTouchEvent", finger)
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def press_pen(page, points, force):
    """One stroke with a pen, likewise."""
    tablet = page.context.new_cdp_session(page)
    page.locator(f"{PAD} canvas").scroll_into_view_if_needed()
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 2), "mouseReleased"]
    for kind, (x, y) in zip(kinds, places(page, points), strict=True):
        pen = {"pointerType": "pen", "button": "left", "buttons": 1, "force": force}
        tablet.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pen})


def ink(page, pad=PAD) -> int:
    """How many pixels of the pad have ink on them."""
    return page.locator(f"{pad} canvas").evaluate(
        """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
            .filter((value, n) => n % 4 === 3 && value > 0).length"""
    )


def wait_for_strokes(page, count, pad=PAD):
    page.locator(f'{pad} .pad[data-strokes="{count}"]').wait_for()


@pytest.fixture
def together(page):
    open_tab(page, "Draw together")
    page.locator(f"{PAD} canvas").wait_for()
    return page


def guesses(page) -> list[str]:
    return page.locator(".guesses .name").all_inner_texts()


def test_what_is_drawn_is_guessed_after_every_stroke(together):
    draw(together, circle())
    together.locator(".guesses li").nth(4).wait_for()
    first = guesses(together)
    assert len(first) == 5
    for x in (0.42, 0.58):
        draw(together, circle(x, 0.45, 0.03))
    draw(together, [(0.4, 0.6), (0.45, 0.65), (0.55, 0.65), (0.6, 0.6)])
    together.get_by_text("face", exact=True).wait_for()
    wait_for_strokes(together, 4)
    assert guesses(together) != first
    assert "face" in together.locator(".guesses .said").inner_text()


def test_strokes_are_undone_done_again_and_cleared_by_buttons_and_keys(together):
    for y in (0.2, 0.4, 0.6):
        draw(together, [(0.2, y), (0.5, y), (0.8, y)])
    wait_for_strokes(together, 3)
    full = ink(together)
    together.get_by_label("Undo").click()
    wait_for_strokes(together, 2)
    assert 0 < ink(together) < full
    together.get_by_label("Redo").click()
    wait_for_strokes(together, 3)
    assert ink(together) == full
    together.locator(f"{PAD} canvas").focus()
    together.keyboard.press("Control+z")
    wait_for_strokes(together, 2)
    together.keyboard.press("Delete")
    wait_for_strokes(together, 0)
    assert ink(together) == 0
    together.locator(".guesses.unsaid").wait_for()
    together.keyboard.press("Control+z")
    wait_for_strokes(together, 2)
    together.locator("button[data-ending='.ndjson']:enabled:visible").wait_for()
    together.get_by_label("Clear").click()
    wait_for_strokes(together, 0)
    assert together.get_by_label("Clear").is_disabled()
    together.locator("button[data-ending='.ndjson']:disabled:visible").wait_for()


def test_endings_are_stepped_through_and_one_is_kept(together):
    draw(together, circle(0.5, 0.4, 0.2))
    together.locator(".guesses li").first.wait_for()
    begun = ink(together)
    together.locator("#together-as textarea, #together-as input").fill("a face")
    together.locator("#together-finish").click()
    together.locator(f"{PAD} .endings").wait_for()
    together.get_by_text("Endings as a face").wait_for()
    together.wait_for_timeout(1200)  # until the ghost has drawn itself
    seen = [together.locator(f"{PAD} canvas").evaluate("canvas => canvas.toDataURL()")]
    assert ink(together) > begun
    wait_for_strokes(together, 1)
    together.get_by_label("Next ending").click()
    together.locator(f'{PAD} .pad[data-ending="2"]').wait_for()
    together.wait_for_timeout(1200)
    seen.append(together.locator(f"{PAD} canvas").evaluate("canvas => canvas.toDataURL()"))
    assert seen[0] != seen[1]
    together.get_by_role("button", name="Keep it").click()
    together.locator(f'{PAD} .pad[data-endings="0"]').wait_for()
    assert int(together.locator(f"{PAD} .pad").get_attribute("data-strokes")) > 1
    together.get_by_label("Undo").click()
    wait_for_strokes(together, 1)


def test_drawing_on_dismisses_the_endings(together):
    draw(together, circle(0.5, 0.4, 0.2))
    together.locator("#together-finish").click()
    together.locator(f"{PAD} .endings").wait_for()
    draw(together, [(0.2, 0.9), (0.8, 0.9)])
    assert together.locator(f"{PAD} .endings").is_hidden()
    wait_for_strokes(together, 2)


def test_a_guess_that_is_touched_finishes_the_drawing_as_that(together):
    draw(together, circle())
    together.locator(".guesses li").nth(4).wait_for()
    name = guesses(together)[1]
    together.locator(".guesses li button").nth(1).click()
    together.locator(f"{PAD} .endings").wait_for()
    assert together.locator("#together-as textarea, #together-as input").input_value() == name


def test_an_empty_pad_cannot_be_finished_and_the_page_goes_on(together):
    together.locator("#together-finish").click()
    together.get_by_text("the drawing is empty").first.wait_for()
    draw(together, circle())
    together.locator(".guesses li").first.wait_for()


def test_it_can_be_drawn_by_keys_alone(together):
    together.locator(f"{PAD} canvas").focus()
    together.keyboard.press("Space")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowLeft", "Shift+ArrowUp"):
        together.keyboard.press(key)
    together.get_by_text("Pen down").wait_for()
    together.keyboard.press("Space")
    wait_for_strokes(together, 1)
    assert ink(together) > 0
    together.locator(".guesses li").first.wait_for()


def test_a_drawing_is_saved_and_opened_again(together, tmp_path):
    save = together.get_by_role("button", name="ndjson").last
    assert save.is_disabled()
    draw(together, circle())
    draw(together, [(0.1, 0.1), (0.9, 0.1)])
    wait_for_strokes(together, 2)
    with together.expect_download() as caught:
        save.click()
    path = tmp_path / caught.value.suggested_filename
    caught.value.save_as(path)
    strokes = json.loads(path.read_text())["drawing"]
    assert len(strokes) == 2
    assert [len(column) for column in strokes[0]] == [len(strokes[0][0])] * 4  # x, y, t, pressure
    together.get_by_label("Clear").click()
    wait_for_strokes(together, 0)
    together.locator("#together-open input[type=file], input[type=file]").last.set_input_files(path)
    wait_for_strokes(together, 2)
    together.locator(".guesses li").first.wait_for()


def test_a_pen_that_is_pressed_harder_draws_thicker_lines(together):
    line = [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5), (0.8, 0.5)]
    press_pen(together, line, 0.1)
    wait_for_strokes(together, 1)
    light = ink(together)
    together.get_by_label("Clear").click()
    press_pen(together, line, 1.0)
    wait_for_strokes(together, 1)
    assert ink(together) > 1.5 * light


def test_at_phone_width_a_finger_draws(phone):
    open_tab(phone, "Draw together")
    canvas = phone.locator(f"{PAD} canvas")
    canvas.wait_for()
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    touch(phone, circle())
    wait_for_strokes(phone, 1)
    phone.locator(".guesses li").first.wait_for()
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= phone.viewport_size["width"]


def test_a_pad_follows_the_size_of_the_page_and_stays_crisp(together):
    draw(together, circle())
    wait_for_strokes(together, 1)
    large = ink(together)
    together.set_viewport_size({"width": 500, "height": 800})
    together.wait_for_function(
        f"(() => {{ const c = document.querySelector('{PAD} canvas');"
        " return Math.abs(c.width - c.clientWidth * devicePixelRatio) < 1 && c.width < 520 })()"
    )
    assert 0 < ink(together) < large
    wait_for_strokes(together, 1)


def test_dark_ink_becomes_light_on_dark_paper(together):
    draw(together, circle())
    wait_for_strokes(together, 1)
    colour = """canvas => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        let n = 3;
        while (data[n] < 255) n += 4;  // the first pixel that is all ink
        return data[n - 3];
    }"""
    canvas = together.locator(f"{PAD} canvas")
    assert canvas.evaluate(colour) < 100
    together.evaluate("document.body.classList.add('dark')")
    together.wait_for_timeout(300)
    assert canvas.evaluate(colour) > 150


def test_a_prompt_is_drawn_stroke_by_stroke_and_one_drawing_is_saved(page):
    open_tab(page, "Draw")
    save = page.locator(".actions").get_by_role("button", name="SVG").first
    assert save.is_disabled()
    prompt = page.locator("#draw-prompt textarea, #draw-prompt input")
    prompt.fill("two ducks and a crab")
    prompt.press("Enter")
    tiles = page.locator("#draw-sheet .tile")
    tiles.nth(8).wait_for()
    assert tiles.count() == 9
    path = tiles.first.locator("path").last
    assert "stroke-drawn" in path.evaluate("path => getComputedStyle(path).animationName")
    page.get_by_text("two ducks and a crab, seed").wait_for()
    assert page.get_by_role("button", name="More like this").is_disabled()
    tiles.nth(4).click()
    assert tiles.nth(4).get_attribute("aria-pressed") == "true"
    page.get_by_text("Save this one as").wait_for()
    with page.expect_download() as caught:
        save.click()
    assert caught.value.suggested_filename == "two-ducks-and-a-crab.svg"
    assert caught.value.path().read_text().count("<g>") == 1


def test_more_like_one_follow_a_touched_drawing(page):
    open_tab(page, "Draw")
    page.get_by_role("button", name="a duck", exact=True).click()
    tiles = page.locator("#draw-sheet .tile")
    tiles.nth(8).wait_for()
    before = tiles.first.inner_html()
    tiles.nth(2).click()
    page.get_by_role("button", name="More like this").click()
    page.wait_for_function(
        "before => document.querySelector('.tile').innerHTML !== before", arg=before
    )
    assert page.locator("#draw-sheet .tile[aria-pressed=true]").count() == 0
    assert "duck" in page.locator("#draw-sheet .notes").inner_text()


def test_what_can_be_drawn_is_found_and_rough_things_are_marked(page):
    from playwright.sync_api import expect

    open_tab(page, "Draw")
    page.get_by_text("Everything that it can draw").click()
    page.get_by_label("Find a thing").fill("mona")
    found = page.locator(".chips .all button:visible")
    expect(found).to_have_text(["the mona lisa"])
    assert "rough" in found.first.get_attribute("class")
    found.first.click()
    page.locator("#draw-sheet .tile").first.wait_for()
    page.get_by_text("the mona lisa: not drawn well yet").wait_for()


def test_what_it_does_not_know_is_answered_with_the_nearest(page):
    open_tab(page, "Draw")
    prompt = page.locator("#draw-prompt textarea, #draw-prompt input")
    prompt.fill("a duk")
    page.locator("#draw-go").click()
    page.get_by_text("I don't know 'duk'. Try: a duck").first.wait_for()
    prompt.fill("")
    page.locator("#draw-go:disabled").wait_for()
    prompt.fill("a duck")
    page.locator("#draw-go").click()
    page.locator("#draw-sheet .tile").first.wait_for()


def test_whoever_wants_no_motion_sees_whole_drawings(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="Draw", exact=True).last.wait_for()
    open_tab(page, "Draw")
    page.get_by_role("button", name="a duck", exact=True).click()
    path = page.locator("#draw-sheet .tile path").first
    path.wait_for()
    assert path.evaluate("path => getComputedStyle(path).animationName") == "none"
    context.close()


def leaf(page) -> str:
    leaves = page.locator("#morph-book .leaf").evaluate_all(
        "leaves => leaves.map(leaf => leaf.style.opacity + leaf.innerHTML)"
    )
    return "".join(leaves)


def test_the_slider_goes_from_one_drawing_to_the_other(page):
    open_tab(page, "Morph")
    save = page.get_by_role("button", name="GIF").last
    assert save.is_disabled()
    page.locator("#morph-go").click()
    page.locator("#morph-book .filled").wait_for()
    book, slider = page.locator("#morph-book .flipbook"), page.locator("#morph-book input")
    page.get_by_label("Pause").click()
    slider.focus()
    page.keyboard.press("Home")
    first = leaf(page)
    assert book.get_attribute("data-at") == "0"
    page.keyboard.press("ArrowRight")
    assert book.get_attribute("data-at") == "1"
    assert leaf(page) != first
    page.keyboard.press("End")
    assert book.get_attribute("data-at") == "12"
    page.locator("#morph-book .film button").nth(3).click()
    assert book.get_attribute("data-at") == "3"
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.99 * box["width"], box["y"] + box["height"] / 2)
    assert book.get_attribute("data-at") == "12"
    with page.expect_download() as caught:
        save.click()
    assert caught.value.suggested_filename == "an-apple-to-a-pineapple.gif"


def test_it_plays_by_itself_until_it_is_paused(page):
    open_tab(page, "Morph")
    page.locator("#morph-go").click()
    page.locator("#morph-book .filled").wait_for()
    page.locator('#morph-book .flipbook:not([data-at="0"])').wait_for()
    page.get_by_label("Pause").click()
    still = leaf(page)
    page.wait_for_timeout(700)
    assert leaf(page) == still


def test_a_drawing_of_ones_own_is_morphed(page):
    open_tab(page, "Morph")
    page.get_by_text("… or draw it yourself").first.click()
    pad = "#morph-first-pad"
    page.locator(f"{pad} canvas").wait_for()
    draw(page, circle(), pad)
    wait_for_strokes(page, 1, pad)
    page.locator("#morph-go").click()
    page.locator("#morph-book .filled").wait_for()
    page.get_by_text("your drawing to a pineapple, seed").wait_for()


@pytest.mark.skipif(MODEL not in shipped(), reason="no handwriting recognizer ships")
def test_handwriting_is_read_while_it_is_written(page):
    open_tab(page, "Read")
    pad, text = "#read-pad", page.locator("#read-text textarea")
    page.locator(f"{pad} canvas").wait_for()
    draw(page, [(0.1, 0.2), (0.1, 0.8)], pad)  # an l, and then an o behind it
    page.wait_for_function("() => document.querySelector('#read-text textarea').value")
    first = text.input_value()
    draw(page, circle(0.2, 0.65, 0.06), pad)
    page.wait_for_function(
        "first => document.querySelector('#read-text textarea').value !== first", arg=first
    )
    page.locator(f"{pad} [data-act=clear]").click()
    page.wait_for_function("() => !document.querySelector('#read-text textarea').value")

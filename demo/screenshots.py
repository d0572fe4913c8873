"""Pictures of every tab for the README, made from the page itself.

python -m demo.screenshots docs

Needs an installed Chromium and `pip install playwright`.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from demo.app import TABS
from demo.load import running_server
from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from pipelines.caption.inputs import sample_pictures

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MORE_TABS = "#tabs .overflow-menu"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT, MOST = 1080, 860, 1120  # pixels; a longer page is cut there
FLAT, MIXED = 64, 84  # colours of a palette: the page's own exactly, and what comes near photos
PATIENCE = 300_000  # milliseconds
HOUSE = [
    [(0.3, 0.75), (0.3, 0.45), (0.6, 0.45), (0.6, 0.75), (0.3, 0.75)],
    [(0.27, 0.47), (0.45, 0.25), (0.63, 0.47)],
]


def take_screenshots(folder: Path, model: str | None = None) -> list[Path]:
    """Use every tab once and write what it looks like then.

    Args:
        folder: for demo-caption.png, demo-draw.png and so on.
        model: a language model for the tab that writes, where none ships.

    Raises:
        UserError: there is no Chromium, or a file cannot be written.
    """
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    with running_server(model) as (address, _), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
            reduced_motion="reduce",
        )
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.get_by_role("tab", name=TABS[0][0], exact=True).last.wait_for()
        there = tabs_of(page)  # some need a model that may not ship
        return [_take(page, name, identity, folder) for name, identity, _ in TABS if name in there]


def tabs_of(page: Page) -> set[str]:
    """The names of all tabs, those behind the three dots too."""
    shown = page.get_by_role("tab").all_inner_texts()
    return {*shown, *page.locator(f"{MORE_TABS} .overflow-dropdown button").all_text_contents()}


def open_tab(page: Page, name: str) -> None:
    """Click a tab, which is behind the three dots where the page has no room for it.

    On a busy machine the page has another look at its room, and a menu that was open is closed: so
    what is behind the dots is clicked whether it is to be seen or not.
    """
    tab = page.get_by_role("tab", name=name, exact=True).last
    if not tab.is_visible():
        hidden = page.locator(f"{MORE_TABS} .overflow-dropdown button")
        tab = hidden.filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
    tab.evaluate("tab => tab.click()")
    panel(page, name).wait_for()


def panel(page: Page, name: str) -> Locator:
    """What a tab shows."""
    return page.locator(f"#tab-{next(identity for tab, identity, _ in TABS if tab == name)}")


def find_chromium() -> str:
    """Where an installed Chromium is.

    Raises:
        UserError: there is none.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise UserError("no Chromium is installed; try: apt-get install chromium")
    return found


def _take(page: Page, name: str, identity: str, folder: Path) -> Path:
    open_tab(page, name)
    page.wait_for_timeout(500)
    USES.get(identity, _nothing)(page)
    page.mouse.move(0, 0)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1500)  # messages and transitions end
    path = folder / f"demo-{identity}.png"
    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, MOST)))
    with atomic_write(path) as temporary:
        _few_colours(picture).save(temporary, optimize=True)
    return path


def _few_colours(picture: Image.Image) -> Image.Image:
    """The same with a few colours, for a third of the bytes."""
    counted = picture.getcolors(picture.width * picture.height) or []
    often = [colour for _, colour in sorted(counted, reverse=True)[:FLAT]]
    mixed = picture.quantize(MIXED).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*chain.from_iterable(often), *mixed[: 3 * MIXED]])  # type: ignore[arg-type]
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _nothing(_: Page) -> None:
    """A tab that is worth a look as it is."""


def _photo(name: str) -> str:
    return next(str(path) for path in sample_pictures() if path.name == name)


def _hand_in(page: Page, place: str, names: list[str]) -> None:
    page.locator(f"{place} input[type=file]").first.set_input_files([_photo(n) for n in names])


def _caption(page: Page) -> None:
    _hand_in(page, "#caption-photo", ["lion.jpg"])
    page.locator(".gaze .chip").first.wait_for()
    languages = page.locator("#caption-language")
    if languages.is_visible():  # a translator ships
        languages.get_by_text("Deutsch", exact=True).click()
        page.locator(".gaze .foreign").first.wait_for()
    page.locator(".gaze .chip:not(.foreign)").last.click()


def _many_photos(page: Page) -> None:
    _hand_in(page, "#many-files", ["grace_hopper.jpg", "lion.jpg", "tower.jpg"])
    page.locator("#many-files [aria-label='tower.jpg']").wait_for()
    page.locator("#many-start").click()
    page.get_by_role("button", name="HTML report").wait_for()


def _draw(page: Page) -> None:
    page.locator("#draw-prompt").locator("input, textarea").first.fill("two ducks and a crab")
    page.locator("#draw-go").click()
    page.locator("#draw-sheet .tile").first.wait_for()


def _draw_together(page: Page) -> None:
    box = page.locator("#together-pad canvas").bounding_box()
    if box is None:
        raise RuntimeError("the pad is not to be seen")
    for (x, y), *others in HOUSE:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.mouse.down()
        for x, y in others:
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=12)
        page.mouse.up()
        page.wait_for_timeout(800)
    page.locator("#together-finish").click()
    panel(page, "Draw together").get_by_text("Keep it").wait_for()


def _morph(page: Page) -> None:
    tab = panel(page, "Morph")
    tab.get_by_role("button", name="Options").click()
    tab.get_by_label("Seed").fill("2")
    tab.get_by_role("button", name="Options").click()
    page.locator("#morph-go").click()
    page.locator("#morph-book .filled").wait_for()


def _mood(page: Page) -> None:
    page.locator("#mood-sentence textarea").fill("A warm, funny film, but it never finds its way.")
    page.keyboard.press("Enter")
    page.wait_for_timeout(4000)


def _postcard(page: Page) -> None:
    _hand_in(page, "#postcard-photo", ["lion.jpg"])
    panel(page, "Postcard").locator("img.postcard").wait_for()
    page.wait_for_timeout(8000)  # the card draws itself


def _read(page: Page) -> None:
    import multimodal

    box = page.locator("#read-pad canvas").bounding_box()
    if box is None:
        raise RuntimeError("the pad is not to be seen")
    line = multimodal.load_handwriting_generator().write("Dear Anna", style=1, seed=1)
    for stroke in line.fitted(box["width"], box["height"], margin=0.15 * box["width"]):
        for number, (x, y) in enumerate(stroke.tolist()):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_timeout(5000)


def _handwriting(page: Page) -> None:
    page.locator("#handwriting-go").click()
    page.locator("#handwriting-page img").wait_for()
    page.wait_for_timeout(8000)  # the page draws itself


def _translate(page: Page) -> None:
    page.locator("#translate-sentence textarea").fill("a brown lion is running on the grass")
    page.locator("#translate-go").click()
    page.wait_for_function("document.querySelector('#translate-text textarea').value")


def _write(page: Page) -> None:
    if page.locator("#write-start").is_visible():
        panel(page, "Write").get_by_label("Seed").fill("7")
        page.locator("#write-start").click()
        page.locator(".sheet .page").wait_for()
        page.locator(".sheet .page:not(.running)").wait_for()
        page.get_by_label("Colour by surprise").check()
        page.locator(".sheet .page").evaluate("page => page.scrollTop = 0")


def _about(page: Page) -> None:
    page.locator(".card button").first.click()


USES: dict[str, Callable[[Any], None]] = {
    "caption": _caption,
    "many-photos": _many_photos,
    "draw": _draw,
    "draw-together": _draw_together,
    "morph": _morph,
    "handwriting": _handwriting,
    "translate": _translate,
    "read": _read,
    "postcard": _postcard,
    "mood": _mood,
    "write": _write,
    "about": _about,
}

if __name__ == "__main__":
    for written in take_screenshots(Path(sys.argv[1]), *sys.argv[2:3]):
        print(f"{written}: {written.stat().st_size / 1000:.0f} kB")  # noqa: T201

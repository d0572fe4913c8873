import math

import pytest
from PIL import Image

from multimodal.captioning.caption import Caption
from multimodal.errors import UserError
from pipelines.sheet import (
    INK,
    MARGIN,
    PAPER,
    TEXT_HEIGHT,
    TILE,
    contact_sheet,
    require_sheet,
    save_sheet,
)

BAD = Caption("gone.jpg", "", -math.inf, error="No such file or directory")


@pytest.fixture
def captions(tmp_path) -> list[Caption]:
    captions = []
    for number in range(6):
        path = tmp_path / "in" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (80 + 40 * number, 120), (40 * number, 80, 160)).save(path)
        captions.append(Caption(str(path), f"picture number {number}", -1.0))
    return captions


def middle_of_tile(number: int, columns: int) -> tuple[int, int]:
    row, column = divmod(number, columns)
    left = MARGIN + column * (TILE + MARGIN)
    top = MARGIN + row * (TILE + TEXT_HEIGHT + MARGIN)
    return left + TILE // 2, top + TILE // 2


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 4, 1), (5, 4, 2)])
def test_a_sheet_is_as_large_as_its_pictures_take(captions, count, columns, rows):
    sheet = contact_sheet(captions[:count])
    assert sheet.width == columns * (TILE + MARGIN) + MARGIN
    assert sheet.height == rows * (TILE + TEXT_HEIGHT + MARGIN) + MARGIN


def test_pictures_lie_in_rows_and_those_with_an_error_are_left_out(captions):
    sheet = contact_sheet([captions[0], BAD, *captions[1:]], columns=2)
    for number in range(6):
        assert sheet.getpixel(middle_of_tile(number, 2)) == (40 * number, 80, 160)


def test_the_caption_stands_below_its_picture(captions):
    sheet = contact_sheet([captions[0]])
    below = (MARGIN, MARGIN + TILE, MARGIN + TILE, MARGIN + TILE + TEXT_HEIGHT)
    colours = {colour for _, colour in sheet.crop(below).getcolors(10**6)}
    assert {PAPER, INK} <= colours


def test_a_long_caption_stays_on_its_tile(captions):
    long = Caption(captions[0].source, "very " * 60 + "long", -1.0)
    sheet = contact_sheet([long])
    border = sheet.crop((0, sheet.height - MARGIN, sheet.width, sheet.height))
    assert border.getcolors() == [(sheet.width * MARGIN, PAPER)]


def test_a_sheet_of_nothing_is_refused():
    with pytest.raises(UserError, match="no captioned picture"):
        contact_sheet([BAD])


@pytest.mark.parametrize("name", ["sheet.png", "sheet.JPG", "sheet.webp"])
def test_the_ending_says_how_a_sheet_is_saved(captions, tmp_path, name):
    save_sheet(captions, tmp_path / name)
    with Image.open(tmp_path / name) as sheet:
        assert sheet.size == contact_sheet(captions).size


@pytest.mark.parametrize("name", ["sheet", "sheet.txt", "sheet.mp4", "no/folder/sheet.png"])
def test_a_sheet_that_cannot_be_saved_is_refused_before_the_work(captions, tmp_path, name):
    with pytest.raises(UserError, match=name):
        require_sheet(tmp_path / name)
    with pytest.raises(UserError, match=name):
        save_sheet(captions, tmp_path / name)


def test_a_sheet_that_fails_leaves_what_was_there(captions, tmp_path):
    path = tmp_path / "sheet.png"
    path.write_text("precious")
    with pytest.raises(UserError, match="no captioned picture"):
        save_sheet([BAD], path)
    assert path.read_text() == "precious"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "sheet.png"]

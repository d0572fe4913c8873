"""Paper: sizes in millimetres, and pages that come out at their true size."""

import io
import re
from base64 import b64decode
from xml.etree import ElementTree

import pytest
from PIL import Image

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Paper, read_drawings, save_drawings

PAGE = Drawing([[(20, 20), (80, 25)], [(20, 100), (90, 100)]])
MM = 96 / 25.4  # CSS pixels


def test_usual_sizes_and_others():
    assert Paper.named("A5").width == 148
    assert Paper.named("a6").height == 148
    small = Paper.named("120x80.5", margin=10)
    assert (small.width, small.height, small.room) == (120, 80.5, 100)


def test_baselines_stand_in_their_lines():
    paper = Paper(100, 65, margin=10, spacing=20)
    assert paper.lines == 2
    assert paper.baselines == pytest.approx((24, 44))


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"width": -1}, "width"),
        ({"pen_width": 0}, "pen_width"),
        ({"margin": -1}, "margin"),
        ({"margin": 80}, "margin"),
        ({"spacing": 300}, "spacing|lines"),
    ],
)
def test_paper_that_cannot_be(how, named):
    with pytest.raises(UserError, match=named):
        Paper(**how)


@pytest.mark.parametrize("name", ["B17", "x", "12x", ""])
def test_no_such_paper(name):
    with pytest.raises(UserError, match="A5"):
        Paper.named(name)


def test_an_svg_has_its_true_size_and_rules_are_no_strokes(tmp_path):
    path = save_drawings([PAGE], tmp_path / "page.svg", paper=Paper.named("A6", ruled=True))
    text = path.read_text()
    assert 'width="105mm" height="148mm"' in text
    picture = b64decode(re.search(r"base64,([^\"]+)", text)[1]).decode()
    assert picture.count("H90") == 11  # as many rules as lines
    drawn = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()}
    assert drawn == {"svg", "g", "path", "image"}
    assert text.count("<path") == 2  # no program takes the rules for strokes
    (record,) = read_drawings(path)
    assert len(record.drawing) == 2
    assert record.drawing.bounds == pytest.approx((20 * MM, 20 * MM, 90 * MM, 100 * MM))


def test_a_picture_has_its_pixels_a_millimetre(tmp_path):
    paper = Paper.named("A6", pixels_per_mm=4, pen_width=0.5)
    plain = Image.open(save_drawings([PAGE], tmp_path / "page.png", paper=paper))
    assert plain.size == (420, 592)
    assert plain.getpixel((4 * 50, 4 * 100)) == 0  # ink
    assert plain.getpixel((4 * 50, 4 * 110)) == 255
    ruled = save_drawings([PAGE], tmp_path / "ruled.png", paper=Paper.named("A6", ruled=True))
    colours = {colour for _, colour in Image.open(ruled).getcolors()}
    assert 200 in colours


def test_a_plotter_gets_millimetres_and_no_rules(tmp_path):
    paper = Paper.named("A6", ruled=True)
    text = save_drawings([PAGE], tmp_path / "page.gcode", paper=paper).read_text()
    assert "2 strokes on 105 x 148 mm" in text
    assert "X20.000 Y128.000" in text  # counted from the lower edge


def test_it_moves_as_well(tmp_path):
    path = save_drawings([PAGE], tmp_path / "page.gif", paper=Paper.named("A6", pixels_per_mm=1))
    moving = Image.open(io.BytesIO(path.read_bytes()))
    assert moving.size == (105, 148)
    assert moving.n_frames > 1


def test_one_page_for_a_file(tmp_path):
    with pytest.raises(UserError, match="2 pages"):
        save_drawings([PAGE, PAGE], tmp_path / "page.svg", paper=Paper())
    assert not list(tmp_path.iterdir())

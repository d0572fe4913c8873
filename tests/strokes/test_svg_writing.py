import re
from base64 import b64decode
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from multimodal.strokes import Drawing, Paper, Plotter, read_drawings, save_drawings
from multimodal.strokes.joining import joined_drawing

DRAWING = Drawing([[(0, 0), (90, 10)], [(40, 40), (40, 80), (60, 80)], [(3, 3)]])
NAMES = "{http://www.w3.org/2000/svg}"


def test_a_page_by_hand(tmp_path):
    path = Drawing([[(0, 0), (1, 1)]]).save(tmp_path / "a.svg", size=100, line_width=2)
    root = ET.parse(path).getroot()
    assert (root.get("width"), root.get("height")) == ("100px", "100px")
    assert [element.get("d") for element in root.iter(f"{NAMES}path")] == ["M8 8L92 92"]
    assert root[0].get("stroke-width") == "2"


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.from_type(Drawing), st.booleans())
def test_our_own_reader_sees_the_same(tmp_path, drawing, animated):
    path = drawing.save(tmp_path / "any.svg", animated=animated)
    (record,) = read_drawings(path)
    written = _as_written(drawing.fitted(256, 256, 0.08 * 256))
    gaps = [float(np.hypot(*(b[0] - a[-1]))) for a, b in pairwise(written)]
    assume(not any(0 < gap < 0.5 for gap in gaps))  # pens that nearly meet may be joined or not
    expected = joined_drawing(written)
    assert len(record.drawing) == len(expected)
    for stroke, original in zip(record.drawing, expected, strict=True):
        np.testing.assert_allclose(stroke, original, atol=0.002)


def _as_written(drawing):
    """With three decimals, and no point twice in a row: so pieces meet, or do not."""
    strokes = [stroke.round(3) for stroke in drawing]
    moved = [(np.diff(stroke, axis=0) != 0).any(1) for stroke in strokes]
    return Drawing([s[np.concatenate([[True], m])] for s, m in zip(strokes, moved, strict=True)])


def test_an_animation_draws_in_order_and_runs_no_script(tmp_path):
    text = DRAWING.save(tmp_path / "a.svg", animated=True, seconds=6).read_text(encoding="utf-8")
    timings = re.findall(r"animation-delay: ([\d.]+)s; animation-duration: ([\d.]+)s", text)
    assert [(float(delay), float(lasts)) for delay, lasts in timings] == [(0, 2), (2, 3), (5, 1)]
    assert "script" not in text
    assert "prefers-reduced-motion" in text
    assert "<style>" not in DRAWING.save(tmp_path / "b.svg").read_text(encoding="utf-8")


def test_titles_are_escaped_and_shown(tmp_path):
    title = "a <b> & \x00 c\nünï 🦆"
    path = save_drawings([DRAWING, DRAWING], tmp_path / "ünï 🦆.svg", titles=[title, "two"])
    texts = [element.text for element in ET.parse(path).getroot().iter(f"{NAMES}text")]
    assert texts == ["a <b> & c ünï 🦆", "two"]


def test_a_plotter_gets_millimetres(tmp_path):
    path = save_drawings([DRAWING] * 3, tmp_path / "a.svg", columns=3, plotter=Plotter(size=50))
    root = ET.parse(path).getroot()
    assert (root.get("width"), root.get("height")) == ("150mm", "50mm")
    assert root.get("viewBox") == "0 0 150 50"
    assert len(list(root.iter(f"{NAMES}path"))) == 9
    (record,) = read_drawings(path)
    millimetres = [side * 25.4 / 96 for side in record.drawing.bounds]
    assert millimetres == pytest.approx([4, 25 - 56 / 3, 146, 25 + 56 / 3], abs=0.001)


def _data(path):
    return re.findall(r' d="([^"]+)"', path.read_text(encoding="utf-8"))


def test_dots_are_curves_and_no_point_stands_there_twice(tmp_path):
    strokes = [[(3, 3)], [(9, 9)] * 3, [(0, 0), (0, 0), (8, 0), (8, 0)], [(5, 5), (5, 5.0004)]]
    written = _data(save_drawings([Drawing(strokes)], tmp_path / "a.svg", paper=Paper(20, 20, 2)))
    assert written == ["M3 3Q3 3 3 3", "M9 9Q9 9 9 9", "M0 0L8 0", "M5 5Q5 5 5 5"]


def test_zero_has_one_sign(tmp_path):
    stroke = [(-0.0004, 5), (0.0004, 5), (0.0, 9)]
    written = _data(save_drawings([Drawing([stroke])], tmp_path / "a.svg", paper=Paper(20, 20, 2)))
    assert written == ["M0 5L0 9"]


def test_whatever_is_a_dot_when_written_is_a_short_line_for_a_plotter(tmp_path):
    strokes = [[(3, 3)], [(9, 9), (9, 9)], [(20, 5), (19.9999, 5)], [(5, 5), (5, 5.004)]]
    where = {"paper": Paper(20, 20, 2), "plotter": Plotter()}
    written = _data(save_drawings([Drawing(strokes)], tmp_path / "a.svg", **where))
    assert sorted(written) == ["M20 5L19.95 5", "M3 3L3.05 3", "M5 5L5 5.004", "M9 9L9.05 9"]


def test_no_stroke_of_an_animation_is_dashed_where_nothing_moves(tmp_path):
    text = DRAWING.save(tmp_path / "a.svg", animated=True).read_text(encoding="utf-8")
    still = re.sub(r"@keyframes [\w-]+ \{(?:[^{}]|\{[^}]*\})*\}", "", text)
    assert "stroke-dash" in text
    assert "stroke-dash" not in still
    paths = list(ET.fromstring(text).iter(f"{NAMES}path"))
    assert [path.get("class") for path in paths] == [None, None, "dot"]
    assert [path.get("pathLength") for path in paths] == ["1", "1", None]


def test_rules_are_a_picture_that_every_program_finds_and_draws_sharp(tmp_path):
    paper = Paper(60, 40, 5, ruled=True)
    root = ET.parse(save_drawings([DRAWING], tmp_path / "a.svg", paper=paper)).getroot()
    (picture,) = root.iter(f"{NAMES}image")
    assert picture.get("href") is None  # Inkscape 1.2 reads the older name alone
    address = picture.get("{http://www.w3.org/1999/xlink}href")
    kind, _, data = address.partition(",")
    assert kind == "data:image/svg+xml;base64"
    rules = ET.fromstring(b64decode(data))
    assert rules.get("viewBox") == "0 0 60 40"
    assert (rules.get("width"), rules.get("height")) == ("1200", "800")
    assert rules[0].get("d") == "M5 12H55M5 22H55M5 32H55"

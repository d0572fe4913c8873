import numpy as np
import pytest

from multimodal.language.heatmap import HeatMap, html_page
from multimodal.language.interpretation import FEATURES, find_cells
from multimodal.language.language_model import ActivationTrace

TEXT = 'say "hi" (or [so])\n/* no */ $x$\n"bye" now\n'


@pytest.mark.parametrize(
    ("feature", "text", "expected"),
    [
        ("place in line", "ab\n\nc", [0, 1, 2, 0, 0]),
        ("depth in brackets", "a(b[c])d", [0, 1, 1, 2, 2, 1, 0, 0]),
        ("depth in brackets", "a)b", [1, 0, 0]),
        ("inside quotes", 'a"b"c', [0, 1, 1, 0, 0]),
        ("inside a comment", "a/*b*/c", [0, 1, 1, 1, 1, 0, 0]),
        ("inside mathematics", r"\$a$b$", [0, 0, 0, 1, 1, 0]),
    ],
)
def test_features(feature, text, expected):
    assert FEATURES[feature](text).tolist() == expected


def test_the_cell_that_follows_a_feature_is_found():
    random = np.random.default_rng(0)
    hidden = random.uniform(-1, 1, (len(TEXT), 2, 5)).astype(np.float32)
    hidden[:, 1, 3] = 0.1 * FEATURES["inside quotes"](TEXT) - 0.5
    hidden[:, 0, 2] = -0.05 * FEATURES["place in line"](TEXT)
    hidden[:, 0, 0] = 0.7  # a cell that never moves
    found = {cell.feature: cell for cell in find_cells(ActivationTrace(tuple(TEXT), hidden, None))}
    assert set(found) == set(FEATURES)
    quotes, lines = found["inside quotes"], found["place in line"]
    assert (quotes.layer, quotes.unit) == (1, 3)
    assert quotes.correlation == pytest.approx(1, abs=1e-4)
    assert (lines.layer, lines.unit) == (0, 2)
    assert lines.correlation == pytest.approx(-1, abs=1e-4)


def test_what_a_text_does_not_have_is_not_looked_for():
    trace = ActivationTrace(tuple("ab\ncd"), np.ones((5, 1, 2), np.float32), None)
    assert [cell.feature for cell in find_cells(trace)] == ["place in line"]


def test_words_are_judged_at_their_last_character():
    text = ["ab", " cd", "\n", "e"]
    hidden = np.array([1, 4, 5, 0], np.float32)[:, None, None]
    (cell,) = find_cells(ActivationTrace(tuple(text), hidden, None))
    assert cell.correlation == pytest.approx(1)


def test_a_heat_map_colours_every_character():
    heat_map = HeatMap("a & b", ["<", "b", "c", "\n"], [1.0, -0.98, -0.99, 7.0])
    html = heat_map.to_html()
    assert "<h2>a &amp; b</h2>" in html
    assert '<span class="p20">&lt;</span><span class="n20">bc</span>' in html
    page = html_page("<title>", [heat_map])
    assert page.count("<pre>") == 1
    assert "&lt;title&gt;" in page
    assert ".n20 {" in page
    assert ".p0 { background: hsl(5 85% 100%) }" in page

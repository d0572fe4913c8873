import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Sheet
from multimodal.strokes.sheet import lay_out

DOT, LINE = Drawing([[(7, 7)]]), Drawing([[(0, 0), (4, 0)]])


def test_rows_from_the_top_left():
    page = lay_out([DOT] * 5, size=100, columns=2)
    assert (page.width, page.height) == (200, 300)
    corners = [drawing.bounds[:2] for drawing in page.drawings]
    assert corners == [(50, 50), (150, 50), (50, 150), (150, 150), (50, 250)]
    assert page.titles == ()
    assert page.every_stroke.bounds == (50, 50, 150, 250)


@pytest.mark.parametrize(("count", "width", "height"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (9, 3, 3)])
def test_pages_are_about_square(count, width, height):
    page = lay_out([LINE] * count, size=10)
    assert (page.width, page.height) == (10 * width, 10 * height)


def test_no_more_columns_than_drawings():
    assert lay_out([LINE] * 2, size=10, columns=8).width == 20


def test_titles_stand_under_their_drawings():
    page = lay_out([LINE, DOT, DOT], size=70, columns=2, titles=["a", "b\n\tb", "\ud800c"])
    assert page.height == 2 * (70 + 10)
    assert page.titles == ((35, 75, "a"), (105, 75, "b b"), (35, 155, "c"))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.from_type(Drawing), min_size=1, max_size=7), st.integers(1, 4))
def test_every_drawing_stays_in_its_cell(drawings, columns):
    page = lay_out(drawings, size=50, columns=columns)
    across = min(columns, len(drawings))
    for number, drawing in enumerate(page.drawings):
        x, y = number % across * 50, number // across * 50
        left, top, right, bottom = drawing.bounds
        assert x + 4 - 1e-6 <= left <= right <= x + 46 + 1e-6
        assert y + 4 - 1e-6 <= top <= bottom <= y + 46 + 1e-6


def test_mistakes_are_named():
    with pytest.raises(UserError, match="2 titles for 1 drawings"):
        lay_out([DOT], 10, titles=["a", "b"])
    with pytest.raises(UserError, match="no drawing"):
        lay_out([], 10)
    for option in ({"columns": 0}, {"size": 0}, {"seconds": -1}, {"line_width": float("nan")}):
        with pytest.raises(UserError, match=next(iter(option))):
            Sheet(**option)

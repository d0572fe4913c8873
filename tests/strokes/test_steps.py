import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, from_stroke3, from_stroke5, to_stroke3, to_stroke5

DRAWING = Drawing([[(5, 7), (8, 7)], [(8, 9)], [(0, 0), (1, 1)]])
STROKE3 = [[5, 7, 0], [3, 0, 1], [0, 2, 1], [-8, -9, 0], [1, 1, 1]]


def whole(drawing):
    return Drawing([np.rint(stroke) for stroke in drawing])


def test_stroke3_by_hand():
    steps = to_stroke3(DRAWING)
    assert steps.tolist() == STROKE3
    assert steps.dtype == np.float32
    assert from_stroke3(STROKE3) == DRAWING


def test_stroke5_by_hand():
    rows = to_stroke5(DRAWING, length=7)
    assert rows.dtype == np.float32
    assert rows.tolist() == [
        [5, 7, 1, 0, 0],
        [3, 0, 0, 1, 0],
        [0, 2, 0, 1, 0],
        [-8, -9, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ]
    assert to_stroke5(DRAWING).tolist() == rows[:6].tolist()
    assert from_stroke5(rows) == DRAWING


def test_an_empty_canvas_both_ways():
    assert to_stroke3(Drawing(())).shape == (0, 3)
    assert from_stroke3(np.zeros((0, 3))) == Drawing(())
    assert to_stroke5(Drawing(()), 2).tolist() == [[0, 0, 0, 0, 1]] * 2
    assert from_stroke5([[0, 0, 0, 0, 1]]) == Drawing(())


def test_the_last_pen_needs_not_be_lifted():
    assert from_stroke3([[1, 1, 0], [1, 1, 0]]) == Drawing([[(1, 1), (2, 2)]])
    assert from_stroke5([[1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]) == Drawing([[(1, 1), (2, 2)]])


def test_rows_after_the_end_are_not_drawn():
    rows = [[1, 1, 0.5, 0.3, 0.2], [9, 9, 0.1, 0.2, 0.7], [1, 1, 1, 0, 0]]
    assert from_stroke5(rows) == Drawing([[(1, 1)]])


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing).map(whole))
def test_whole_coordinates_come_back_exactly(drawing):
    assert from_stroke3(to_stroke3(drawing)) == drawing
    assert from_stroke5(to_stroke5(drawing, drawing.points + 3)) == drawing


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing))
def test_others_come_back_as_float32_allows(drawing):
    back = from_stroke3(to_stroke3(drawing))
    assert [len(stroke) for stroke in back] == [len(stroke) for stroke in drawing]
    np.testing.assert_allclose(np.concatenate([*back]), np.concatenate([*drawing]), atol=4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserError, match="5 points and its end do not fit into 5 rows"):
        to_stroke5(DRAWING, 5)


@pytest.mark.parametrize(
    "rows", [[[1, 2]], [1, 2, 3], [[1, 2, float("nan")]], "abc", [[1, 2], [3]]]
)
def test_other_rows_are_refused(rows):
    with pytest.raises(UserError, match="stroke-3"):
        from_stroke3(rows)
    with pytest.raises(UserError, match="stroke-5"):
        from_stroke5(rows)

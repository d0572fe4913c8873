"""Drawings to rows and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.sketching.pen_states import DOWN, END, LIFTED
from multimodal.sketching.sequences import (
    LabelledSequences,
    continued,
    drawing_of,
    padded,
    rows_of,
    scale_of,
)
from multimodal.strokes import Drawing

points = st.tuples(st.integers(-500, 500), st.integers(-500, 500))
strokes = st.lists(st.lists(points, min_size=2, max_size=6), min_size=1, max_size=5)


@given(strokes)
def test_there_and_back(strokes):
    drawing = Drawing(strokes)
    rows = rows_of(drawing)
    assert len(rows) == drawing.points - 1
    assert drawing_of(rows, strokes[0][0]) == drawing


def test_the_first_row_leads_to_the_second_point():
    rows = rows_of(Drawing([[(100, 50), (103, 54)], [(110, 54), (110, 60)]]))
    np.testing.assert_array_equal(rows, [[3, 4, 1], [7, 0, 0], [0, 6, 1]])


def test_a_dot_at_the_beginning_keeps_its_lifted_pen():
    drawing = Drawing([[(5, 5)], [(8, 9), (9, 9)]])
    np.testing.assert_array_equal(rows_of(drawing), [[0, 0, 1], [3, 4, 0], [1, 0, 1]])
    assert [len(stroke) for stroke in drawing_of(rows_of(drawing))] == [2, 2]
    np.testing.assert_array_equal(rows_of(Drawing([[(5, 5)]])), [[0, 0, 1]])


def test_an_empty_canvas_is_refused():
    with pytest.raises(UserError, match="without a point"):
        rows_of(Drawing([]))


def test_padding():
    offsets, pens = padded([np.array([[2.0, 4, 0], [6, 8, 1]], np.float32)], scale=2.0, steps=4)
    np.testing.assert_array_equal(offsets, [[[1, 2], [3, 4], [0, 0], [0, 0]]])
    np.testing.assert_array_equal(pens, [[DOWN, LIFTED, END, END]])


def test_the_scale_pools_both_axes():
    rows = np.array([[3, -1, 0], [-3, 1, 1]], np.float32)
    assert scale_of([rows, rows]) == pytest.approx(np.sqrt(5))
    with pytest.raises(UserError, match="dots alone"):
        scale_of([np.zeros((2, 3), np.float32)])


def test_what_follows_begins_where_the_last_stroke_ended():
    begun = Drawing([[(0, 0), (10, 10)]])
    whole = continued(begun, np.array([[5, 0, 0], [0, 5, 1]], np.float32))
    assert whole == Drawing([[(0, 0), (10, 10)], [(15, 10), (15, 15)]])
    assert continued(begun, np.zeros((0, 3), np.float32)) == begun


def test_labels_and_what_is_too_long(drawings):
    line = Drawing([[(n, n) for n in range(40)]])
    found = LabelledSequences(
        {**drawings, "line": [line]}, ["zigzag", "line", "square"], longest=20
    )
    assert found.left_out == 1
    np.testing.assert_array_equal(found.counts, [40, 0, 60])
    assert len(found) == len(found.rows) == len(found.labels) == 100


def test_some_are_taken_from_all(drawings):
    some = LabelledSequences(drawings, ["square", "zigzag"], longest=20).subsample(10)
    assert len(some) == len(some.rows) == 10
    assert (some.counts > 0).all()


def test_slips_of_the_data_are_cut_off():
    far = Drawing([[(0, 0), (5000, -3)]])
    found = LabelledSequences({"line": [far]}, ["line"], longest=20)
    np.testing.assert_array_equal(found.rows[0], [[1000, -3, 1]])

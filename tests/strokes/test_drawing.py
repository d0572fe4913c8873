import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing

HOUSE = Drawing([[(0, 0), (90, 10)], [(40, 40), (40, 80), (60, 80)]])


def far_from(points, line):
    """The greatest distance of points from a polyline, measured apart from the code under test."""
    starts, ends = line[[*range(len(line) - 1)] or [0]], line[[*range(1, len(line))] or [0]]
    along = ends - starts
    lengths = np.maximum((along**2).sum(1), 1e-300)
    parts = np.clip(((points[:, None] - starts) * along).sum(2) / lengths, 0, 1)
    away = points[:, None] - starts - parts[..., None] * along
    return np.hypot(away[..., 0], away[..., 1]).min(1).max()


def test_measures():
    assert HOUSE.bounds == (0, 0, 90, 80)
    assert HOUSE.points == 5
    assert len(HOUSE) == 2
    assert [stroke.tolist() for stroke in HOUSE][1] == [[40, 40], [40, 80], [60, 80]]
    assert Drawing(()).bounds == (0, 0, 0, 0)
    assert Drawing(()).points == 0


def test_nothing_changes_a_drawing():
    source = np.array([[1.0, 2.0], [3.0, 4.0]])
    drawing = Drawing([source], times=[[0, 1]])
    source[0, 0] = 99
    assert drawing.strokes[0][0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        drawing.strokes[0][0, 0] = 5
    with pytest.raises(AttributeError, match="never changes"):
        drawing.strokes = ()
    with pytest.raises(AttributeError, match="never changes"):
        del drawing.times


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing))
def test_copies_are_equal_and_as_constant(drawing):
    for other in (copy.deepcopy(drawing), pickle.loads(pickle.dumps(drawing))):
        assert other == drawing
        assert hash(other) == hash(drawing)
        assert not other.strokes[0].flags.writeable


def test_equality_is_by_value():
    assert Drawing([[(0, -0.0)]]) == Drawing([np.zeros((1, 2), dtype=int)])
    assert hash(Drawing([[(0, -0.0)]])) == hash(Drawing([[(0, 0)]]))
    assert Drawing([[(0, 0), (1, 1)]]) != Drawing([[(0, 0)], [(1, 1)]])
    assert Drawing([[(0, 0)]]) != Drawing([[(0, 0)]], times=[[0]])
    assert Drawing([[(0, 0)]], times=[[0]]) != Drawing([[(0, 0)]], pressures=[[0]])
    assert Drawing([[(0, 0)]]) != "a drawing"


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        ("abc", "one entry a stroke"),
        (5, "one entry a stroke"),
        ([[(0, 0)], "ab"], "stroke 2 holds something else than numbers"),
        ([[("1", "2")]], "something else than numbers"),
        ([[(0, 0), (1,)]], "stroke 1 is ragged"),
        ([[(0, 0, 0)]], r"shape \(1, 3\)"),
        ([[0, 1]], r"shape \(2,\)"),
        ([[(0, 0)], []], "stroke 2"),
        ([[(0, float("nan"))]], "not finite"),
        ([[(float("inf"), 0)]], "not finite"),
        ([[(1e300, 0)]], "beyond"),
        ([[(10**400, 0)]], "something else"),
        ([[(True, False)]], "something else"),
        ([None], "something else"),
        ([{"x": 1}], "something else"),
    ],
)
def test_what_cannot_be_is_refused(strokes, reason):
    with pytest.raises(UserError, match=reason):
        Drawing(strokes)


@pytest.mark.parametrize(
    "times", [[[0, 1]], [[0, 1], [2, 3]], [[0, 1], [2, 3, float("nan")]], [0, 1]]
)
def test_times_and_pressures_are_one_for_each_point(times):
    with pytest.raises(UserError, match="times"):
        Drawing(HOUSE.strokes, times=times)
    with pytest.raises(UserError, match="pressures"):
        Drawing(HOUSE.strokes, pressures=times)


def test_scaled_and_moved_keep_times():
    drawing = Drawing([[(1, 2), (3, 4)]], times=[[5, 6]], pressures=[[0.5, 1]])
    moved = drawing.scaled(2).moved(10, -1)
    assert moved == Drawing([[(12, 3), (16, 7)]], times=[[5, 6]], pressures=[[0.5, 1]])


def test_fitted_by_hand():
    assert HOUSE.fitted(110, 200, margin=10).bounds == (10, 60, 100, 140)
    assert Drawing([[(7, 7)]]).fitted(10, 20).bounds == (5, 10, 5, 10)
    assert Drawing([[(0, 3), (4, 3)]]).fitted(10, 10, 1).bounds == (1, 5, 9, 5)
    with pytest.raises(UserError, match="no room"):
        HOUSE.fitted(10, 10, 5)


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing), st.floats(1, 1e4), st.floats(1, 1e4))
def test_fitted_fills_its_frame(drawing, width, height):
    left, top, right, bottom = drawing.fitted(width, height).bounds
    near = 1e-6 * (width + height)
    assert left >= -near
    assert top >= -near
    assert right <= width + near
    assert bottom <= height + near
    assert left + right == pytest.approx(width, abs=near)
    assert top + bottom == pytest.approx(height, abs=near)
    was = drawing.bounds
    if max(was[2] - was[0], was[3] - was[1]) > 1:
        assert right - left == pytest.approx(width) or bottom - top == pytest.approx(height)


def test_first_points():
    assert HOUSE.first(3) == Drawing([[(0, 0), (90, 10)], [(40, 40)]])
    assert HOUSE.first(2) == Drawing([[(0, 0), (90, 10)]])
    assert HOUSE.first(99) == HOUSE
    assert HOUSE.first(0) == Drawing(())


def test_simplified_by_hand():
    zigzag = Drawing([[(0, 0), (1, 0.1), (2, -0.1), (3, 5), (4, 6), (5, 7), (6, 8.1), (7, 9)]])
    assert zigzag.simplified(1.0) == Drawing([[(0, 0), (2, -0.1), (3, 5), (7, 9)]])
    back = Drawing([[(0, 0), (10, 0), (5, 0)]], times=[[0, 1, 2]])
    assert back.simplified(1) == back
    closed = Drawing([[(0, 0), (0, 9), (0, 0)]])
    assert closed.simplified(2) == closed


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing), st.floats(0, 1e4))
def test_simplified_stays_within_epsilon(drawing, epsilon):
    simple = drawing.simplified(epsilon)
    assert len(simple) == len(drawing)
    for stroke, kept in zip(drawing, simple, strict=True):
        assert far_from(stroke, kept) <= epsilon + 1e-6
        assert kept[[0, -1]].tolist() == stroke[[0, -1]].tolist()


def test_resampled_by_hand():
    corner = Drawing([[(0, 0), (4, 0), (4, 2)], [(9, 9)]], times=[[0, 8, 10], [3]])
    resampled = corner.resampled(2)
    assert resampled == Drawing(
        [[(0, 0), (2, 0), (4, 0), (4, 2)], [(9, 9)]], times=[[0, 4, 8, 10], [3]]
    )


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing), st.floats(1e4, 1e6))
def test_resampled_is_even_and_keeps_the_ends(drawing, spacing):
    for stroke, points in zip(drawing, drawing.resampled(spacing), strict=True):
        assert points[[0, -1]] == pytest.approx(stroke[[0, -1]])
        assert far_from(points, stroke) < 1e-3
        steps = np.hypot(*np.diff(points, axis=0).T)
        assert not len(steps) or steps.max() <= 2 * spacing


@pytest.mark.parametrize("spacing", [0, -1, float("nan"), 1e-9])
def test_impossible_spacings(spacing):
    with pytest.raises(UserError, match="spacing"):
        HOUSE.resampled(spacing)

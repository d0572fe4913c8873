"""Bent between the points, sharp at corners, and through all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, smoothed

numbers = st.integers(-1000, 1000)
strokes = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12)
coordinates = st.integers(-50, 50)
near_strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)


@given(st.lists(strokes, max_size=4), st.integers(1, 7))
def test_every_point_stays_where_it_is(drawn, pieces):
    drawing = Drawing(drawn)
    for stroke, bent in zip(drawing, smoothed(drawing, pieces), strict=True):
        np.testing.assert_allclose(bent[::pieces], stroke, atol=1e-9)


def test_a_circle_of_few_points_becomes_rounder():
    angle = np.linspace(0, 2 * np.pi, 13)
    circle = Drawing([100 * np.stack([np.cos(angle), np.sin(angle)], 1)])
    straight, bent = circle.resampled(5).strokes[0], smoothed(circle, 8).strokes[0]
    assert np.abs(np.hypot(*straight.T) - 100).max() > 3
    assert np.abs(np.hypot(*bent.T) - 100)[8:-8].max() < 0.5


def test_corners_stay_sharp_and_straight_sides_straight():
    square = Drawing([[(0, 0), (0, 90), (90, 90), (90, 0), (0, 0)]])
    (bent,) = smoothed(square, 4)
    assert ((np.abs(bent) < 1e-9) | (np.abs(bent - 90) < 1e-9)).any(1).all()  # on its outline
    np.testing.assert_allclose(bent[2], (0, 45))


def test_nothing_overshoots_far_where_long_and_short_ways_meet():
    (bent,) = smoothed(Drawing([[(0, 0), (100, 0), (101, 1), (101, 100)]]))
    assert bent.min() > -2
    assert bent.max() < 103


def test_points_that_are_doubled_or_alone_do_no_harm():
    drawing = Drawing([[(5, 5)], [(1, 1), (1, 1)], [(0, 0), (0, 0), (9, 0), (9, 0)]])
    for stroke in smoothed(drawing):
        assert np.isfinite(stroke).all()
    assert smoothed(Drawing([])) == Drawing([])


def test_times_and_pressures_come_along():
    drawing = Drawing([[(0, 0), (10, 0), (20, 5)]], [[0, 100, 300]], [[0.2, 0.4, 1.0]])
    bent = smoothed(drawing, 2)
    np.testing.assert_allclose(bent.times[0], [0, 50, 100, 200, 300])
    np.testing.assert_allclose(bent.pressures[0], [0.2, 0.3, 0.4, 0.7, 1.0])


# ---- at a spacing ----


@given(near_strokes)
def test_every_point_stays_at_any_spacing(points):
    (curve,) = smoothed(Drawing([points]), spacing=1.0, corner=110)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9
    assert curve[0].tolist() == list(points[0])
    assert curve[-1].tolist() == list(points[-1])
    assert np.abs(curve).max() < 200


def test_a_circle_becomes_rounder_at_a_spacing():
    angles = np.linspace(0, 2 * np.pi, 13)
    polygon = np.column_stack([np.cos(angles), np.sin(angles)]) * 10
    (curve,) = smoothed(Drawing([polygon]), spacing=0.5, corner=110)
    sides = np.linspace(polygon[:-1], polygon[1:], 9).reshape(-1, 2)
    assert np.abs(np.hypot(*curve[8:-8].T) - 10).max() < 0.1
    assert np.abs(np.hypot(*sides.T) - 10).max() > 0.3


def test_a_turn_of_the_given_angle_stays_sharp():
    (curve,) = smoothed(
        Drawing([[(0, 0), (10, 0), (20, 0), (10, 1), (0, 2)]]), spacing=0.5, corner=110
    )
    before = curve[: int(np.flatnonzero(curve[:, 0] == 20)[0]) + 1]
    assert np.abs(before[:, 1]).max() == 0
    assert curve[:, 0].max() == 20


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan")])
def test_impossible_spacings(spacing):
    with pytest.raises(UserError, match="spacing"):
        smoothed(Drawing([[(0, 0), (1, 1), (2, 0)]]), spacing=spacing)


def test_dots_and_empty_pages_have_no_spacing():
    dot = Drawing([[(3, 4), (3, 4)]])
    assert smoothed(dot, spacing=1.0) == Drawing([[(3, 4)]])
    assert smoothed(Drawing([]), spacing=1.0) == Drawing([])


def test_times_come_along_at_a_spacing_too():
    drawing = Drawing([[(0, 0), (0, 0), (10, 0), (20, 0.1)]], [[0, 50, 100, 300]])
    bent = smoothed(drawing, spacing=5.0)
    np.testing.assert_allclose(bent.times[0], [0, 50, 100, 200, 300])

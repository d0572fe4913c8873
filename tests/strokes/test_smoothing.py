"""Bent between the points, sharp at corners, and through all of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from multimodal.strokes import Drawing, smoothed

numbers = st.integers(-1000, 1000)
strokes = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12)


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

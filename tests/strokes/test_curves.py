"""Smooth strokes: they pass through all points, and corners stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing
from multimodal.strokes.curves import smoothed

coordinates = st.integers(-50, 50)
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)


@given(strokes)
def test_every_point_stays(points):
    (curve,) = smoothed(Drawing([points]), 1.0)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9
    assert curve[0].tolist() == list(points[0])
    assert curve[-1].tolist() == list(points[-1])
    assert np.abs(curve).max() < 200


def test_a_circle_becomes_rounder():
    angles = np.linspace(0, 2 * np.pi, 13)
    polygon = np.column_stack([np.cos(angles), np.sin(angles)]) * 10
    (curve,) = smoothed(Drawing([polygon]), 0.5)
    sides = np.linspace(polygon[:-1], polygon[1:], 9).reshape(-1, 2)
    assert np.abs(np.hypot(*curve[8:-8].T) - 10).max() < 0.1
    assert np.abs(np.hypot(*sides.T) - 10).max() > 0.3


def test_a_corner_stays_sharp_and_straight_lines_straight():
    (curve,) = smoothed(Drawing([[(0, 0), (10, 0), (20, 0), (10, 1), (0, 2)]]), 0.5)
    before = curve[: int(np.flatnonzero(curve[:, 0] == 20)[0]) + 1]
    assert np.abs(before[:, 1]).max() == 0
    assert curve[:, 0].max() == 20


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan")])
def test_impossible_spacings(spacing):
    with pytest.raises(UserError, match="spacing"):
        smoothed(Drawing([[(0, 0), (1, 1), (2, 0)]]), spacing)


def test_dots_and_empty_pages():
    dot = Drawing([[(3, 4), (3, 4)]])
    assert smoothed(dot, 1.0) == dot
    assert smoothed(Drawing([]), 1.0) == Drawing([])

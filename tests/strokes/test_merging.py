"""Strokes that touch become movements of the pen, as few as can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.strokes import Drawing
from multimodal.strokes.merging import merged

SQUARE = [[(0, 0), (9, 0)], [(9, 9), (9, 0)], [(0, 9), (9, 9)], [(0, 9), (0, 0)]]
CROSS = [[(0, 5), (5, 5)], [(5, 5), (9, 5)], [(5, 0), (5, 5)], [(5, 9), (5, 5)]]


def pieces(drawing):
    """Every line of a drawing, whichever way it was drawn."""
    return sorted(
        tuple(sorted([tuple(a), tuple(b)]))
        for stroke in drawing
        for a, b in zip(stroke.tolist(), stroke.tolist()[1:], strict=False)
        if a != b
    )


@pytest.mark.parametrize(
    ("strokes", "movements"),
    [
        (SQUARE, 1),
        (CROSS, 1 + 1),  # four odd ends
        (CROSS[:3], 2),
        ([*SQUARE, [(0, 0), (9, 9)]], 1),  # two odd corners
        ([*SQUARE, [(0, 0), (9, 9)], [(0, 9), (9, 0)]], 2),  # four
        ([*SQUARE, [(20, 20), (30, 30)]], 2),
        ([[(0, 0), (1, 0), (1, 1), (0, 0)], [(0, 0), (5, 5)]], 1),  # a loop and its tail
        ([[(3, 3)]], 1),
    ],
)
def test_as_few_movements_as_can_be(strokes, movements):
    drawing = Drawing(strokes)
    found = merged(drawing, 0)
    assert len(found) == movements
    assert pieces(found) == pieces(drawing)


def test_ends_that_are_near_count_as_one():
    apart = Drawing([[(0, 0), (1, 0)], [(1.04, 0), (2, 0)], [(2.2, 0), (3, 0)]])
    assert len(merged(apart, 0.05)) == 2
    assert len(merged(apart, 0)) == 3
    assert len(merged(apart, 0.3)) == 1


def test_nothing_is_nothing():
    assert merged(Drawing(()), 1) == Drawing(())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1000), st.integers(1, 30))
def test_every_line_is_drawn_once(seed, count):
    corners = np.random.default_rng(seed).integers(0, 4, (count, 2, 2))
    drawing = Drawing([corner * 1.0 for corner in corners])
    found = merged(drawing, 0)
    assert pieces(found) == pieces(drawing)
    ends = [tuple(end) for stroke in drawing for end in stroke[[0, -1]].tolist()]
    odd = sum(ends.count(end) % 2 for end in set(ends))
    assert len(found) >= max(1, odd // 2)
    assert len(found) <= odd // 2 + len(set(ends))

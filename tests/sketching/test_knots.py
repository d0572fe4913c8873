"""Knots are found where ink is wound up in one place, and nowhere else."""

import numpy as np
import pytest
import torch

from multimodal.sketching.knots import KNOTTED, WINDOW, KnotDetector, knot_share
from multimodal.strokes import Drawing

LINE = [(0, 0), (100, 0)]
TURNS = np.linspace(0, 20 * np.pi, 200)
COIL = 2 * np.column_stack([np.cos(TURNS), np.sin(TURNS)])  # ten turns of radius 2


def test_a_line_is_no_knot():
    """A circle of 4 % of its length about a point of a line holds 8 % of it."""
    assert knot_share(Drawing([LINE])) == pytest.approx(0.08, abs=0.005)
    assert knot_share(Drawing([[(5, 5)]])) == knot_share(Drawing([])) == 0
    assert knot_share(Drawing([[(5, 5), (5, 5)]])) == 0


def test_a_coil_at_the_end_of_a_line_is_one():
    """The coil is as long as 40 π, within a circle of 4; the line has 4 more in it."""
    wound = Drawing([LINE, np.add(COIL, (100, 0))])
    length = 40 * np.pi
    assert knot_share(wound) == pytest.approx((length + 4) / (length + 100), abs=0.02)
    assert knot_share(wound.scaled(7).moved(3, 3)) == pytest.approx(knot_share(wound), abs=1e-6)
    assert knot_share(wound) > KNOTTED > knot_share(Drawing([LINE]))


def offsets(points):
    return torch.from_numpy(np.diff(points, axis=0, prepend=[[0, 0]])).float()


def test_the_watch_waits_for_as_many_points_as_a_knot_has():
    """The line's end is the first of the last WINDOW places; then the coil has all of them."""
    knots = KnotDetector.begin(1)
    path = offsets(np.concatenate([[(100, 0)], np.add(COIL[::10], (100, 0))]))
    found = [bool(knots.add(step[None])) for step in path]
    assert found == [False] * (WINDOW - 1) + [True] * (len(path) - WINDOW + 1)


def test_the_watch_knows_what_was_drawn_before():
    before = torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    tiny = offsets(np.arange(WINDOW)[:, None] * (0.3, 0.0))
    small, large = KnotDetector.begin(2), KnotDetector.begin(2, before)
    for step in tiny:
        in_small, in_large = small.add(step.repeat(2, 1)), large.add(step.repeat(2, 1))
    assert not in_small.any()  # all there is
    assert in_large.all()


def test_drawings_can_be_watched_from_where_others_stand():
    knots, other = KnotDetector.begin(2), KnotDetector.begin(2)
    for step in offsets(np.add(COIL[:40] / 4, (50, 0))):
        other.add(step.repeat(2, 1))
    knots.put(torch.tensor([1]), other)
    assert knots.add(torch.zeros(2, 2)).tolist() == [False, True]
    assert knots.keep(torch.tensor([1])).add(torch.zeros(1, 2)).tolist() == [True]

"""Guided points and knots, with hands whose vectors are worked out by hand."""

import numpy as np
import pytest
import torch

from multimodal.recurrent.mixture import MixtureOutput
from multimodal.sketching.generation import (
    ATTEMPTS,
    LONGEST_STEP,
    DrawingBatch,
    FreePoints,
    GuidedPoints,
    RandomNumbers,
    first_points,
)
from multimodal.sketching.knots import WINDOW, KnotDetector
from multimodal.sketching.pen_states import DOWN, END, LIFTED

OUTPUT = MixtureOutput(components=2, pen_states=3)
NEVER = -100.0


class SteadyDecoder:
    """Gives the same vectors at every step."""

    def __init__(self, vectors):
        self.vectors = vectors

    def move(self, points):
        assert len(points) == len(self.vectors)
        return self.vectors

    def keep(self, rows):
        return SteadyDecoder(self.vectors[rows])

    def put(self, rows, other):
        self.vectors[rows] = other.vectors[rows]

    def __len__(self):
        return len(self.vectors)


def vector(left: float, pens=(0.0, NEVER, NEVER)) -> torch.Tensor:
    """A mixture of a step to the left, of that weight, and one to the right; both are narrow."""
    weights = [np.log(left), np.log(1 - left)]
    return torch.tensor([*pens, *weights, -1, 1, 0, 0, *[-3.0] * 4, 0, 0], dtype=torch.float32)


def steps_of(source, count, last=None):
    numbers = RandomNumbers(3, np.arange(count), source.numbers).at(0)
    return source.next(first_points(count) if last is None else last, numbers)


def guided(asked, anything, num_candidates, count=4000):
    decoder = SteadyDecoder(torch.cat([asked.expand(count, -1), anything.expand(count, -1)]))
    offsets, _ = steps_of(GuidedPoints(decoder, OUTPUT, 1.0, num_candidates), count)
    return float((offsets[:, 0] < 0).float().mean())


def test_what_is_like_anything_is_drawn_as_it_comes():
    assert guided(vector(0.3), vector(0.3), num_candidates=4) == pytest.approx(0.3, abs=0.03)


def test_of_two_candidates_the_one_is_likelier_that_tells_more():
    """Left and right are as likely; for anything, left is half as likely as right.

    Against anything, left is 3/2 as likely and right 3/4: where the two candidates differ, as half
    do, the odds are (3/2)³ to (3/4)³, so that left is taken 8 times of 9. Else there is no choice.
    """
    found = guided(vector(0.5), vector(1 / 3), num_candidates=2)
    assert found == pytest.approx(1 / 4 + 1 / 2 * 8 / 9, abs=0.03)
    assert guided(vector(0.5), vector(1 / 3), num_candidates=16) > 0.85


def test_a_draft_that_ends_counts_its_pen_alone():
    """An end is as likely either way; the offset that comes with it must not matter."""
    ends = (NEVER, NEVER, 0.0)
    decoder = SteadyDecoder(
        torch.stack([vector(0.5, ends), vector(0.001, ends)]).repeat_interleave(2000, 0)
    )
    offsets, pens = steps_of(GuidedPoints(decoder, OUTPUT, 1.0, 8), 2000)
    assert (pens == END).all()
    assert float((offsets[:, 0] < 0).float().mean()) == pytest.approx(0.5, abs=0.05)


def test_random_numbers_belong_to_their_drawing_and_place():
    numbers = RandomNumbers(7, np.array([4, 0, 2]), 5)
    rows = [numbers.at(step) for step in range(40)]
    alone = RandomNumbers(7, np.array([2]), 5)
    assert all(alone.at(step).equal(rows[step][2:]) for step in (0, 39, 17, 3))
    assert numbers.keep(torch.tensor([2])).at(20).equal(rows[20][2:])
    assert len(torch.cat(rows).unique()) == 40 * 15


def batch(pens, count=3, limit=40, knots=True):
    """Steps of one to the right; the pen as it is said for each."""
    decoder = SteadyDecoder(torch.stack([vector(1e-9, row) for row in pens]))
    source = FreePoints(decoder, OUTPUT, 1e-9)
    numbers = RandomNumbers(1, np.arange(count), source.numbers)
    return DrawingBatch(
        source, first_points(count), numbers, limit, KnotDetector.begin(count) if knots else None
    )


GO_ON, STOP, LIFT = (0.0, NEVER, NEVER), (NEVER, NEVER, 0.0), (NEVER, 0.0, NEVER)


@pytest.mark.parametrize("knots", [True, False])
def test_drawings_end_each_in_its_time(knots):
    rows = batch([GO_ON, STOP, LIFT], limit=7, knots=knots).rows()
    assert [len(each) for each in rows] == [7, 0, 7]
    np.testing.assert_allclose(rows[0], [[1, 0, DOWN]] * 7, atol=1e-3)
    assert (rows[2][:, 2] == LIFTED).all()


def test_a_finished_stroke_can_be_had_before_the_drawing_is():
    drawing = batch([LIFT, GO_ON, GO_ON], limit=5)
    assert drawing.advance()
    assert [len(drawing.finished(number)) for number in range(3)] == [1, 0, 0]
    while drawing.advance():
        pass
    assert [len(drawing.finished(number)) for number in range(3)] == [5, 5, 5]


class Stuck:
    """Draws a long line and lifts the pen, then dots about one place for ever; or goes on."""

    numbers = 1

    def __init__(self, step, stuck):
        self.step, self.stuck = step, stuck

    def next(self, last, numbers):
        first = self.step == 0
        self.step += 1
        small = torch.where(self.stuck, 0.01, 5.0)
        across = torch.where(first, 30.0, small)
        pens = torch.where(first, LIFTED, DOWN)
        return torch.stack([across, torch.zeros_like(across)], 1), pens

    def keep(self, rows):
        return Stuck(self.step[rows].clone(), self.stuck[rows])

    def put(self, rows, other):
        self.step[rows] = other.step[rows]


def test_a_stroke_that_becomes_a_knot_is_drawn_anew_and_at_last_left_out():
    source = Stuck(torch.zeros(2, dtype=torch.long), torch.tensor([True, False]))
    numbers = RandomNumbers(1, np.arange(2), source.numbers)
    drawing = DrawingBatch(source, first_points(2), numbers, 200, KnotDetector.begin(2))
    knot, line = drawing.rows()
    np.testing.assert_allclose(knot, [[30, 0, LIFTED]])  # ended before it
    assert len(line) == 200
    assert ATTEMPTS * WINDOW < 200


def test_no_step_is_longer_than_four_frames():
    far = vector(1e-9)
    far[3 + 2 + 1] = 1e6  # where the second component goes
    decoder = SteadyDecoder(far[None])
    numbers = RandomNumbers(1, np.arange(1), 4)
    (rows,) = DrawingBatch(FreePoints(decoder, OUTPUT, 1e-9), first_points(1), numbers, 5).rows()
    np.testing.assert_allclose(rows[:, 0], LONGEST_STEP)

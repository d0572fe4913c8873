import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.recognition.handwriting.tracks import SPACING, letter_height, track_of
from multimodal.strokes import Drawing


def test_a_straight_stroke_by_hand():
    """Up and down again: two ways of 30 units, so that 30 units are the height of a letter."""
    track = track_of([[(5, 40), (5, 10), (5, 40)]])
    steps = round(2 / SPACING)
    assert track.shape == (1 + steps, 4)
    assert track[:, 0] == pytest.approx(0)
    up, down = track[1 : 1 + steps // 2, 1], track[1 + steps // 2 :, 1]
    assert up == pytest.approx(-SPACING)
    assert down == pytest.approx(SPACING)
    assert track[:, 2].tolist() == [1] + [0] * steps
    assert np.ptp(track[:, 3]) == pytest.approx(1)


def test_the_way_in_the_air_is_one_step():
    track = track_of([[(0, 0), (0, 30), (0, 0)], [(60, 0), (60, 30), (60, 0)]])
    begins = np.flatnonzero(track[:, 2])
    assert len(begins) == 2
    assert track[begins[1], :2] == pytest.approx((2, 0), abs=1e-5)


@pytest.mark.parametrize("text", ["lvn", "nnnnnn", "v"])
@given(scale=st.floats(0.01, 1000), x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_size_and_place_change_nothing(writer, text, scale, x, y):
    strokes = writer.written(text)
    moved = [stroke * scale + (x, y) * np.ones(2) for stroke in strokes]
    one, other = track_of(strokes), track_of(moved)
    assert one.shape == other.shape
    assert one == pytest.approx(other, abs=1e-3)


def test_sampling_changes_little(writer):
    strokes = writer.written("lvnvl")
    dense = Drawing(strokes).resampled(0.3).strokes
    one, other = track_of(strokes), track_of(dense)
    assert len(one) == len(other)
    assert np.abs(one - other).max() < 0.1


def test_most_of_a_line_s_climb_is_taken_away(writer):
    text, slope = "lvn" * 10, 0.1
    flat, steep = writer.page(text), writer.page(text, slope=slope)
    unit = letter_height(steep.strokes)
    climb = slope * (steep.bounds[2] - steep.bounds[0]) / unit
    left = np.ptp(track_of(steep.strokes)[:, 3]) - np.ptp(track_of(flat.strokes)[:, 3])
    assert climb > 4
    assert left < 0.3 * climb


def test_the_height_of_letters_is_that_of_most_ink(writer):
    assert letter_height(writer.written("nvnvn")) == pytest.approx(20, rel=0.2)
    assert letter_height(writer.written("nvnvnlnvnvn")) == pytest.approx(20, rel=0.2)


def test_a_scribble_without_end_has_a_track_of_bounded_length():
    corners = np.random.default_rng(0).uniform(0, 100, (50_000, 2))
    assert 10_000 < len(track_of([corners])) < 21_000


@pytest.mark.parametrize(
    "strokes", [[], [[(3, 3)]], [[(3, 3), (3, 3)]], [[(0, 0), (100, 0)]], [[(1, 1)], [(5, 1)]]]
)
def test_what_has_no_letters_has_a_track_all_the_same(strokes):
    track = track_of(strokes)
    assert np.isfinite(track).all()
    assert (len(track) > 0) == bool(strokes)
    assert len(track) < 5000

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multimodal.recognition.drawings.features import (
    MARGIN,
    MIRRORED_CHANNELS,
    MIRRORED_PIECE,
    MOST_PIECES,
    PIECE_FEATURES,
    PIECE_POINTS,
    CanvasState,
    extract_features,
    pictures,
)
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.strokes import Drawing

HALF = 2 * PIECE_POINTS  # features of places, then of steps, then the rest
few = settings(max_examples=20, deadline=None)
strokes = st.lists(
    st.integers(1, 5).flatmap(lambda n: arrays(float, (n, 2), elements=st.integers(0, 255))),
    min_size=1,
    max_size=5,
)


def seen(drawing: Drawing):
    return extract_features(StrokeBatch.of([drawing]))


def newest_pictures(drawing: Drawing, size: int = 16):
    return pictures(seen(drawing), np.arange(len(drawing)), size)


def test_a_straight_line_is_seen_by_hand():
    """It fills its frame from -1 to 1, so it is 2 long: four pieces of eight steps of 1/16."""
    view = seen(Drawing([[(100, 7), (300, 7)]]))
    assert view.sizes.tolist() == [4]
    places, steps, rest = np.split(view.pieces, [HALF, 2 * HALF], 1)
    assert places[:, ::2].ravel() == pytest.approx(-1 + np.arange(1, 33) / 16)
    assert places[:, 1::2] == pytest.approx(0)
    assert steps[:, ::2] == pytest.approx(1)  # a step of 1/16 counts as 1
    assert steps[:, 1::2] == pytest.approx(0)
    first_last = rest[:, :2].tolist()
    assert first_last == [[1, 0], [0, 0], [0, 0], [0, 1]]
    # the first stroke; no growth, no shift; as wide as the frame and flat; no jump; full length
    assert rest[:, 2:] == pytest.approx(np.tile([1, 0, 0, 0, 1, 0, 0, 0, 1], (4, 1)))


def test_a_stroke_is_told_how_the_frame_grew():
    """A box of 4 × 4 around (2, 2), then a dot at (8, 2): the frame is 8 wide around (4, 2)."""
    view = seen(Drawing([[(0, 0), (4, 4)], [(8, 2)]]))
    dot = view.pieces[-1]
    assert dot[:HALF].reshape(-1, 2) == pytest.approx(np.tile([1.0, 0.0], (PIECE_POINTS, 1)))
    assert dot[HALF : 2 * HALF] == pytest.approx(0)
    grown, shift = np.log(8 / 4), (2 / 4, 0)
    jump = ((8 - 4) / 4, (2 - 4) / 4)
    assert dot[2 * HALF :] == pytest.approx([1, 1, 0, grown, *shift, 1, 0.5, *jump, 0])


def test_long_strokes_have_longer_pieces():
    view = seen(Drawing([[(x, y) for x in range(100) for y in (0, 99)]]))
    assert view.sizes.tolist() == [MOST_PIECES]
    assert view.pieces[0, -1] > 1


@few
@given(strokes, st.floats(1e-3, 1e3), st.floats(-1e4, 1e4))
def test_neither_unit_nor_place_is_seen(drawn, factor, shift):
    drawing = Drawing(drawn)
    other = drawing.scaled(factor).moved(factor * shift, -factor * shift)
    one, two = seen(drawing), seen(other)
    if np.array_equal(one.sizes, two.sizes):  # at the edge, rounding may add a piece
        np.testing.assert_allclose(one.pieces, two.pieces, atol=2e-3)
    np.testing.assert_allclose(newest_pictures(drawing), newest_pictures(other), atol=2e-2)


@few
@given(strokes)
def test_how_densely_a_line_was_sampled_is_not_seen(drawn):
    drawing = Drawing(drawn)
    denser = Drawing(
        [
            np.concatenate([s[:1], *(np.linspace(a, b, 4)[1:] for a, b in pairwise(s))])
            for s in drawing
        ]
    )
    one, two = seen(drawing), seen(denser)
    if np.array_equal(one.sizes, two.sizes):
        np.testing.assert_allclose(one.pieces, two.pieces, atol=1e-4)


@few
@given(strokes, st.integers(0, 5))
def test_going_on_is_the_same_as_seeing_all_at_once(drawn, cut):
    drawing = Drawing(drawn)
    cut = min(cut, len(drawing))
    first, then = Drawing(drawing.strokes[:cut]), Drawing(drawing.strokes[cut:])
    whole, begun = seen(drawing), seen(first)
    rest = extract_features(StrokeBatch.of([then]), begun.after)
    np.testing.assert_allclose(np.concatenate([begun.pieces, rest.pieces]), whole.pieces, atol=1e-6)
    for name in ("low", "high", "last"):
        assert getattr(rest.after, name).tolist() == getattr(whole.after, name).tolist()
    if len(then):
        last = np.array([len(drawing) - 1])
        continued = pictures(rest, np.array([len(then) - 1]), 16, begun.trace)
        np.testing.assert_allclose(continued, pictures(whole, last, 16), atol=1e-5)


@few
@given(st.lists(strokes, min_size=1, max_size=4))
def test_drawings_do_not_see_each_other(several):
    drawings = [Drawing(drawn) for drawn in several]
    view = extract_features(StrokeBatch.of(drawings))
    alone = [seen(drawing) for drawing in drawings]
    np.testing.assert_allclose(view.pieces, np.concatenate([v.pieces for v in alone]), atol=1e-6)
    every = np.arange(sum(map(len, drawings)))
    apart = np.concatenate([newest_pictures(drawing) for drawing in drawings])
    np.testing.assert_allclose(pictures(view, every, 16), apart, atol=1e-5)


@few
@given(strokes)
def test_a_mirror_changes_signs_and_turns_pictures_round(drawn):
    drawing = Drawing(drawn)
    mirrored = Drawing([stroke * (-1, 1) for stroke in drawing])
    signs = np.array(MIRRORED_PIECE)
    assert signs.shape == (PIECE_FEATURES,)
    np.testing.assert_allclose(seen(mirrored).pieces, seen(drawing).pieces * signs, atol=1e-6)
    turned = newest_pictures(drawing)[..., ::-1] * np.array(MIRRORED_CHANNELS)[:, None, None]
    np.testing.assert_allclose(newest_pictures(mirrored), turned, atol=1e-4)


@few
@given(strokes)
def test_what_is_seen_of_a_stroke_does_not_depend_on_what_follows(drawn):
    drawing = Drawing(drawn)
    begun = Drawing(drawing.strokes[:1])
    pieces = seen(begun).pieces
    np.testing.assert_allclose(seen(drawing).pieces[: len(pieces)], pieces, atol=1e-6)
    np.testing.assert_allclose(newest_pictures(drawing)[:1], newest_pictures(begun), atol=1e-5)


def test_a_picture_shows_ink_direction_and_age():
    """A row to the right, then a column down: ink 1 on them, cos 2θ = 1 and -1, older and newer."""
    size = 17  # odd, so that the middle of the frame is the middle of a pixel
    ink, cos, sin, age = newest_pictures(
        Drawing([[(0, 50), (100, 50)], [(50, 0), (50, 100)]]), size
    )[1]
    middle, first, last = size // 2, int(MARGIN), size - 1 - int(MARGIN)
    arm = slice(first + 1, middle - 1)
    assert ink[middle, arm] == pytest.approx(1, abs=0.03)
    assert ink[arm, middle] == pytest.approx(1, abs=0.03)
    assert cos[middle, arm] == pytest.approx(1, abs=0.03)
    assert cos[arm, middle] == pytest.approx(-1, abs=0.03)
    assert sin == pytest.approx(0, abs=1e-6)
    assert age[middle, arm].max() < 0.5 < age[arm, middle].min()
    assert ink[: first - 1].sum() == 0 == ink[last + 2 :].sum()


def test_a_falling_diagonal_has_a_positive_sine():
    """y runs down: from (0, 0) to (1, 1) the angle is 45 degrees and sin 2θ is 1."""
    ink, cos, sin, _ = newest_pictures(Drawing([[(0, 0), (9, 9)]]))[0]
    assert ink.max() > 0.5
    np.testing.assert_allclose(sin, ink, atol=1e-6)
    assert np.abs(cos).max() < 1e-6


def test_a_dot_is_seen():
    ink = newest_pictures(Drawing([[(5, 5)]]))[0, 0]
    assert 0.5 < ink.sum() < 1.5


def test_nothing_before_is_an_empty_canvas():
    view = extract_features(StrokeBatch.of([Drawing([[(0, 0), (1, 2)]])]), CanvasState.nothing(1))
    assert view.pieces.tolist() == seen(Drawing([[(0, 0), (1, 2)]])).pieces.tolist()


def test_drawings_without_strokes_are_not_seen():
    view = extract_features(StrokeBatch.of([Drawing([]), Drawing([[(0, 0), (1, 1)]]), Drawing([])]))
    assert view.counts.tolist() == [0, 1, 0]
    assert len(view.sizes) == 1
    assert np.isinf(view.after.low[[0, 2]]).all()

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing
from pipelines.postcard.layout import (
    INSIDE,
    Box,
    arrange,
    fit_writing,
    line_height,
    plan_card,
    stamp_edge,
    text_width,
)

SIDES = st.floats(60, 400)
SHAPES = st.floats(0.3, 4)
A6 = (148.0, 105.0)


def figure(width: float, height: float, left: float = 0, top: float = 0) -> Drawing:
    right, bottom = left + width, top + height
    return Drawing([[(left, top), (right, top)], [(right, bottom), (left, bottom)]])


def box_of(drawing: Drawing) -> Box:
    left, top, right, bottom = drawing.bounds
    return Box(left, top, right - left, bottom - top)


FIGURES = st.lists(
    st.builds(figure, *[st.integers(0, 300)] * 2, *[st.integers(-500, 500)] * 2),
    min_size=1,
    max_size=12,
)


def test_boxes_that_only_touch_do_not_overlap():
    assert not Box(0, 0, 2, 2).overlaps(Box(2, 0, 2, 2))
    assert not Box(0, 0, 2, 2).overlaps(Box(0, 2, 2, 2))
    assert Box(0, 0, 2, 2).overlaps(Box(1, 1, 2, 2))
    assert Box(0, 0, 9, 9).overlaps(Box(3, 3, 1, 1))


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES, st.none() | SHAPES, st.booleans(), st.integers(1, 400))
def test_nothing_on_a_card_overlaps_and_all_keep_the_margin(width, height, photo, drawn, letters):
    line = line_height(width, height, letters, alone=photo is None and not drawn)
    plan = plan_card(width, height, photo=photo, drawn=drawn, writing=2 * line)
    boxes = [box for box in (plan.photo, plan.stamp, plan.writing) if box is not None]
    margin = 0.075 * min(width, height) - 1e-6
    for box in boxes:
        assert min(box.left, box.top, width - box.right, height - box.bottom) >= margin
        assert min(box.width, box.height) > 0
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    assert (plan.photo is None) == (photo is None)
    assert (plan.stamp is None) == (not drawn)
    if plan.photo:
        assert plan.photo.width / plan.photo.height == pytest.approx(photo)
    if plan.stamp:
        assert min(plan.stamp.width, plan.stamp.height) > 2 * INSIDE


def test_a_wide_card_has_its_pictures_side_by_side_and_a_tall_one_under_each_other():
    wide = plan_card(*A6, photo=1.0, drawn=True, writing=20)
    assert wide.photo.right < wide.stamp.left
    tall = plan_card(105, 148, photo=1.0, drawn=True, writing=20)
    assert tall.photo.bottom < tall.stamp.top


def test_a_sentence_alone_is_in_the_middle():
    plan = plan_card(*A6, photo=None, drawn=False, writing=30)
    assert plan.writing.top == pytest.approx(A6[1] - plan.writing.bottom)


def test_a_long_sentence_has_smaller_letters():
    heights = [line_height(*A6, letters, alone=False) for letters in (5, 60, 150, 2000)]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == pytest.approx(0.125 * 105)
    lines = math.ceil(2000 * 0.26 * heights[-1] / text_width(*A6))
    assert lines * heights[-1] <= 0.36 * 105 * 1.2


@pytest.mark.parametrize("sides", [(10, 105), (148, 5000)])
def test_a_card_out_of_range_is_refused(sides):
    with pytest.raises(UserError, match="sides from 40 to 1000 expected"):
        plan_card(*sides, photo=None, drawn=True, writing=10)


@settings(deadline=None, max_examples=60)
@given(FIGURES, SIDES, SIDES)
def test_figures_are_within_their_box_and_none_overlaps_another(figures, width, height):
    box = Box(10, 20, width, height)
    placed = arrange(figures, box)
    assert len(placed) == len(figures)
    assert all(box.holds(drawing, slack=1e-6 * 400) for drawing in placed)
    shrunk = [box_of(drawing).inset(1e-7) for drawing in placed]
    for one, other in combinations(shrunk, 2):
        assert not one.overlaps(other)


def test_figures_keep_their_sizes_to_each_other_and_their_order():
    placed = arrange([figure(10, 20), figure(30, 10), figure(5, 5)], Box(0, 0, 100, 50))
    widths = [box_of(drawing).width for drawing in placed]
    assert widths[1] / widths[0] == pytest.approx(3)
    assert widths[2] / widths[0] == pytest.approx(0.5)


def test_figures_take_the_rows_that_make_them_largest():
    high = Box(0, 0, 30, 100)
    stacked = [box_of(drawing) for drawing in arrange([figure(10, 10), figure(10, 10)], high)]
    assert stacked[0].bottom < stacked[1].top
    wide = Box(0, 0, 100, 30)
    beside = [box_of(drawing) for drawing in arrange([figure(10, 10), figure(10, 10)], wide)]
    assert beside[0].right < beside[1].left
    assert beside[0].bottom == pytest.approx(beside[1].bottom)  # one ground line


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES)
def test_the_edge_of_a_stamp_is_one_closed_stroke_along_its_box(width, height):
    box = Box(7, 9, width, height)
    edge = stamp_edge(box)
    assert len(edge) == 1
    assert box.holds(edge)
    np.testing.assert_allclose(edge.strokes[0][0], edge.strokes[0][-1])
    inner = box.inset(1.0)
    x, y = edge.strokes[0].T
    within = (inner.left < x) & (x < inner.right) & (inner.top < y) & (y < inner.bottom)
    assert not within.any()


@settings(deadline=None, max_examples=60)
@given(st.floats(0.1, 500), st.floats(0.1, 500))
def test_writing_is_never_larger_than_its_box_nor_enlarged(width, height):
    box = Box(5, 50, 120, 20)
    placed = fit_writing(figure(width, height, 3, 4), box)
    assert box.holds(placed)
    assert box_of(placed).width == pytest.approx(width * min(1, 120 / width, 20 / height), rel=1e-6)


def test_writing_is_centred_on_request():
    placed = box_of(fit_writing(figure(40, 10), Box(5, 50, 120, 20), centred=True))
    assert placed.left - 5 == pytest.approx(125 - placed.right)
    assert placed.top - 50 == pytest.approx(70 - placed.bottom)

import numpy as np
import pytest

from multimodal.recognition.drawings.stroke_batch import StrokeBatch, ranges, starts_of
from multimodal.strokes import Drawing

DRAWINGS = [
    Drawing([[(0, 1), (2, 3)], [(4, 5)]]),
    Drawing([]),
    Drawing([[(6, 7), (8, 9), (10, 11)]]),
]


def as_drawings(ink: StrokeBatch) -> list[Drawing]:
    strokes = iter(np.split(ink.points, np.cumsum(ink.sizes)[:-1]))
    return [Drawing([next(strokes) for _ in range(count)]) for count in ink.counts]


def test_drawings_are_laid_out_one_after_the_other():
    ink = StrokeBatch.of(DRAWINGS)
    assert ink.points.tolist() == [[n, n + 1] for n in range(0, 12, 2)]
    assert ink.sizes.tolist() == [2, 1, 3]
    assert ink.counts.tolist() == [2, 0, 1]
    assert ink.drawing_of_stroke.tolist() == [0, 0, 2]
    assert ink.stroke_of_point.tolist() == [0, 0, 1, 2, 2, 2]
    assert as_drawings(ink) == DRAWINGS


def test_no_drawing_at_all_is_ink_too():
    ink = StrokeBatch.of([])
    assert len(ink) == 0
    assert ink.points.shape == (0, 2)
    assert [corner.shape for corner in ink.boxes()] == [(0, 2), (0, 2)]


@pytest.mark.parametrize("which", [[2, 0], [1], [0, 0, 2, 1], []])
def test_drawings_are_taken_in_any_order(which):
    assert as_drawings(StrokeBatch.of(DRAWINGS).subset(which)) == [DRAWINGS[n] for n in which]


def test_strokes_are_rearranged_within_drawings():
    ink = StrokeBatch.of(DRAWINGS).rearranged(np.array([1, 2, 0]), np.array([1, 2]))
    (a, b), _, (c,) = (drawing.strokes for drawing in DRAWINGS)
    assert as_drawings(ink) == [Drawing([b]), Drawing([c, a])]


def test_boxes_hold_each_stroke():
    low, high = StrokeBatch.of(DRAWINGS).boxes()
    assert low.tolist() == [[0, 1], [4, 5], [6, 7]]
    assert high.tolist() == [[2, 3], [4, 5], [10, 11]]


def test_ranges_count_within_groups():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert starts_of(np.array([2, 0, 3])).tolist() == [0, 2, 2]

import numpy as np
import pytest

from multimodal.recognition.drawings import augmentation
from multimodal.recognition.drawings.augmentation import augment
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.strokes import Drawing


@pytest.fixture
def ink(drawings) -> StrokeBatch:
    return StrokeBatch.of([drawing for of_one in drawings.values() for drawing in of_one])


def drawn_strokes(ink: StrokeBatch) -> list[list[list]]:
    points = iter(np.split(ink.points, np.cumsum(ink.sizes)[:-1]))
    return [[next(points).tolist() for _ in range(count)] for count in ink.counts]


def test_the_same_random_numbers_make_the_same_drawings(ink):
    one, same, other = (augment(ink, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.points.tolist() == same.points.tolist()
    assert one.points.shape != other.points.shape or not np.allclose(one.points, other.points)


def test_drawings_stay_drawings(ink):
    changed = augment(ink, np.random.default_rng(0))
    assert len(changed) == len(ink)
    assert changed.counts.min() >= 1
    assert changed.counts.sum() == len(changed.sizes)
    assert changed.sizes.sum() == len(changed.points)
    assert np.isfinite(changed.points).all()


def test_a_dot_stays_a_dot_in_its_drawing():
    changed = augment(StrokeBatch.of([Drawing([[(3, 3)]])] * 50), np.random.default_rng(0))
    assert changed.sizes.tolist() == [1] * 50
    assert np.isfinite(changed.points).all()


def test_strokes_are_dropped_and_swapped_but_never_the_longest(ink):
    before = drawn_strokes(ink)
    after = drawn_strokes(augmentation._reordered(ink, np.random.default_rng(0)))
    longest = [max(d, key=lambda s: np.hypot(*np.ptp(s, axis=0))) for d in before]
    assert all(stroke in drawing for stroke, drawing in zip(longest, after, strict=True))
    assert all(all(s in b for s in a) for a, b in zip(after, before, strict=True))
    assert sum(map(len, after)) < sum(map(len, before))
    assert any(a != b and len(a) == len(b) for a, b in zip(after, before, strict=True))


def test_an_interrupted_stroke_goes_on_where_it_stopped(ink):
    before = drawn_strokes(ink)
    after = drawn_strokes(augmentation._interrupted(ink, np.random.default_rng(0)))
    assert sum(map(len, after)) > sum(map(len, before))
    for was, is_now in zip(before, after, strict=True):
        joined = [is_now[0]]
        for stroke in is_now[1:]:
            if stroke[0] == joined[-1][-1]:
                joined[-1] = joined[-1] + stroke[1:]
            else:
                joined.append(stroke)
        assert joined == was


def test_some_strokes_are_drawn_from_their_other_end(ink):
    before = [s for drawing in drawn_strokes(ink) for s in drawing]
    changed = augmentation._reversed(ink, np.random.default_rng(0))
    after = [s for drawing in drawn_strokes(changed) for s in drawing]
    assert all(b in (a, a[::-1]) for a, b in zip(before, after, strict=True))
    turned = sum(a != b for a, b in zip(before, after, strict=True))
    assert 0 < turned < len(before) / 3


def test_places_change_by_little_but_for_the_mirror(ink):
    """Half of the drawings are mirrored; of the others, the larger part stays where it was."""
    changed = augmentation._moved(ink, np.random.default_rng(0))
    assert changed.sizes.tolist() == ink.sizes.tolist()
    drawing = ink.drawing_of_stroke[ink.stroke_of_point]
    likeness = []
    for number in range(len(ink)):
        was, is_now = (i.points[drawing == number] for i in (ink, changed))
        likeness.append(np.corrcoef(was[:, 0], is_now[:, 0])[0, 1])
    assert np.abs(likeness).mean() > 0.9
    assert 0.3 < (np.array(likeness) < 0).mean() < 0.7

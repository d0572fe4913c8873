"""Writers are told apart by their strokes alone."""

import numpy as np
import pytest

from multimodal.handwriting.style_features import FEATURES, features, ranks
from multimodal.strokes import Drawing


def zigzag(slant: float, width: float, seed: int, lifts: int = 0) -> Drawing:
    random = np.random.default_rng(seed)
    y = np.where(np.arange(24) % 2, -40.0, 0.0) + random.normal(0, 3, 24)
    x = np.arange(24) * width / 2 - slant * y
    points = np.column_stack([x, y])
    return Drawing(np.split(points, range(2, 2 + 2 * lifts, 2)) if lifts else [points])


def described(slant, width, seeds, lifts=0):
    drawings = [zigzag(slant, width, seed, lifts) for seed in seeds]
    return features(drawings, ["abc def ghijkl"] * len(seeds))


WRITERS = [(0.0, 20, 0), (0.4, 20, 0), (-0.2, 20, 0), (0.0, 40, 0), (0.0, 20, 8)]


def test_other_lines_of_the_same_hand_are_nearest():
    some = np.stack([described(s, w, range(4), lifts) for s, w, lifts in WRITERS])
    others = np.stack([described(s, w, range(10, 14), lifts) for s, w, lifts in WRITERS])
    assert some.shape == (5, FEATURES)
    assert ranks(some, others).tolist() == [1] * 5
    swapped = some[[1, 0, 2, 3, 4]]
    assert ranks(swapped, others)[:2].min() > 1


def test_a_straight_line_by_hand():
    found = features([Drawing([[(0, 0), (80, 0)], [(100, 0), (140, 0)]])], ["ab"])
    directions, (width, strokes, turns, ink, height) = found[:-5], found[-5:]
    assert directions[0] == pytest.approx(4)
    assert np.abs(directions[1:]).max() == pytest.approx(0)
    assert (width, strokes, turns) == pytest.approx((140 / 40, 1.0, 0.0))
    assert (ink, height) == pytest.approx((120 / 40, 0.0))


def test_dots_alone():
    assert np.isfinite(features([Drawing([[(3, 3)]])], ["."])).all()

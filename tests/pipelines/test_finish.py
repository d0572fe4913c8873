"""Finishing a drawing: what it looks like is drawn, and what looks most like it is given."""

import pytest

import multimodal
from multimodal.errors import UserError
from multimodal.strokes import Drawing
from pipelines.finish import CANDIDATES, finish
from pipelines.sketch import complete

HOW = {"temperature": 0.4, "seed": 1}


@pytest.fixture(scope="module")
def sketcher():
    return multimodal.load_sketcher()


@pytest.fixture(scope="module")
def recognizer():
    return multimodal.load_recognizer()


@pytest.fixture(scope="module")
def begun(sketcher) -> Drawing:
    return sketcher.draw("a bicycle", seed=5)[0].first(24)


def shares(recognizer, drawings, category) -> list[float]:
    predictions = recognizer.predict(list(drawings), len(recognizer.categories))
    return [dict(prediction.ranking)[category] for prediction in predictions]


def test_the_endings_that_look_most_like_it_are_given(sketcher, recognizer, begun):
    done = finish(sketcher, recognizer, begun, 3, "a duck", **HOW)
    every = complete(sketcher, begun, 3 * CANDIDATES, "duck", **HOW).drawings
    assert done.title == "duck"
    assert set(done.drawings) <= set(every)
    assert all(drawing.first(begun.points) == begun for drawing in done.drawings)
    best = sorted(shares(recognizer, every, "duck"), reverse=True)[:3]
    assert shares(recognizer, done.drawings, "duck") == pytest.approx(best, abs=1e-5)


def test_unless_told_it_becomes_what_it_looks_like(sketcher, recognizer, begun):
    done = finish(sketcher, recognizer, begun, 2, **HOW)
    assert done.title == recognizer.predict(begun).label
    assert done == finish(sketcher, recognizer, begun, 2, done.title, **HOW)


def test_what_cannot_be_finished_is_one_line(sketcher, recognizer, begun):
    with pytest.raises(UserError, match="the drawing is empty"):
        finish(sketcher, recognizer, Drawing([]))
    with pytest.raises(UserError, match="'duk' is not understood"):
        finish(sketcher, recognizer, begun, category="a duk")
    with pytest.raises(UserError, match="more than one thing"):
        finish(sketcher, recognizer, begun, category="two ducks")

"""The sketcher that ships draws what it is asked for."""

import numpy as np
import pytest

from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.sketching.sketcher import Sketcher


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher.from_pretrained()


def test_rough_categories_are_marked(sketcher):
    assert len(sketcher.categories) == 345
    assert "airplane" not in sketcher.low_quality
    assert "dog" not in sketcher.low_quality  # taught by drawings of a model
    assert "the mona lisa" in sketcher.low_quality


def test_a_judge_names_its_drawings(sketcher):
    recognizer = Recognizer.from_pretrained()
    asked = [(name, 10) for name in ("airplane", "apple", "butterfly", "candle", "eye")]
    drawn = sketcher.draw_many(asked, temperature=0.4, seed=3)
    named = [
        prediction.label == name
        for (name, _), drawings in zip(asked, drawn, strict=True)
        for prediction in recognizer.predict(drawings)
    ]
    assert np.mean(named) > 0.8


def test_a_morph_begins_and_ends_as_asked(sketcher):
    apple, eye = (sketcher.draw(name, seed=5)[0] for name in ("apple", "eye"))
    between = sketcher.interpolate(apple, eye, 6, categories=("apple", "eye"), seed=0)
    ends = [between[0], between[-1]]
    names = [prediction.label for prediction in Recognizer.from_pretrained().predict(ends)]
    assert names == ["apple", "eye"]

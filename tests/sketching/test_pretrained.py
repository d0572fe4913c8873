"""The sketcher that ships: small, documented, and it draws what it is asked for."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from multimodal.checkpoints import CARD, CONFIG, PRETRAINED, WEIGHTS
from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.sketching.sketcher import SHIPPED, Sketcher

FOLDER = PRETRAINED / SHIPPED
LARGEST = 12e6  # bytes of weights

pytestmark = pytest.mark.skipif(
    not (FOLDER / CONFIG).is_file(), reason=f"{SHIPPED} is not in the package"
)


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher.load()


def test_it_is_small_and_16_bit_and_has_a_card():
    assert (FOLDER / WEIGHTS).stat().st_size <= LARGEST
    with safe_open(FOLDER / WEIGHTS, framework="pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert torch.float32 not in kinds
    card = (FOLDER / CARD).read_text(encoding="utf-8")
    for stated in ("CC BY 4.0", "magenta", "L_R", "KL"):
        assert stated in card


def test_rough_categories_are_marked(sketcher):
    assert len(sketcher.categories) == 345
    assert "airplane" not in sketcher.rough
    assert "dog" not in sketcher.rough  # taught by drawings of a model
    assert "the mona lisa" in sketcher.rough


def test_a_judge_names_its_drawings(sketcher):
    recognizer = Recognizer.load()
    asked = [(name, 10) for name in ("airplane", "apple", "butterfly", "candle", "eye")]
    drawn = sketcher.draw_many(asked, temperature=0.4, seed=3)
    named = [
        guess.label == name
        for (name, _), drawings in zip(asked, drawn, strict=True)
        for guess in recognizer.guess(drawings)
    ]
    assert np.mean(named) > 0.8


def test_a_morph_begins_and_ends_as_asked(sketcher):
    apple, eye = (sketcher.draw(name, seed=5)[0] for name in ("apple", "eye"))
    between = sketcher.interpolate(apple, eye, 6, categories=("apple", "eye"), seed=0)
    names = [guess.label for guess in Recognizer.load().guess([between[0], between[-1]])]
    assert names == ["apple", "eye"]

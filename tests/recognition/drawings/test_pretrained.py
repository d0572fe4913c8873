"""The recognizer that ships: small, documented, and as good as its card says."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from multimodal.checkpoints import CARD, CONFIG, PRETRAINED, WEIGHTS
from multimodal.recognition.drawings.recognizer import SHIPPED, Recognizer
from multimodal.strokes import Drawing, read_quickdraw

FOLDER = PRETRAINED / SHIPPED
LARGEST = 6e6  # bytes of weights

pytestmark = pytest.mark.skipif(
    not (FOLDER / CONFIG).is_file(), reason=f"{SHIPPED} is not in the package"
)


def test_it_is_small_and_16_bit_and_has_a_card():
    assert (FOLDER / WEIGHTS).stat().st_size <= LARGEST
    with safe_open(FOLDER / WEIGHTS, framework="pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert torch.float32 not in kinds
    card = (FOLDER / CARD).read_text(encoding="utf-8")
    assert "CC BY 4.0" in card
    assert "top-5" in card


def test_it_cares_neither_for_size_nor_for_place():
    angles = np.linspace(0, 2 * np.pi, 40)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    eyes = [circle / 8 + [x, -0.3] for x in (-0.4, 0.4)]
    mouth = circle[3:18] / 2 + [0, 0.1]
    recognizer = Recognizer.load()
    for size, place in ((1, 0), (0.01, 3), (5000, -700)):
        face = Drawing([stroke * size + place for stroke in (circle, *eyes, mouth)])
        guess = recognizer.guess(face)
        assert guess.label in ("face", "smiley face")
        assert guess.probability > 0.8


def test_it_names_people_s_drawings(shared):
    recognizer = Recognizer.load()
    valid = read_quickdraw(shared / "data" / "quickdraw", "dev")
    named = {
        name: [guess.label == name for guess in recognizer.guess(valid[name][:15])]
        for name in ("airplane", "apple", "cat", "butterfly", "face", "guitar", "pig", "eye")
    }
    assert np.mean(list(named.values())) > 0.9, named

"""The recognizer that ships is as good as its card says."""

import numpy as np

from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.strokes import Drawing, read_quickdraw


def test_it_cares_neither_for_size_nor_for_place():
    angles = np.linspace(0, 2 * np.pi, 40)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    eyes = [circle / 8 + [x, -0.3] for x in (-0.4, 0.4)]
    mouth = circle[3:18] / 2 + [0, 0.1]
    recognizer = Recognizer.from_pretrained()
    for size, place in ((1, 0), (0.01, 3), (5000, -700)):
        face = Drawing([stroke * size + place for stroke in (circle, *eyes, mouth)])
        prediction = recognizer.predict(face)
        assert prediction.label in ("face", "smiley face")
        assert prediction.probability > 0.8


def test_it_names_people_s_drawings(shared):
    recognizer = Recognizer.from_pretrained()
    valid = read_quickdraw(shared / "data" / "quickdraw", "dev")
    named = {
        name: [prediction.label == name for prediction in recognizer.predict(valid[name][:15])]
        for name in ("airplane", "apple", "cat", "butterfly", "face", "guitar", "pig", "eye")
    }
    assert np.mean(list(named.values())) > 0.9, named

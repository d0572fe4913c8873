"""The handwriting recognizer that ships is as good as its card says."""

import numpy as np
import pytest

from multimodal.recognition.handwriting.metrics import error_rates
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.strokes import Drawing
from multimodal.strokes.handwritten import read_handwriting


@pytest.fixture(scope="module")
def shipped() -> HandwritingRecognizer:
    return HandwritingRecognizer.from_pretrained()


def block_letters() -> list[np.ndarray]:
    """ "HELLO", as anybody would print it."""
    angles = np.linspace(-np.pi / 2, 1.5 * np.pi, 40)
    shapes: list[list] = [
        [[(0, 0), (0, 40)], [(24, 0), (24, 40)], [(0, 20), (24, 20)]],
        [[(0, 0), (0, 40), (22, 40)], [(0, 0), (22, 0)], [(0, 20), (18, 20)]],
        [[(0, 0), (0, 40), (22, 40)]],
        [[(0, 0), (0, 40), (22, 40)]],
        [np.column_stack([12 + 14 * np.cos(angles), 20 + 20 * np.sin(angles)])],
    ]
    return [
        np.asarray(stroke, float) + np.array([36 * place, 0])
        for place, letter in enumerate(shapes)
        for stroke in letter
    ]


def test_it_reads_block_letters_of_any_size(shipped):
    for size, place in ((1, 0), (0.01, 3), (50, -700)):
        drawing = Drawing([stroke * size + place for stroke in block_letters()])
        assert shipped.read(drawing).text.upper().replace("0", "O") == "HELLO"


def test_it_reads_two_lines(shipped):
    below = [stroke + np.array([0, 110]) for stroke in block_letters()]
    lines = shipped.read(Drawing([*block_letters(), *below])).lines
    assert len(lines) == 2
    assert lines[0].text == lines[1].text


def test_it_reads_writers_that_it_has_not_seen(shared, shipped):
    lines = read_handwriting(shared / "data" / "unipen", ["lines"], "dev")[::16]
    readings = shipped.read([line.drawing for line in lines], one_line=True)
    rates = error_rates([line.text for line in lines], [reading.text for reading in readings])
    assert rates.cer < 0.15

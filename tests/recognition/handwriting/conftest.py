"""A made-up writer that writes few letters, and a recognizer that has learnt nothing."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from multimodal.recognition.handwriting.model import (
    HandwritingRecognizerConfig,
    HandwritingRecognizerNetwork,
)
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.strokes import Drawing
from multimodal.strokes.handwritten import Handwritten

LETTERS = {
    "l": [(0, -20), (0, -30), (0, -40), (0, -30), (0, -20), (0, 0)],
    "v": [(0, -20), (5, -10), (10, 0), (15, -10), (20, -20)],
    "n": [(0, 0), (0, -20), (10, -20), (20, -20), (20, 0)],
}


def written(text: str, seed: int = 0) -> list[np.ndarray]:
    """The strokes of a text; spaces leave room."""
    random = np.random.default_rng(seed)
    strokes = []
    for place, letter in enumerate(text):
        if letter != " ":
            shape = np.array(LETTERS[letter], float) * random.uniform(0.85, 1.15)
            strokes.append(shape + random.normal(0, 0.5, shape.shape) + [30.0 * place, 0])
    return strokes


def sample(text: str, writer: int, seed: int) -> Handwritten:
    strokes = [stroke.round() for stroke in written(text, seed)]
    points = np.concatenate(strokes)
    lifted = np.zeros(len(points))
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = 1
    steps = np.diff(points, axis=0, prepend=points[:1])
    return Handwritten(text, writer, np.column_stack([steps, lifted]).astype(np.int16))


def samples(count: int, writer: int, seed: int) -> list[Handwritten]:
    """Words of one to four letters."""
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice([*LETTERS], random.integers(1, 5))) for _ in range(count)]
    return [sample(text, writer, seed + number) for number, text in enumerate(texts)]


def page(*texts: str, slope: float = 0.0, distance: float = 90.0) -> Drawing:
    """Lines of text, one under the other."""
    strokes = []
    for number, text in enumerate(texts):
        for stroke in written(text, number):
            climb = np.column_stack([0 * stroke[:, 0], slope * stroke[:, 0] + distance * number])
            strokes.append(stroke + climb)
    return Drawing(strokes)


@pytest.fixture(scope="session")
def writer() -> SimpleNamespace:
    """What the made-up writer can write: `written`, `page` and `samples`."""
    return SimpleNamespace(written=written, page=page, samples=samples)


@pytest.fixture
def recognizer() -> HandwritingRecognizer:
    torch.manual_seed(0)
    config = HandwritingRecognizerConfig(channels=4, hidden_size=8, layers=2)
    network = HandwritingRecognizerNetwork(config, 4)
    for weight in network.parameters():  # far from the tiny answers of fresh weights
        weight.data *= 3
    return HandwritingRecognizer(network, " lvn")


@pytest.fixture
def checkpoint(recognizer, tmp_path) -> Path:
    return recognizer.save_pretrained(tmp_path / "checkpoint")

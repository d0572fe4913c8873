"""Shapes drawn by a made-up writer, and a recognizer of them that has learnt nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from multimodal.recognition.drawings.model import RecognizerConfig, RecognizerNetwork
from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.strokes import Drawing

CATEGORIES = ("cross", "house", "wheel")


def cross(random: np.random.Generator) -> list:
    tilt = random.uniform(-5, 5)
    return [[(0, 0), (100, 100 + tilt)], [(100, tilt), (tilt, 100)]]


def house(random: np.random.Generator) -> list:
    eaves = random.uniform(40, 60)
    walls = [(0, eaves), (0, 120), (100, 120), (100, eaves)]
    return [walls, [(0, eaves), (50, 0), (100, eaves)], [(40, 120), (40, 90), (60, 90), (60, 120)]]


def wheel(random: np.random.Generator) -> list:
    angle = np.linspace(0, 2 * np.pi, 17) + random.uniform(0, 1)
    rim = 60 * np.stack([np.cos(angle), np.sin(angle)], 1)
    return [rim, [(-60, 0), (60, 0)], [(0, -60), (0, 60)]]


def drawn(category: str, seed: int) -> Drawing:
    random = np.random.default_rng(seed)
    strokes = {"cross": cross, "house": house, "wheel": wheel}[category](random)
    return Drawing([np.array(s) + random.normal(0, 2, np.shape(s)) for s in strokes])


@pytest.fixture(scope="session")
def drawings() -> dict[str, list[Drawing]]:
    """Forty drawings of each of three categories."""
    return {name: [drawn(name, seed) for seed in range(40)] for name in CATEGORIES}


@pytest.fixture
def config() -> RecognizerConfig:
    """A network small enough for tests."""
    return RecognizerConfig(
        embedding_size=12, hidden_size=16, layers=2, picture_size=16, picture_features=8
    )


@pytest.fixture
def recognizer(config) -> Recognizer:
    torch.manual_seed(0)
    network = RecognizerNetwork(config, len(CATEGORIES))
    for weight in network.parameters():  # far from the tiny answers of fresh weights
        weight.data *= 2
    return Recognizer(network, CATEGORIES, {1: 1.5, 3: 0.5})


@pytest.fixture
def checkpoint(recognizer, tmp_path) -> Path:
    return recognizer.save_pretrained(tmp_path / "checkpoint")

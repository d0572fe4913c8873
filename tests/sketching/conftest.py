"""A small sketcher that has learnt nothing, and drawings that it could learn from."""

import numpy as np
import pytest
import torch

from multimodal.sketching.model import SketchConfig, SketchNetwork
from multimodal.sketching.sketcher import Sketcher
from multimodal.strokes import Drawing


@pytest.fixture
def make_sketcher():
    """Makes a sketcher; its decoder is loud enough for its points to differ."""

    def make(categories=("crab", "duck", "pig"), limit=30, precision="fp32", **changes) -> Sketcher:
        torch.manual_seed(0)
        sizes = {"decoder_size": 24, "encoder_size": 8, "latent_size": 6, "category_size": 4}
        known = len(categories) if len(categories) > 1 else 0
        config = SketchConfig(**{**sizes, "categories": known, "components": 3, **changes})
        network = SketchNetwork(config)
        with torch.no_grad():
            network.readout.weight *= 8
            network.readout.bias[2] = -1.0  # ends are rare enough
        return Sketcher(
            network, categories, scale=20.0, limit=limit, low_quality=["pig"], precision=precision
        )

    return make


@pytest.fixture
def sketcher(make_sketcher) -> Sketcher:
    return make_sketcher()


@pytest.fixture
def drawings() -> dict[str, list[Drawing]]:
    """Squares and zigzags of two strokes, of many sizes."""
    random = np.random.default_rng(0)
    square = np.array([[0, 0], [50, 0], [50, 50], [0, 50], [0, 0]])
    zigzag = np.array([[0, 0], [10, 30], [20, 0], [30, 30]])

    def some(shape, count):
        sizes = random.uniform(0.5, 1.5, count)
        return [Drawing([shape * size, [[10, 20], [40, 20 + size]]]) for size in sizes]

    return {"square": some(square, 60), "zigzag": some(zigzag, 40)}

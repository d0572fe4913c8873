"""How alike two writers' styles are, by their strokes alone.

A style is described by what tells writers apart without reading them (Bulacu and Schomaker 2007
use the directions of the ink): how much of its ink goes in each direction, how far it moves and how
often it lifts the pen for a character, how much it turns, and how its ink is spread over the height
of a line. Nothing of it comes from the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from multimodal.strokes import Drawing
from multimodal.strokes.drawing import Array
from multimodal.strokes.handwritten import SPREAD

DIRECTIONS = 12
FEATURES = DIRECTIONS + 5
SPACING = 4.0  # units between the points at which directions are taken


def features(drawings: Sequence[Drawing], texts: Sequence[str]) -> Array:
    """Describe a style by a few of its lines: (FEATURES,).

    Args:
        drawings: lines in the units of the data.
        texts: what each says.
    """
    characters = sum(len(text.replace(" ", "")) for text in texts) or 1
    evenly = [drawing.resampled(SPACING) for drawing in drawings]
    steps = [np.diff(stroke, axis=0) for drawing in evenly for stroke in drawing]
    along = np.concatenate([*steps, np.zeros((1, 2))])
    lengths = np.hypot(*along.T)
    # With the share of each direction between two bins, so that none jumps from one to the next.
    place = np.arctan2(along[:, 1], along[:, 0]) / (2 * np.pi) * DIRECTIONS
    lower = np.floor(place)
    shares = np.zeros(DIRECTIONS)
    np.add.at(shares, lower.astype(int) % DIRECTIONS, lengths * (1 - place + lower))
    np.add.at(shares, (lower.astype(int) + 1) % DIRECTIONS, lengths * (place - lower))
    turned = sum(_turning(step) for step in steps)
    ink = float(lengths.sum()) or 1.0
    widths = sum(drawing.bounds[2] - drawing.bounds[0] for drawing in drawings)
    heights = np.concatenate([_heights(drawing) for drawing in evenly])
    return np.concatenate(
        [
            np.sqrt(shares / ink) * 4,
            [
                widths / (characters * SPREAD),
                sum(map(len, drawings)) / characters,
                turned / characters,
                ink / (characters * SPREAD),
                float(np.mean(np.abs(heights))) / SPREAD,
            ],
        ]
    )


def ranks(descriptions: Array, others: Array) -> Array:
    """Rank each description's own writer among all writers, 1 being the nearest: (n,).

    Args:
        descriptions: (n, FEATURES), one of each writer, in their order.
        others: (n, FEATURES), other lines of the same writers; a feature counts by how much it
            varies among them.
    """
    spread = others.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    away = ((descriptions[:, None] - others[None]) / scale) ** 2  # (n, n, FEATURES)
    distances = away.sum(-1)
    own = np.diag(distances)
    nearer: Array = (distances < own[:, None]).sum(1) + 1
    return nearer


def _turning(steps: Array) -> float:
    """The sum of all turns along a stroke, in radians; steps (n, 2)."""
    kept = steps[np.hypot(*steps.T) > 0]
    if len(kept) < 2:
        return 0.0
    angles = np.arctan2(kept[:, 1], kept[:, 0])
    turns = (np.diff(angles) + np.pi) % (2 * np.pi) - np.pi
    return float(np.abs(turns).sum())


def _heights(drawing: Drawing) -> Array:
    """The heights of all points of a line, about their median."""
    heights = np.concatenate([stroke[:, 1] for stroke in drawing])
    about: Array = heights - np.median(heights)
    return about

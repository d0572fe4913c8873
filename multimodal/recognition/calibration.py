"""Probabilities that mean what they say: temperatures by how many strokes were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from multimodal.errors import UserError
from multimodal.recognition.arrays import Floats, Ints

UNCALIBRATED: Mapping[int, float] = {1: 1.0}
"""Temperatures that change nothing."""

STROKES = (1, 2, 3, 4, 6, 9)
"""A fitted temperature holds from so many strokes on, up to the next."""

_FEWEST = 50  # predictions that a temperature is fitted to


def read_temperatures(config: Mapping[str, Any], unit: str) -> dict[int, float]:
    """Take the temperatures of a checkpoint.

    Raises:
        UserError: there is none from the first stroke on (or whatever the unit is), or one is not
            above 0.
    """
    temperatures = {int(seen): float(value) for seen, value in config["temperatures"].items()}
    if 1 not in temperatures or not min(temperatures.values()) > 0:
        raise UserError(f"temperatures: there must be one from the first {unit} on, all above 0")
    return temperatures


def temperature_at(temperatures: Mapping[int, float], strokes: Ints) -> Floats:
    """The temperature (N,) after each of some numbers of strokes (N,).

    Args:
        temperatures: each holds from its number of strokes on, up to the next.
        strokes: from the lowest of those numbers on.
    """
    bounds = np.array(sorted(temperatures))
    found: Floats = np.array([temperatures[bound] for bound in bounds.tolist()])
    return found[np.searchsorted(bounds, strokes, side="right") - 1]


def calibrated(logits: Tensor, temperatures: Mapping[int, float], seen: Ints) -> Floats:
    """Logits (..., T, V) after so many strokes, frames or words (T,) → probabilities of all V."""
    divided = logits.double() / torch.from_numpy(temperature_at(temperatures, seen))[:, None]
    shares: Floats = divided.softmax(-1).numpy()
    return shares


def fit_temperatures(
    logits: Tensor, labels: Tensor, strokes: Tensor, bounds: Sequence[int] = STROKES
) -> dict[int, float]:
    """The temperatures that make the labels most probable (Guo et al. 2017, section 4.2).

    Args:
        logits: (N, V) of predictions for drawings that were held out.
        labels: (N,).
        strokes: (N,) how many strokes (frames, words) each prediction has seen.
        bounds: from how many on each temperature holds, in ascending order.

    Returns:
        One for each of the bounds. Where there are too few predictions, that of all stands.
    """
    whole = fit_temperature(logits, labels)
    temperatures = {}
    for least, beyond in pairwise((*bounds, np.inf)):
        here = (strokes >= least) & (strokes < beyond)
        enough = int(here.sum()) >= _FEWEST
        temperatures[int(least)] = fit_temperature(logits[here], labels[here]) if enough else whole
    return temperatures


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The one temperature for logits (N, V) that makes labels (N,) most probable.

    Searched from 1/8 to 8 in ever finer steps; the loss has one minimum.
    """
    middle, width = 0.0, np.log(8.0)
    for _ in range(3):
        candidates = middle + width * np.linspace(-1, 1, 13)
        losses = [float(F.cross_entropy(logits / np.exp(at), labels)) for at in candidates]
        middle, width = float(candidates[int(np.argmin(losses))]), width / 6
    return round(float(np.exp(middle)), 4)

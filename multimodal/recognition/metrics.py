"""How good predictions are, and whether their probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.recognition.arrays import Floats, Ints

ECE_BINS = 15
"""Of equal width, of confidence."""

FRACTIONS = (0.25, 0.5, 0.75, 1.0)
"""Of a drawing's points."""


@dataclass(frozen=True)
class Answers:
    """What a recognizer says of drawings.

    Attributes:
        probabilities: (N, V) among all categories.
        labels: (N,) the right ones.
    """

    probabilities: Floats
    labels: Ints

    def of(self, categories: Ints) -> Answers:
        """The drawings of some categories."""
        theirs = np.isin(self.labels, categories)
        return Answers(self.probabilities[theirs], self.labels[theirs])

    def among(self, categories: Ints) -> Answers:
        """The drawings of some categories, ranked among these alone."""
        theirs = self.of(categories)
        return Answers(restricted(theirs.probabilities, categories), theirs.labels)

    def top(self, count: int) -> float:
        """The share whose right category is among the `count` most probable."""
        return top_accuracy(self.probabilities, self.labels, count)

    @property
    def confidence(self) -> float:
        """The mean probability of the first prediction."""
        return float(self.probabilities.max(1).mean())

    @property
    def ece(self) -> float:
        """The expected calibration error of the first prediction."""
        right = ranks(self.probabilities, self.labels) == 0
        return expected_calibration_error(self.probabilities.max(1), right)


def ranks(probabilities: Floats, labels: Ints) -> Ints:
    """The place (N,) of each right label in the ranking of its row (N, V), from 0.

    Of labels as probable as the right one, half count as ranked before it (rounded down).
    """
    right = np.take_along_axis(probabilities, labels[:, None], 1)
    ties = (probabilities == right).sum(1) - 1
    places: Ints = (probabilities > right).sum(1) + ties // 2
    return places


def top_accuracy(probabilities: Floats, labels: Ints, top: int) -> float:
    """The share of rows whose right label is among the `top` most probable.

    Args:
        probabilities: (N, V).
        labels: (N,).
        top: how many of the most probable count.
    """
    return float((ranks(probabilities, labels) < top).mean())


def restricted(probabilities: Floats, categories: Ints) -> Floats:
    """Probabilities (N, V) of some categories alone, zero elsewhere, each row with the sum 1."""
    chosen = np.zeros_like(probabilities)
    chosen[:, categories] = probabilities[:, categories]
    shares: Floats = chosen / np.maximum(chosen.sum(1, keepdims=True), np.finfo(float).tiny)
    return shares


def expected_calibration_error(
    confidences: Floats, right: npt.NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """How far confidence is from accuracy, on average (Guo et al. 2017, equation 3).

    The predictions are put into `bins` bins of equal width over (0, 1] by their confidence; the
    distances between mean confidence and accuracy of the bins are averaged, weighted by how many
    predictions each holds.

    Args:
        confidences: (N,) the probability of each first prediction.
        right: (N,) whether it was right.
        bins: how many.
    """
    place = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(place, confidences - right, minlength=bins)
    return float(np.abs(gap).sum() / len(confidences))


def accuracy_by_category(
    probabilities: Floats, labels: Ints, categories: Sequence[str]
) -> dict[str, float]:
    """The share of drawings named right, for every category that has any, by name.

    Args:
        probabilities: (N, V).
        labels: (N,).
        categories: V names.
    """
    right = ranks(probabilities, labels) == 0
    return {
        name: float(right[labels == number].mean())
        for number, name in enumerate(categories)
        if (labels == number).any()
    }

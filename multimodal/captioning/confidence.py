"""How probable it is that a caption names nothing that is not in the photo.

A logistic regression on two figures of a caption (Platt 1999, Probabilistic Outputs for Support
Vector Machines): the support of its least supported object, and how in-domain the photo is. It is
fitted where captions by people tell what is there, see `calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self, TypeAlias

import torch
from torch import Tensor

Figures: TypeAlias = tuple[float, float]

LEAST_SUPPORT = 1e-3
_RIDGE = 1e-2  # keeps the weights finite where the figures tell right from wrong without a miss
_STEPS = 50


@dataclass(frozen=True)
class Confidence:
    """The weights of the regression; saved in the checkpoint.

    Attributes:
        bias: of all captions.
        support: of the log of the least support of an object that is named.
        in_domain_score: of the photo's in-domain score.
    """

    bias: float
    support: float
    in_domain_score: float

    def __call__(self, support: Sequence[float], in_domain_score: float) -> float:
        """The probability, from 0 to 1, that every object of a caption is there.

        Args:
            support: the probability of every object that it names.
            in_domain_score: of the photo, from 0 to 1.
        """
        figures = caption_figures(support, in_domain_score)
        weights = (self.support, self.in_domain_score)
        logit = self.bias + sum(w * x for w, x in zip(weights, figures, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))

    @classmethod
    def fit(cls, figures: Sequence[Sequence[float]], right: Sequence[bool]) -> Self:
        """Fit the weights by Newton's method.

        Args:
            figures: of N captions, from `caption_figures`.
            right: whether all objects of each are there.
        """
        inputs = torch.tensor(figures, dtype=torch.float64)
        inputs = torch.cat([torch.ones(len(inputs), 1, dtype=torch.float64), inputs], 1)
        wanted = torch.tensor(right, dtype=torch.float64)
        return cls(*_logistic_regression(inputs, wanted).tolist())

    def to_json(self) -> list[float]:
        """The weights in their order."""
        return list(astuple(self))


def caption_figures(support: Sequence[float], in_domain_score: float) -> Figures:
    """What confidence is computed from; the arguments are those of `Confidence`."""
    return math.log(max(LEAST_SUPPORT, min(support, default=1.0))), in_domain_score


def _logistic_regression(inputs: Tensor, wanted: Tensor) -> Tensor:
    """Weights (F,) for inputs (N, F) and targets (N,), with a small ridge penalty."""
    weights = inputs.new_zeros(inputs.shape[1])
    ridge = _RIDGE * torch.eye(len(weights), dtype=inputs.dtype)
    for _ in range(_STEPS):
        share = (inputs @ weights).sigmoid()
        gradient = inputs.T @ (share - wanted) + ridge @ weights
        curvature = inputs.T @ (inputs * (share * (1 - share))[:, None]) + ridge
        weights = weights - torch.linalg.solve(curvature, gradient)
    return weights

"""Mixture output: where the pen goes next, and what it does there, from one vector per step.

A mixture of K bivariate Gaussians over the next offset (dx, dy) and a distribution over P states of
the pen (Graves 2013, equations 16-23, 68-77; Bishop 1994). Handwriting has two pen states (stays
down, is lifted), drawings have a third, the end (Ha and Eck 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

UNIFORMS = 4  # random numbers that one sample takes

_LOG_2PI = math.log(2 * math.pi)
_LARGEST_LOG_SIGMA = 16.0
_LARGEST_SKEW = 6.0


@dataclass(frozen=True)
class MixtureOutput:
    """How a vector is read as a mixture, and what can be asked of it.

    A vector holds, in this order, P pen logits, K mixture logits, K means of dx and of dy, K
    logarithms of the standard deviations of dx and of dy, and K correlations before their tanh.
    All is computed on logarithms, and in fp32 where the vectors are of 16 bit. The logarithm of a
    standard deviation is held within ±16 and the argument of a tanh within ±6, so that no offset
    that a drawing may hold gives an infinity.

        output = MixtureOutput(components=20, pen_states=3)
        readout = nn.Linear(hidden_size, output.size)

    Attributes:
        components: K.
        pen_states: P.
    """

    components: int = 20
    pen_states: int = 3

    @property
    def size(self) -> int:
        """The length of a vector, P + 6 K."""
        return self.pen_states + 6 * self.components

    def offset_log_likelihood(self, vectors: Tensor, offsets: Tensor) -> Tensor:
        """The log density of offsets, in nats.

        Args:
            vectors: (..., P + 6 K).
            offsets: (..., 2), in the units that the mixture speaks in.

        Returns:
            (...), the log-sum-exp over the components; leading sizes of 1 are broadcast.
        """
        log_weights = _exact(self._mixture_logits(vectors)).log_softmax(-1)  # (..., K)
        mean_x, mean_y, log_sigma_x, log_sigma_y, skew = self._gaussians(vectors).unbind(-2)
        x, y = _exact(offsets).unsqueeze(-1).unbind(-2)  # (..., 1) each
        a = (x - mean_x) * (-log_sigma_x).exp()
        b = (y - mean_y) * (-log_sigma_y).exp()
        # With rho = tanh(skew), sqrt(1 - rho²) = sech(skew): no difference of nearly equal numbers.
        # a² - 2 rho a b + b² = (1 - rho²) a² + (b - rho a)², which cannot become negative.
        log_sech = math.log(2) - skew.abs() - F.softplus(-2 * skew.abs())
        rest = (b - skew.tanh() * a) * (-log_sech).exp()
        densities = -_LOG_2PI - log_sigma_x - log_sigma_y - log_sech - 0.5 * (a * a + rest * rest)
        return torch.logsumexp(log_weights + densities, -1)

    def pen_log_likelihood(self, vectors: Tensor, pens: Tensor) -> Tensor:
        """The log-probability of pen states (...) from 0 to P - 1, in nats: (...).

        Leading sizes of 1 of the vectors are broadcast.
        """
        log_probs = _exact(self._pen_logits(vectors)).log_softmax(-1)
        log_probs = log_probs.expand(*pens.shape, self.pen_states)
        return log_probs.gather(-1, pens.unsqueeze(-1)).squeeze(-1)

    def sample(
        self,
        vectors: Tensor,
        uniforms: Tensor,
        temperature: float | Tensor = 1.0,
        bias: float | Tensor = 0.0,
    ) -> tuple[Tensor, Tensor]:
        """Draw an offset and a pen state from every vector.

        Args:
            vectors: (..., P + 6 K).
            uniforms: (..., 4) numbers in [0, 1), float64: a row's sample depends on nothing else.
                Where a leading size of the vectors is 1, several samples are drawn of each.
            temperature: mixture and pen logits are divided by it, standard deviations multiplied by
                its square root (Ha and Eck 2017, equation 8); near 0 it is the mean of the most
                probable component.
            bias: sharpens the offset alone (Graves 2013, equations 61 and 62): mixture logits times
                1 + bias, standard deviations times exp(-bias).

        Returns:
            Offsets (..., 2) and pen states (...).
        """
        pen_uniform, component_uniform, radius, angle = uniforms.unbind(-1)
        pens = choose(_exact(self._pen_logits(vectors)) / temperature, pen_uniform)
        sharpened = _exact(self._mixture_logits(vectors)) * ((1 + bias) / temperature)
        component = choose(sharpened, component_uniform)
        index = component[..., None, None].expand(*component.shape, 5, 1)
        mean_x, mean_y, log_sigma_x, log_sigma_y, skew = (
            self._gaussians(vectors, index).squeeze(-1).unbind(-1)
        )
        # Two independent normal numbers (Box and Muller 1958), then correlated.
        sharpness = (-bias).exp() if isinstance(bias, Tensor) else math.exp(-bias)
        length = (-2 * torch.log1p(-radius)).sqrt() * (temperature**0.5 * sharpness)
        u = (length * torch.cos(2 * math.pi * angle)).to(mean_x)
        v = (length * torch.sin(2 * math.pi * angle)).to(mean_x)
        x = mean_x + log_sigma_x.exp() * u
        y = mean_y + log_sigma_y.exp() * (skew.tanh() * u + v / skew.cosh())
        return torch.stack([x, y], -1), pens

    def _pen_logits(self, vectors: Tensor) -> Tensor:
        return vectors[..., : self.pen_states]

    def _mixture_logits(self, vectors: Tensor) -> Tensor:
        return vectors[..., self.pen_states : self.pen_states + self.components]

    def _gaussians(self, vectors: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Means, log standard deviations and skew (..., 5, K) within their limits.

        With `chosen` (..., 5, 1), those of one component alone: (..., 5, 1).
        """
        values = vectors[..., self.pen_states + self.components :].unflatten(-1, (5, -1))
        if chosen is not None:
            values = values.expand(*chosen.shape[:-1], -1).gather(-1, chosen)
        values = _exact(values)
        means, log_sigmas, skew = values.split([2, 2, 1], -2)
        log_sigmas = log_sigmas.clamp(-_LARGEST_LOG_SIGMA, _LARGEST_LOG_SIGMA)
        return torch.cat([means, log_sigmas, skew.clamp(-_LARGEST_SKEW, _LARGEST_SKEW)], -2)


def _exact(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def choose(logits: Tensor, uniform: Tensor) -> Tensor:
    """The choices (...) that uniform numbers (...), float64, make among logits (..., N)."""
    # In float64 a uniform below 1 stays below the total, and so never lands behind the last choice.
    cumulative = logits.softmax(-1).double().cumsum_(-1)
    reached = cumulative <= (uniform[..., None] * cumulative[..., -1:])
    return reached.sum(-1)

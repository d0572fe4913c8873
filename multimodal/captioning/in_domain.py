"""Out-of-distribution detection: how much a photo is like those that a captioner learnt from.

A word detector and attention that learnt from a few thousand photos say something of any photo, and
of an out-of-domain one they say what most in-domain photos show. Whether a photo is in-domain
shows in its mean cell: the features of in-domain photos vary along few directions, and
what is left over beside these is larger for others (the reconstruction error of a principal
component analysis, as in Guan et al. 2023, Revisit PCA-based Technique for Out-of-Distribution
Detection).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class InDomainScore(nn.Module):
    """Mean cells → how in-domain their photos are, from 0 (not at all) to 1.

    Args:
        cell_size: D.
        rank: K, how many directions in-domain photos vary along.
    """

    mean: Tensor  # (D,) of in-domain mean cells
    scale: Tensor  # (D,) their standard deviation
    directions: Tensor  # (D, K), orthonormal
    bounds: Tensor  # (2,) the residual whose score is 0.5, and the width of the transition

    def __init__(self, cell_size: int, rank: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(cell_size))
        self.register_buffer("scale", torch.ones(cell_size))
        self.register_buffer("directions", torch.zeros(cell_size, rank))
        self.register_buffer("bounds", torch.ones(2))

    def residual(self, cells: Tensor) -> Tensor:
        """What the directions leave of the mean cell of photos: cells (B, S, D) → (B,)."""
        deviation = (cells.float().mean(1) - self.mean.float()) / self.scale.float()
        along = deviation @ self.directions.float()
        return deviation.square().sum(1) - along.square().sum(1)

    def forward(self, cells: Tensor) -> Tensor:
        """Cells (B, S, D) → scores (B,)."""
        middle, width = self.bounds.float()
        in_domain: Tensor = ((middle - self.residual(cells)) / width).sigmoid()
        return in_domain

    @torch.no_grad()
    def fit(self, in_domain: Iterable[Tensor], held_out: Iterable[Tensor], share: float) -> None:
        """Take the statistics of cells.

        Args:
            in_domain: (B, S, D) of the photos that were learnt from, in parts.
            held_out: (B, S, D) of other in-domain photos, in parts.
            share: of the held-out photos those that have a score of at least 0.5.
        """
        means = torch.cat([cells.float().mean(1) for cells in in_domain])
        self.mean.copy_(means.mean(0))
        self.scale.copy_(means.std(0).clamp(min=1e-3))
        deviations = (means - self.mean) / self.scale
        rank = self.directions.shape[1]
        self.directions.copy_(torch.linalg.svd(deviations, full_matrices=False).Vh[:rank].T)
        residuals = torch.cat([self.residual(cells) for cells in held_out])
        middle = residuals.quantile(share)
        width = (middle - residuals.quantile(share - 0.1)) / 2
        self.bounds.copy_(torch.stack([middle, width.clamp(min=1e-6)]))

"""Familiarity: photos that vary as the known ones do are familiar, others are not."""

import pytest
import torch

from multimodal.captioning.familiarity import Familiarity

D, K = 12, 3


def world(count: int, seed: int, strange: float = 0.0) -> torch.Tensor:
    """Cells (count, 4, D) that vary along K directions, and a little, or more, beside them."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(K, D, generator=torch.Generator().manual_seed(7))
    means = torch.randn(count, K, generator=generator) @ directions
    means = means + (0.1 + strange) * torch.randn(count, D, generator=generator)
    return means[:, None].expand(-1, 4, -1)


@pytest.fixture
def familiarity() -> Familiarity:
    fitted = Familiarity(D, K)
    fitted.fit([world(200, 1), world(200, 2)], [world(300, 3)], share=0.9)
    return fitted


def test_photos_of_the_same_world_are_familiar_and_others_are_not(familiarity):
    assert (familiarity(world(300, 4)) > 0.5).float().mean() == pytest.approx(0.9, abs=0.06)
    assert (familiarity(world(300, 5, strange=1.0)) < 0.05).float().mean() > 0.95


def test_the_residual_is_what_the_directions_leave(familiarity):
    cells = world(5, 6, strange=0.5)
    deviation = (cells.mean(1) - familiarity.mean) / familiarity.scale
    along = deviation @ familiarity.directions @ familiarity.directions.T
    expected = (deviation - along).square().sum(1)
    torch.testing.assert_close(familiarity.residual(cells), expected, rtol=1e-3, atol=1e-4)


def test_half_familiar_is_what_the_share_of_held_out_photos_reaches(familiarity):
    residuals = familiarity.residual(world(300, 3))
    assert familiarity.bounds[0].item() == pytest.approx(residuals.quantile(0.9).item(), rel=1e-5)

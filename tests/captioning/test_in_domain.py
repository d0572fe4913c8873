"""In-domain scores: photos that vary as the known ones do are in-domain, others are not."""

import pytest
import torch

from multimodal.captioning.in_domain import InDomainScore

D, K = 12, 3


def world(count: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    """Cells (count, 4, D) that vary along K directions, and a little, or more, beside them."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(K, D, generator=torch.Generator().manual_seed(7))
    means = torch.randn(count, K, generator=generator) @ directions
    means = means + (0.1 + shift) * torch.randn(count, D, generator=generator)
    return means[:, None].expand(-1, 4, -1)


@pytest.fixture
def in_domain_score() -> InDomainScore:
    fitted = InDomainScore(D, K)
    fitted.fit([world(200, 1), world(200, 2)], [world(300, 3)], share=0.9)
    return fitted


def test_photos_of_the_same_world_are_in_domain_and_others_are_not(in_domain_score):
    assert (in_domain_score(world(300, 4)) > 0.5).float().mean() == pytest.approx(0.9, abs=0.06)
    assert (in_domain_score(world(300, 5, shift=1.0)) < 0.05).float().mean() > 0.95


def test_the_residual_is_what_the_directions_leave(in_domain_score):
    cells = world(5, 6, shift=0.5)
    deviation = (cells.mean(1) - in_domain_score.mean) / in_domain_score.scale
    along = deviation @ in_domain_score.directions @ in_domain_score.directions.T
    expected = (deviation - along).square().sum(1)
    torch.testing.assert_close(in_domain_score.residual(cells), expected, rtol=1e-3, atol=1e-4)


def test_a_score_of_half_is_what_the_share_of_held_out_photos_reaches(in_domain_score):
    residuals = in_domain_score.residual(world(300, 3))
    assert in_domain_score.bounds[0].item() == pytest.approx(
        residuals.quantile(0.9).item(), rel=1e-5
    )

import numpy as np
import pytest
import torch

from multimodal.recognition.calibration import STROKES, fit_temperatures, temperature_at


def test_a_temperature_holds_up_to_the_next():
    found = temperature_at({1: 2.0, 5: 0.5, 3: 1.0}, np.array([1, 2, 3, 4, 5, 99]))
    assert found.tolist() == [2, 2, 1, 1, 0.5, 0.5]


def answers(temperature: float, count: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that are right when divided by a temperature, and labels drawn accordingly."""
    generator = torch.Generator().manual_seed(0)
    right = torch.randn(count, 6, generator=generator) * 2
    labels = torch.multinomial(right.softmax(-1), 1, generator=generator)[:, 0]
    return right * temperature, labels


def test_the_temperatures_of_the_answers_are_found():
    sure, shy = answers(2.5), answers(0.4)
    logits, labels = torch.cat([sure[0], shy[0]]), torch.cat([sure[1], shy[1]])
    strokes = torch.tensor([1] * 4000 + [4, 5] * 2000)
    found = fit_temperatures(logits, labels, strokes)
    assert tuple(found) == STROKES
    assert found[1] == pytest.approx(2.5, rel=0.1)
    assert found[4] == pytest.approx(0.4, rel=0.1)


def test_where_guesses_are_few_the_temperature_of_all_stands():
    logits, labels = answers(2.0)
    strokes = torch.tensor([1] * 3980 + [9] * 20)
    found = fit_temperatures(logits, labels, strokes)
    whole = fit_temperatures(logits, labels, torch.ones(4000))[1]
    assert found[2] == found[9] == whole

import torch

from multimodal.recognition.handwriting.model import (
    SHORTENED,
    HandwritingRecognizerConfig,
    HandwritingRecognizerNetwork,
)
from multimodal.recognition.handwriting.tracks import TRACK_FEATURES


def network() -> HandwritingRecognizerNetwork:
    torch.manual_seed(0)
    return HandwritingRecognizerNetwork(
        HandwritingRecognizerConfig(channels=4, hidden_size=5, layers=2), 3
    ).eval()


def test_four_points_are_one_frame():
    with torch.no_grad():
        logits, frames = network()(torch.randn(3, 10, TRACK_FEATURES), torch.tensor([10, 5, 1]))
    assert logits.shape == (3, -(-10 // SHORTENED), 1 + 3)
    assert frames.tolist() == [3, 2, 1]


def test_padding_changes_nothing():
    """For every length, since each ends differently in the windows of the convolutions."""
    recognizer = network()
    track = torch.randn(1, 13, TRACK_FEATURES)
    for length in range(1, 14):
        padded = torch.zeros(1, 24, TRACK_FEATURES)
        padded[:, :length] = track[:, :length]
        count = torch.tensor([length])
        with torch.no_grad():
            alone, frames = recognizer(track[:, :length], count)
            among, _ = recognizer(padded, count)
        torch.testing.assert_close(among[:, : frames[0]], alone, rtol=0, atol=1e-5)


def test_ways_in_the_air_are_told_from_ways_of_ink():
    track = torch.zeros(1, 8, TRACK_FEATURES)
    track[0, 4, 0] = 1
    air = track.clone()
    air[0, 4, 2] = 1
    count = torch.tensor([8])
    with torch.no_grad():
        ink_says, air_says = network()(track, count)[0], network()(air, count)[0]
    assert not torch.allclose(ink_says, air_says)


def test_all_weights_learn():
    recognizer = network().train()
    logits, _ = recognizer(torch.randn(2, 16, TRACK_FEATURES), torch.tensor([16, 9]))
    logits.square().sum().backward()
    assert all(weight.grad is not None for weight in recognizer.parameters())

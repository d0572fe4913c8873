"""Where the pen is: worked out by hand, and the same at once as step by step."""

import torch

from multimodal.sketching import position
from multimodal.sketching.model import (
    DOWN,
    SketchConfig,
    SketchNetwork,
    decoder_inputs,
    stroke5,
)
from multimodal.sketching.pen_states import LIFTED

OFFSETS = torch.tensor([[[3.0, 4.0], [-1.0, 0.0], [10.0, -6.0], [0.0, 1.0]]])
PENS = torch.tensor([[DOWN, LIFTED, DOWN, DOWN]])
INPUTS = decoder_inputs(
    stroke5(torch.cat([OFFSETS, OFFSETS[:, :1]], 1), torch.cat([PENS] * 2, 1)[:, :5])
)


def test_features_as_worked_out_by_hand():
    """The pen goes (0, 0), (3, 4), (2, 4) and lifts; the second stroke goes (12, -2), (12, -1)."""
    found = position.features(position.tracks(INPUTS))[0]
    wanted = [
        # from the first point, from the stroke's, from left and top, to right and bottom
        [0, 0, 0, 0, 0, 0, 0, 0],
        [3, 4, 3, 4, 3, 4, 0, 0],
        [2, 4, 2, 4, 2, 4, 1, 0],
        [12, -2, 0, 0, 12, 0, 0, 6],
        [12, -1, 0, 1, 12, 1, 0, 5],
    ]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float32))


def test_step_by_step_is_as_at_once():
    at_once = position.tracks(INPUTS)
    track = position.initial(torch.zeros(1, 1))
    for step in range(INPUTS.shape[1]):
        track = position.moved(track, INPUTS[:, step])
        torch.testing.assert_close(track, at_once[:, step])


def test_a_network_that_is_told_the_position_steps_as_it_unrolls():
    torch.manual_seed(0)
    config = SketchConfig(categories=3, decoder_size=8, components=2, position=True)
    network = SketchNetwork(config).eval()
    condition = network.condition(torch.tensor([1]))
    unrolled, state = network.unroll(condition, INPUTS), network.start(condition)
    for step in range(INPUTS.shape[1]):
        vectors, state = network.step(condition, INPUTS[:, step], state)
        torch.testing.assert_close(vectors, unrolled[:, step])
    for part, wanted in zip(network.prefill(condition, INPUTS), state, strict=True):
        torch.testing.assert_close(part, wanted)

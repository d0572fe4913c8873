"""Where the pen is: what an artist sees, and a network that is told offsets alone has to add up.

After every point it is known where the pen is, where its stroke began, and how far what is drawn
reaches. So an outline can close where it began, and a second eye find the height of the first.

A track (B, 9) is what is kept of the points so far: x and y of the pen and of its stroke's first
point, the box around all points (left, top, right, bottom), and 1 where the pen was lifted last.
All are in the network's unit, from the drawing's first point on.
"""

from __future__ import annotations

import torch
from torch import Tensor

FEATURES = 8
FARTHEST = 32.0  # four frames; an untrained network that heard of more would run away
TRACK = 9
LIFTED = 3  # in stroke-5
_UP = 8  # in a track


def initial(like: Tensor) -> Tensor:
    """The tracks (B, 9) before a drawing's start token; as many and of the type of `like`."""
    return torch.cat([like.new_zeros(like.shape[0], TRACK - 1), like.new_ones(like.shape[0], 1)], 1)


def moved(track: Tensor, points: Tensor) -> Tensor:
    """The tracks (B, 9) one point (B, 5) on."""
    pen = track[:, :2] + points[:, :2]
    begin = torch.where(track[:, _UP:] > 0, pen, track[:, 2:4])
    low, high = torch.minimum(track[:, 4:6], pen), torch.maximum(track[:, 6:8], pen)
    return torch.cat([pen, begin, low, high, points[:, LIFTED : LIFTED + 1]], 1)


def tracks(inputs: Tensor) -> Tensor:
    """The tracks (B, T, 9) after each of the decoder's inputs (B, T, 5), from the start token."""
    pen = inputs[..., :2].cumsum(1)
    up = inputs[..., LIFTED : LIFTED + 1]
    begins = torch.cat([torch.ones_like(up[:, :1]), up[:, :-1]], 1)  # (B, T, 1)
    steps = torch.arange(inputs.shape[1], device=inputs.device)[:, None]
    first = torch.where(begins > 0, steps, 0).cummax(1).values  # where each point's stroke began
    begin = pen.gather(1, first.expand(-1, -1, 2))
    return torch.cat([pen, begin, pen.cummin(1).values, pen.cummax(1).values, up], -1)


def features(track: Tensor) -> Tensor:
    """What a network is told (..., 8) of tracks (..., 9).

    These are the pen from the drawing's first point, from its stroke's first point, and from the
    sides of the box around what is drawn.
    """
    pen = track[..., :2]
    ways = [pen, pen - track[..., 2:4], pen - track[..., 4:6], track[..., 6:8] - pen]
    return torch.cat(ways, -1).clamp(-FARTHEST, FARTHEST)

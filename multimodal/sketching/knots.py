"""Knots: places where a network is stuck, and draws over and over what is there.

People's drawings have hardly any: of the 34 well-covered categories of Quick, Draw!, 0.4 % hold
more than KNOTTED of their length within one circle of RADIUS of their size.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from multimodal.strokes import Drawing

RADIUS = 0.04
"""Of a knot, as a share of the drawing's longer side."""

KNOTTED = 0.15
"""A drawing with more than this share of its length within one knot is knotted."""

WINDOW = 12
"""So many points in a row within RADIUS of the last are a knot in the making."""

_PLACES = 256  # at equal distances along a drawing's strokes


def knot_share(drawing: Drawing) -> float:
    """The largest share of a drawing's length that lies within RADIUS of one of its points.

    It is 0 for a drawing without a line.
    """
    strokes = [stroke for stroke in drawing.strokes if len(stroke) > 1]
    if not strokes:
        return 0.0
    begins = np.concatenate([stroke[:-1] for stroke in strokes])
    ends = np.concatenate([stroke[1:] for stroke in strokes])
    along = np.hypot(*(ends - begins).T).cumsum()
    if not along[-1] > 0:
        return 0.0
    stops = (np.arange(_PLACES) + 0.5) / _PLACES * along[-1]
    segment = np.searchsorted(along, stops)
    length = np.diff(along, prepend=0.0)[segment]
    share = 1 - (along[segment] - stops) / length
    places = begins[segment] + (ends - begins)[segment] * share[:, None]
    size = float(np.ptp(np.concatenate([begins, ends]), axis=0).max())
    away = np.hypot(*np.moveaxis(places[:, None] - places, -1, 0))
    return float((away < RADIUS * size).mean(1).max())


class KnotDetector:
    """Watches B drawings for knots while they are drawn.

    Attributes:
        state: (B, 2 WINDOW + 4): the last places of each pen, infinite where there are none yet,
            and the box around what is drawn.
    """

    def __init__(self, state: Tensor) -> None:
        self.state = state

    @classmethod
    def begin(cls, drawings: int, points: Tensor | None = None) -> KnotDetector:
        """Watch drawings that begin at the origin; points (T, 2), scaled, are drawn already."""
        before = torch.zeros(1, 2) if points is None else points
        low, high = before.amin(0).clamp(max=0), before.amax(0).clamp(min=0)
        nowhere = torch.full((2 * WINDOW - 2,), torch.inf)
        return cls(torch.cat([nowhere, before[-1], low, high]).repeat(drawings, 1))

    def add(self, offsets: Tensor) -> Tensor:
        """Take in the next points by their offsets (B, 2) → (B,) whether each is in a knot."""
        places, box = self.state[:, : 2 * WINDOW], self.state[:, 2 * WINDOW :]
        pen = places[:, -2:] + offsets
        low, high = torch.minimum(box[:, :2], pen), torch.maximum(box[:, 2:], pen)
        places = torch.cat([places[:, 2:], pen], 1)
        self.state = torch.cat([places, low, high], 1)
        reach = (places.unflatten(1, (WINDOW, 2)) - pen[:, None]).norm(dim=2).amax(1)
        knotted: Tensor = reach < RADIUS * (high - low).amax(1)
        return knotted

    def keep(self, rows: Tensor) -> KnotDetector:
        """The same for some of the drawings: rows (B',)."""
        return KnotDetector(self.state[rows])

    def put(self, rows: Tensor, other: KnotDetector) -> None:
        """Let the drawings of some rows (B',) stand where they do in another of equal size."""
        self.state[rows] = other.state[rows]

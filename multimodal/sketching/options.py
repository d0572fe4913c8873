"""How points are drawn, as far as a caller may say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from multimodal.errors import UserError

MOST_DRAFTS = 64


@dataclass(frozen=True)
class DrawingOptions:
    """How points are drawn.

    Attributes:
        temperature: above 0; the lower, the safer and the more alike.
        drafts: how many drafts there are of every point to choose from; see `generation`. 1 takes
            points as they come, and lets knots be.
        seed: the same draws the same.
        max_points: a drawing that has not ended by then is cut off; None is the longest that the
            network learnt from.

    Raises:
        UserError: a number is out of range.
    """

    temperature: float = 0.7
    drafts: int = 16
    seed: int = 0
    max_points: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise UserError(f"temperature: must be above 0, not {self.temperature}")
        if not 1 <= self.drafts <= MOST_DRAFTS:
            raise UserError(f"drafts: must be from 1 to {MOST_DRAFTS}, not {self.drafts}")
        if self.max_points is not None and self.max_points < 1:
            raise UserError(f"max_points: must be at least 1, not {self.max_points}")

    def changed(self, changes: Mapping[str, Any]) -> DrawingOptions:
        """The same with those options changed that are given and not None.

        Where no seed is given, something else is drawn each time.
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UserError(f"{name}: no such option; there are {', '.join(known)}")
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **{"seed": secrets.randbits(32), **given})

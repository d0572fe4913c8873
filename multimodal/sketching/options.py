"""How points are drawn, as far as a caller may say."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypedDict

from annotated_types import Ge, Gt, Le, Lt

from multimodal.settings import Settings

MOST_DRAFTS = 64


@dataclass(frozen=True)
class DrawingOptions(Settings):
    """How points are drawn.

    Raises:
        UserError: a number is out of range.
    """

    temperature: Annotated[
        float, Gt(0), Lt(math.inf), "The lower, the safer and the more alike."
    ] = 0.78
    num_candidates: Annotated[
        int,
        Ge(1),
        Le(MOST_DRAFTS),
        "How many candidates of every point are sampled to choose from; see `generation`. 1 takes"
        " points as they come, and lets knots be.",
    ] = 16
    seed: Annotated[int, "The same draws the same."] = 0
    max_points: Annotated[
        int | None,
        Ge(1),
        "A drawing that has not ended by then is cut off; None is the longest that the network"
        " learnt from.",
    ] = None

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """See `Settings`; where no seed is given, something else is drawn each time."""
        seed = changes.get("seed")
        return super().changed({**changes, "seed": secrets.randbits(32) if seed is None else seed})


class DrawingChanges(TypedDict, total=False):
    """Those of `DrawingOptions` that a call changes."""

    temperature: float | None
    num_candidates: int | None
    seed: int | None
    max_points: int | None

"""How lines are written, as far as a caller may say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypedDict

from annotated_types import Ge, Le

from multimodal.settings import Settings

MOST_SEEDS = 2**31  # to choose from where none is given


@dataclass(frozen=True)
class HandwritingOptions(Settings):
    """How lines are written.

    Raises:
        UserError: a number is out of range.
    """

    bias: Annotated[
        float,
        Ge(0),
        Le(10),
        "From 0, as varied as people write, to 3 and more, neat and alike (Graves 2013, section"
        " 5.4).",
    ] = 2.0
    seed: Annotated[int, "The same writes the same."] = 0
    num_candidates: Annotated[
        int,
        Ge(1),
        "How often each piece is written; the one is kept of which the network is surest that it"
        " says its text, see `multimodal.handwriting.legibility`. 1 is fastest.",
    ] = 2
    max_candidates: Annotated[
        int,
        Ge(1),
        "Where a judge reads pieces back, one that is misread is drafted again, up to so many times"
        " in all.",
    ] = 8
    attempts: Annotated[
        int,
        Ge(1),
        "How often a piece is written anew of which all candidates failed: did not come to their "
        "end, or passed over a character. The best of them is taken if all fail.",
    ] = 8

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """See `Settings`; where no seed is given, something else is written each time."""
        seed = changes.get("seed")
        new = secrets.randbelow(MOST_SEEDS) if seed is None else seed
        return super().changed({**changes, "seed": new})


class HandwritingChanges(TypedDict, total=False):
    """Those of `HandwritingOptions` that a call changes."""

    bias: float | None
    seed: int | None
    num_candidates: int | None
    max_candidates: int | None
    attempts: int | None

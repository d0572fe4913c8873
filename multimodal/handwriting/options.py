"""How lines are written, as far as a caller may say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from multimodal.errors import UserError

MOST_SEEDS = 2**31  # to choose from where none is given


@dataclass(frozen=True)
class HandwritingOptions:
    """How lines are written.

    Attributes:
        bias: from 0, as varied as people write, to 3 and more, neat and alike (Graves 2013, section
            5.4).
        seed: the same writes the same.
        drafts: how often each piece is written; the one is kept of which the network is surest that
            it says its text, see `multimodal.handwriting.legibility`. 1 is fastest.
        most_drafts: where a judge reads pieces back, one that is misread is drafted again, up to so
            many times in all.
        attempts: how often a piece is written anew of which all drafts failed: did not come to
            their end, or passed over a character. The best of them is taken if all fail.

    Raises:
        UserError: a number is out of range.
    """

    bias: float = 2.0
    seed: int = 0
    drafts: int = 2
    most_drafts: int = 8
    attempts: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.bias <= 10:
            raise UserError(f"bias: must be from 0 to 10, not {self.bias}")
        for name in ("drafts", "most_drafts", "attempts"):
            if getattr(self, name) < 1:
                raise UserError(f"{name}: must be at least 1, not {getattr(self, name)}")

    def changed(self, changes: Mapping[str, Any]) -> HandwritingOptions:
        """The same with those options changed that are given and not None.

        Where no seed is given, something else is written each time.
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UserError(f"{name}: no such option; there are {', '.join(known)}")
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **{"seed": secrets.randbelow(MOST_SEEDS), **given})

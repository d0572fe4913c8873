"""What a call may change of the search of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from multimodal.errors import UserError

_COUNTS = ("beam_size", "n_best", "max_length")
WIDEST = 100  # hypotheses of a beam


def changed(options: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a file, some of them changed for one call.

    Raises:
        UserError: an option is unknown or out of range.
    """
    for name in changes:
        if name not in options:
            raise UserError(f"{name}: no such option; a file has {', '.join(options)}")
    found = {**options, **changes}
    for name in _COUNTS:
        value = found.get(name, 1)
        if not isinstance(value, int) or not 1 <= value <= WIDEST:
            raise UserError(f"{name} must be a whole number from 1 to {WIDEST}, not {value!r}")
    for name in set(found) - set(_COUNTS):
        value = found[name]
        if not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise UserError(f"{name} must be a number of at least 0, not {value!r}")
    if found["n_best"] > found["beam_size"]:
        raise UserError(
            f"n_best={found['n_best']} asks for more than beam_size={found['beam_size']} can find; "
            "raise beam_size to n_best or more"
        )
    return found

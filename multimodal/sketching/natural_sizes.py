"""How large the categories of Quick, Draw! are beside each other: five coarse classes.

Milder than nature, or no ant would be seen beside a castle. `natural_sizes.tsv` holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from multimodal.word_tables import read_table, split_list

USUAL = 1.0  # a person's size, and whatever is not named here


def natural_size(category: str) -> float:
    """The longer side of a figure of this category, beside a person's of 1."""
    return _sizes().get(category, USUAL)


@cache
def _sizes() -> Mapping[str, float]:
    rows = read_table("sketching/natural_sizes.tsv")
    return {category: float(size) for size, texts in rows for category in split_list(texts)}

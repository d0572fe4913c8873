"""Tables of words that ship with a room: tab-separated text files beside its modules."""

from __future__ import annotations

from importlib.resources import files


def read_table(name: str) -> list[list[str]]:
    """Return the rows of a shipped table.

    The first line names the columns; lines that begin with "#" are remarks.

    Args:
        name: where it lies below the package, such as "translation/names.tsv".

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """
    lines = files("multimodal").joinpath(name).read_text(encoding="utf-8").splitlines()
    columns, *rows = [line.split("\t") for line in lines if not line.startswith("#")]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{name}: {row} has {len(row)} cells in place of {len(columns)}")
    return rows


def split_list(texts: str) -> list[str]:
    """Split a cell that holds phrases with commas between them."""
    return texts.split(", ") if texts else []

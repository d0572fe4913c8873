"""Public sets of drawings: what there is to learn from and to measure on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from multimodal.errors import UserError
from multimodal.sketching.sequences import drawing_of
from multimodal.strokes import Drawing, read_npz, read_quickdraw, to_stroke3

Drawings: TypeAlias = Mapping[str, Sequence[Drawing]]
"""Category → its drawings."""


def read_sketches(source: str | Path, split: str) -> dict[str, list[Drawing]]:
    """Read one split of a public data set.

    Args:
        source: a Quick, Draw! folder of `<category>.ndjson`, split by its drawings' keys; or one of
            sketch-rnn's `.npz` files, which hold their own split, a single category named as the
            file.
        split: "train", "dev" or "test".

    Returns:
        Category → its drawings; a category may have none in a split.

    Raises:
        UserError: the source cannot be read, or holds no such split.
    """
    path = Path(source)
    if path.suffix == ".npz":
        # Their pen is on the paper at the origin before the first row, which `Drawing` can't know.
        drawings = [drawing_of(to_stroke3(drawing)) for drawing in read_npz(path, split)]
        return {path.stem: drawings}
    if not path.is_dir():
        raise UserError(f"{source}: neither a folder of .ndjson files nor an .npz file")
    return read_quickdraw(path, split)

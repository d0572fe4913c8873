"""Quick, Draw! as a data set: a folder of `<category>.ndjson`, its split, its simplified form."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

import numpy as np

from multimodal.errors import UserError
from multimodal.splits import Split, require_split, split_by_hash
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.ndjson import Record, read_ndjson

FRAME, EPSILON = 255, 2.0


def read_quickdraw(folder: str | Path, split: str) -> dict[str, list[Drawing]]:
    """Read one part of every category in a folder.

    Args:
        folder: holds `<category>.ndjson` files, as Quick, Draw! publishes them or of one's own.
        split: "train", "dev" or "test".

    Returns:
        Category → its drawings in the order of the file; categories sorted, and there even when
        none of their drawings falls into this part.

    Raises:
        UserError: no such folder, no such file in it, a file without any drawing, or no such part.
    """
    wanted = require_split(split)
    paths = sorted(Path(folder).glob("*.ndjson"))
    if not paths:
        raise UserError(f"{folder}: no <category>.ndjson in this folder")
    return {
        path.stem: [record.drawing for record in read_ndjson(path) if _split(record) == wanted]
        for path in paths
    }


def quickdraw_split(key_id: str) -> Split:
    """Say which part a drawing belongs to: one in ten is test, one dev, the same for everyone."""
    return split_by_hash(key_id)


def quickdraw_form(drawing: Drawing) -> Drawing:
    """Bring any drawing into the form that Quick, Draw! publishes as simplified.

    As its authors describe it: the top left corner moves to the origin, the larger side becomes
    255, strokes are resampled at a spacing of 1 and simplified with an epsilon of 2; coordinates
    are whole numbers. Times and pressures are dropped.
    """
    left, top, right, bottom = drawing.bounds
    larger = max(right - left, bottom - top)
    scaled = drawing.moved(-left, -top).scaled(FRAME / larger if larger else 1)
    fine = scaled.resampled(1).simplified(EPSILON)
    return Drawing([np.rint(stroke) for stroke in fine])


def _split(record: Record) -> Split:
    return quickdraw_split(record.key_id or _fingerprint(record.drawing))


def _fingerprint(drawing: Drawing) -> str:
    """Stands for the key of a drawing that has none: copies then fall into one part together."""
    return sha1(
        b"|".join(stroke.tobytes() for stroke in drawing), usedforsecurity=False
    ).hexdigest()

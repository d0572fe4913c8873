"""A handwriting style as a small file: an embedding, how fast it moves, and a sample to begin from.

See `multimodal.handwriting.styles` for how it is learnt.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from multimodal.atomic import write_text
from multimodal.errors import UserError
from multimodal.handwriting.alphabet import CHARACTERS
from multimodal.handwriting.dataset import Rows

FORMAT = 2  # in format 1 the embedding is called `hand`


@dataclass(frozen=True)
class Primer:
    """A sample of a style to be written on from.

    Attributes:
        text: what it says.
        rows: dx, dy, pen lifted after, in the data's units; the first row is the first point.
    """

    text: str
    rows: tuple[tuple[float, float, int], ...]

    @property
    def array(self) -> Rows:
        """The rows (N, 3)."""
        return np.array(self.rows, dtype=np.float32)


@dataclass(frozen=True)
class Style:
    """A handwriting style.

    Attributes:
        name: what it is called.
        embedding: the embedding.
        pace: how far it moves, in the data's units a character.
        primer: a sample to begin from, or None.
    """

    name: str
    embedding: tuple[float, ...]
    pace: float
    primer: Primer | None = None

    def save(self, path: str | Path) -> Path:
        """Write a style as a small JSON file.

        Raises:
            UserError: the disk refuses.
        """
        path = Path(path)
        text = json.dumps({"format": FORMAT, "kind": "handwriting style", **asdict(self)})
        write_text(path, text + "\n")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: no such file, or no style in it.
        """
        path = Path(path)
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            return cls._read(entry)
        except FileNotFoundError:
            raise UserError(f"{path}: no such style; a number or a file expected") from None
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise UserError(f"{path}: not a style of handwriting ({error})") from None

    @classmethod
    def _read(cls, entry: dict[str, Any]) -> Self:
        if entry["kind"] != "handwriting style" or entry["format"] not in (1, FORMAT):
            raise ValueError("another kind or format")
        found = entry["primer"]
        rows = (
            ()
            if found is None
            else tuple((float(dx), float(dy), int(lifted)) for dx, dy, lifted in found["rows"])
        )
        primer = None if found is None else Primer(str(found["text"]), rows)
        embedding = tuple(
            float(value) for value in entry["hand" if entry["format"] == 1 else "embedding"]
        )
        pace = float(entry["pace"])
        values = [pace, *embedding, *(value for row in rows for value in row)]
        if not np.isfinite(values).all() or pace <= 0 or not embedding:
            raise ValueError("a number that cannot be")
        if primer is not None and (not rows or not set(primer.text) <= set(CHARACTERS)):
            raise ValueError("a primer that cannot be written")
        return cls(str(entry["name"]), embedding, pace, primer)

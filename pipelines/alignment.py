"""A translation → a picture of where the network looked while it wrote every word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from pipelines.output import require_place

if TYPE_CHECKING:
    from multimodal.translation.translation import Translation

CELL = 0.36  # inches a word
MARGIN = 1.5  # inches for the words along the sides


def require_alignment(path: Path) -> None:
    """See to it that a picture can be saved there.

    Raises:
        UserError: when its folder does not exist, or the ending is of no picture.
    """
    require_place(path)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UserError(f"{path}: not the ending of a picture; choose .png, .svg or .pdf")


def draw_alignment(translation: Translation, path: Path) -> None:
    """Draw the attention of every word of a translation (a row) on the source (columns).

    Raises:
        UserError: there are no words to align, or the picture cannot be written.
    """
    from matplotlib.figure import Figure  # without pyplot there is no window and no global state

    require_alignment(path)
    weights = translation.alignment
    if weights is None or not weights.size:
        raise UserError("there is no alignment: the sentence or its translation has no words")
    rows, columns = weights.shape
    size = (MARGIN + CELL * columns, MARGIN + CELL * rows)
    figure = Figure(figsize=size, layout="constrained")
    panel = figure.subplots()
    panel.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="equal")
    panel.set_xticks(range(columns), translation.source_words, rotation=60, ha="left")
    panel.set_yticks(range(rows), translation.words)
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.set_xticks([x - 0.5 for x in range(1, columns)], minor=True)
    panel.set_yticks([y - 0.5 for y in range(1, rows)], minor=True)
    panel.grid(which="minor", color="#d8d6d0", linewidth=0.6)
    panel.tick_params(which="minor", length=0)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120)

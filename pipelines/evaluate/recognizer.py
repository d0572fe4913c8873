"""A recognizer and held-out drawings → figures: behind ``multimodal evaluate recognizer``."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.recognition.metrics import FRACTIONS, Answers, accuracy_by_category
from multimodal.splits import SPLITS, require_split
from pipelines.output import require_place

if TYPE_CHECKING:
    from multimodal.recognition.arrays import Ints
    from multimodal.recognition.drawings.data import LabelledStrokes
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.strokes import Drawing

PLOTTED = tuple(n / 8 for n in range(1, 9))


def evaluate_recognizer(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    plot: Path | None = None,
    least: int = 440,
) -> dict[str, Any]:
    """Compare a recognizer's predictions for the drawings of a split with what was to be drawn.

    Args:
        model: a folder, a Hub id, or None for the shipped recognizer.
        data: a folder of ``<category>.ndjson``; see `multimodal.strokes.read_quickdraw`.
        split: which drawings.
        plot: where to draw accuracy and confidence against the share of the drawing seen (PNG).
        least: categories with so many drawings in all splits are well covered.

    Returns:
        `top1`, of the drawings of well-covered categories, ranked among these; the same ranked
        among all categories, `top1_among_all`; `top1_all` and `top5` of all drawings among all;
        `per_category`, top-1 among all; `accuracy_after_fraction` and `confidence_after_fraction`
        as `top1`, after shares of the points of each drawing, the last stroke cut short; `ece`
        (`metrics.ECE_BINS` bins) and `ece_after_fraction` of all drawings among all; and `split`,
        `drawings`, `frequent_categories`, `seconds` and `drawings_per_second` at whole drawings.

    Raises:
        UserError: the data cannot be read, or holds a category that the recognizer does not know.
    """
    from multimodal.recognition.drawings.data import LabelledStrokes, frequent_categories
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.strokes import read_quickdraw

    if plot is not None:
        require_plot(plot)
    split = require_split(split)
    parts = {name: read_quickdraw(data, name) for name in SPLITS}
    recognizer = Recognizer.from_pretrained(model)
    names = frequent_categories(list(parts.values()), least)
    drawings = parts[split]
    begin = time.perf_counter()
    whole = _answers(recognizer, LabelledStrokes.of(drawings, recognizer.categories))
    seconds = time.perf_counter() - begin
    if not len(whole.labels):
        raise UserError(f"{data}: no drawing in its {split} split")
    numbers = np.array([recognizer.categories.index(name) for name in names])
    seen = {
        share: _answers(recognizer, _begun(drawings, share, recognizer.categories))
        for share in (PLOTTED if plot else FRACTIONS)
    }
    if plot is not None:
        draw_curves(seen, numbers, plot)
    return {
        "top1": whole.among(numbers).top(1),
        "top1_among_all": whole.of(numbers).top(1),
        "top1_all": whole.top(1),
        "top5": whole.top(5),
        "per_category": accuracy_by_category(
            whole.probabilities, whole.labels, recognizer.categories
        ),
        "accuracy_after_fraction": {str(f): seen[f].among(numbers).top(1) for f in FRACTIONS},
        "confidence_after_fraction": {str(f): seen[f].among(numbers).confidence for f in FRACTIONS},
        "ece": whole.ece,
        "ece_after_fraction": {str(f): seen[f].ece for f in FRACTIONS},
        "split": split,
        "drawings": len(whole.labels),
        "frequent_categories": len(names),
        "seconds": seconds,
        "drawings_per_second": len(whole.labels) / seconds,
    }


def require_plot(path: Path) -> None:
    """See to it that a plot can be written, before the work begins.

    Raises:
        UserError: its ending is not .png, or there is no place for it.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: a plot is written as .png; choose that ending")
    require_place(path)


def draw_curves(seen: Mapping[float, Answers], frequent_categories: Ints, path: Path) -> None:
    """Draw accuracy and confidence against the share of the points seen, as PNG.

    Args:
        seen: what was said after each share.
        frequent_categories: numbers of the categories that have a panel of their own.
        path: where to.
    """
    from matplotlib.figure import Figure  # without pyplot there is no window and no global state

    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    shares = [100 * share for share in seen]
    ours = [answers.among(frequent_categories) for answers in seen.values()]
    titles = (f"{len(frequent_categories)} well-covered categories", "all categories")
    for panel, title, answers in zip(panels, titles, (ours, list(seen.values())), strict=True):
        panel.plot(shares, [100 * a.top(1) for a in answers], marker="o", label="accuracy")
        panel.plot(shares, [100 * a.confidence for a in answers], "--s", label="confidence")
        panel.set(title=title, xlabel="points seen, %", xlim=(0, 103), ylim=(0, 100))
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("%")
    panels[0].legend(loc="lower right")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _answers(recognizer: Recognizer, drawings: LabelledStrokes) -> Answers:
    return Answers(recognizer.probabilities(drawings.ink), drawings.labels)


def _begun(
    drawings: Mapping[str, Sequence[Drawing]], share: float, categories: Sequence[str]
) -> LabelledStrokes:
    """Every drawing as it looked after a share of its points, at least one."""
    from multimodal.recognition.drawings.data import LabelledStrokes

    begun = {
        name: [drawing.first(max(1, math.ceil(share * drawing.points))) for drawing in of_one]
        for name, of_one in drawings.items()
    }
    return LabelledStrokes.of(begun, categories)

"""A recognizer judges drawings that a model made, beside those that people made.

The judge has learnt from people's drawings alone, so what it names right looks like theirs. That
could be had by making the same drawing again and again; so diversity is measured too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import numpy as np

from multimodal.errors import UserError
from multimodal.sketching.options import DrawingChanges
from multimodal.splits import SPLITS

if TYPE_CHECKING:
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.strokes import Drawing

POINTS = 64
"""How many points, evenly spread along its strokes, stand for a drawing where two are compared."""


WELL_COVERED = 440
"""Categories with so many drawings in all can be judged."""

CONVINCING = 0.5
"""A category is drawn well of whose drawings at least this share is named right."""

SEED = 1

JUDGE = "recognizer-quickdraw"
"""The recognizer that has seen no drawing made by a model."""


class Artist(Protocol):
    """Whatever draws."""

    @property
    def categories(self) -> Sequence[str]:
        """What can be drawn."""

    def draw(self, prompt: str, count: int = 1, **changes: Unpack[DrawingChanges]) -> list[Drawing]:
        """Draw a prompt so many times; `changes` are `seed` and the options that are given."""


def evaluate_drawings(
    model: str | Path | None,
    judge: str,
    data: str | Path,
    split: str = "test",
    per_category: int = 50,
    *,
    every: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Let a recognizer judge a sketcher: the job behind `multimodal evaluate sketcher --judge`.

    The well-covered categories count: those with at least `WELL_COVERED` drawings in `data`; or
    all that people have drawn.

    Args:
        model: a folder, a Hub id, one of magenta's `.gen.json` files, or None for the shipped one.
        judge: a recognizer's folder or Hub id; "recognizer" for `JUDGE`.
        data: a Quick, Draw! folder.
        split: which real drawings to compare with.
        per_category: how many to draw of each category, and how many real ones count at most.
        every: whether the categories count that are not well covered.
        **options: of drawing, such as temperature; the sketcher's own unless given.

    Returns:
        What `judge_sketcher` does, and `temperature`, `num_candidates`, `split` and `seconds`.

    Raises:
        UserError: a model or the data cannot be read, or they have no category in common.
    """
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.strokes import read_quickdraw

    begin = time.perf_counter()
    sketcher = Sketcher.from_pretrained(model)
    recognizer = Recognizer.from_pretrained(JUDGE if judge == "recognizer" else judge)
    parts = [read_quickdraw(data, part) for part in SPLITS]
    amounts = {name: sum(len(part.get(name, [])) for part in parts) for name in parts[0]}
    real = {
        name: drawings
        for name, drawings in read_quickdraw(data, split).items()
        if every or amounts[name] >= WELL_COVERED
    }
    judged = judge_sketcher(sketcher, recognizer, real, per_category, seed=SEED, **options)
    used = sketcher.options.changed(options)
    about = {"temperature": used.temperature, "num_candidates": used.num_candidates, "split": split}
    return {**judged, **about, "seconds": time.perf_counter() - begin}


def keep_quality(model: str | Path, scores: Mapping[str, Any]) -> None:
    """Write into a sketcher's folder which share of each category's drawings is named right.

    Args:
        model: the folder of a checkpoint.
        scores: what `evaluate_drawings` gave.

    Raises:
        UserError: it is no folder that can be written.
    """
    from multimodal.checkpoints import CARD
    from multimodal.sketching.sketcher import Sketcher

    folder = Path(model)
    if not folder.is_dir():
        raise UserError(f"{model}: no folder, so that nothing can be kept in it")
    sketcher, card = Sketcher.from_pretrained(folder), folder / CARD
    found = {name: figures["generated"] for name, figures in scores["per_category"].items()}
    sketcher.quality = {**sketcher.quality, **found}
    sketcher.save_pretrained(folder, card.read_text(encoding="utf-8") if card.exists() else None)


def judge_sketcher(
    sketcher: Artist,
    recognizer: Recognizer,
    real: Mapping[str, Sequence[Drawing]],
    per_category: int = 50,
    *,
    seed: int = 0,
    **options: Any,
) -> dict[str, Any]:
    """Let a sketcher draw, and a recognizer name what it drew and what people drew.

    Only categories count that both know and that people have drawn. Drawings are ranked among all
    categories of the recognizer.

    Args:
        sketcher: draws.
        recognizer: judges; it must not have learnt from a sketcher's drawings.
        real: category → people's drawings that neither has learnt from.
        per_category: how many to draw of each; of the real ones, the first so many count.
        seed: of the sketcher.
        **options: of drawing, such as temperature; the sketcher's own unless given.

    Returns:
        `per_category`: for each, the figures of `compare`; and their means over the categories:
        `generated`, `real` (shares named right), `ratio` (of these two), the same three of
        diversity (`generated_diversity`, `real_diversity`, `diversity_ratio`) and of knots
        (`generated_knots`, `real_knots`, `knots_ratio`); and `convincing`, the number of categories
        of whose generated drawings at least half are named right.

    Raises:
        UserError: there is no category that all three have.
    """
    names = [n for n in sketcher.categories if n in recognizer.categories and real.get(n)]
    if not names:
        raise UserError("nothing to judge: sketcher, recognizer and drawings share no category")
    judged = {
        name: compare(
            name,
            sketcher.draw(name, per_category, seed=seed, **options),
            list(real[name])[:per_category],
            recognizer,
        )
        for name in names
    }
    convincing = sum(figures["generated"] >= CONVINCING for figures in judged.values())
    return {"per_category": judged, **_means(list(judged.values())), "convincing": convincing}


def compare(
    category: str, generated: Sequence[Drawing], real: Sequence[Drawing], recognizer: Recognizer
) -> dict[str, Any]:
    """Judge generated drawings of one category beside real ones.

    Args:
        category: what all should show.
        generated: drawings of a network.
        real: drawings of people.
        recognizer: names them.

    Returns:
        `generated` and `real`, the shares named right; `generated_diversity` and `real_diversity`,
        see `diversity`, None for fewer than two drawings; `generated_knots` and `real_knots`, the
        shares that are knotted (see `multimodal.sketching.knots`); and how many there were of each,
        `generated_drawings` and `real_drawings`.
    """
    from multimodal.sketching.knots import KNOTTED, knot_share

    figures: dict[str, Any] = {}
    for kind, drawings in (("generated", generated), ("real", real)):
        drawn = [drawing for drawing in drawings if len(drawing)]
        named = [prediction.label for prediction in recognizer.predict(drawn, top=1)]
        figures[kind] = named.count(category) / len(drawings)
        figures[f"{kind}_diversity"] = diversity(drawn)
        figures[f"{kind}_knots"] = fmean(knot_share(drawing) > KNOTTED for drawing in drawings)
        figures[f"{kind}_drawings"] = len(drawings)
    return figures


def diversity(drawings: Sequence[Drawing]) -> float | None:
    """The mean distance between all pairs of drawings; None for fewer than two.

    The distance of two drawings is the symmetric chamfer distance of POINTS points on each, both
    centred and scaled so that the larger side is 1: the mean way from a point of one drawing to the
    nearest of the other. It does not depend on the order of strokes.
    """
    if len(drawings) < 2:
        return None
    clouds = np.stack([_cloud(drawing) for drawing in drawings])  # (N, POINTS, 2)
    distances = []
    for number, cloud in enumerate(clouds[:-1]):
        others = clouds[number + 1 :]
        away = np.hypot(*np.moveaxis(cloud[:, None] - others[:, None], -1, 0))  # (n, P, P)
        distances += [(away.min(1).mean(1) + away.min(2).mean(1)) / 2]
    return float(np.concatenate(distances).mean())


def _cloud(drawing: Drawing) -> np.ndarray[Any, np.dtype[np.float64]]:
    """POINTS points at equal distances along all strokes (POINTS, 2), the larger side 1."""
    strokes = drawing.fitted(1, 1).strokes
    points = np.concatenate(strokes)
    steps = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    steps[np.cumsum([0, *map(len, strokes[:-1])])] = 0  # the lifted pen leaves no ink
    along = np.cumsum(steps)
    stops = np.linspace(0, along[-1], POINTS)
    return np.column_stack([np.interp(stops, along, axis) for axis in points.T])


def _means(judged: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Means over categories, and the ratios of generated to real."""
    means: dict[str, float | None] = {}
    for kind in ("", "_diversity", "_knots"):
        for whose in ("generated", "real"):
            known = [f[whose + kind] for f in judged if f[whose + kind] is not None]
            means[whose + kind] = fmean(known) if known else None
        made, real = means[f"generated{kind}"], means[f"real{kind}"]
        ratio = made / real if made is not None and real else None
        means[f"{kind}_ratio".lstrip("_")] = ratio
    return means

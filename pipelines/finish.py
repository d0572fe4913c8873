"""Two networks and a beginning: one draws endings, the other picks what looks right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from multimodal.strokes import Drawing
from pipelines.sketch import Sketches, category_of, complete

if TYPE_CHECKING:
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.sketching.sketcher import Sketcher

CANDIDATES = 3  # endings that are drawn for each that is wanted


def finish(
    sketcher: Sketcher,
    recognizer: Recognizer,
    begun: Drawing,
    count: int = 1,
    category: str | None = None,
    **options: Any,
) -> Sketches:
    """Finish a drawing several times.

    Several times as many endings are drawn; those are given that the recognizer most takes for what
    the drawing is to become.

    Args:
        sketcher: who draws.
        recognizer: who looks.
        begun: a drawing with a stroke at least.
        count: how many endings.
        category: what it will be, as a prompt of one thing; None for what the recognizer takes the
            beginning for, where the sketcher can draw that.
        **options: of drawing, such as temperature and seed.

    Returns:
        Whole drawings, the best first; the title is what they are, where that is known.

    Raises:
        UserError: the drawing is empty, or the category cannot be drawn.
    """
    if not begun:
        raise UserError("the drawing is empty; draw a stroke first")
    looks = recognizer.predict(begun, len(recognizer.categories)).ranking
    wanted = (
        category_of(category, sketcher)
        if category
        else next((name for name, _ in looks if name in sketcher.categories), None)
    )
    found = complete(sketcher, begun, CANDIDATES * count, wanted, **options)
    return replace(
        found, title=wanted or found.title, drawings=_best(recognizer, found, wanted)[:count]
    )


def _best(recognizer: Recognizer, found: Sketches, wanted: str | None) -> tuple[Drawing, ...]:
    """The drawings by how much they look like a category; as they were where none is known."""
    if wanted not in recognizer.categories:
        return found.drawings
    predictions = recognizer.predict(found.drawings, len(recognizer.categories))
    shares = [dict(prediction.ranking)[wanted] for prediction in predictions]
    order = sorted(range(len(shares)), key=lambda number: -shares[number])
    return tuple(found.drawings[number] for number in order)

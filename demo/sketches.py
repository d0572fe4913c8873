"""What the tabs that draw have in common: their options, and what they show and answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypedDict

import gradio as gr

from demo.answers import Pictured
from demo.player import Shown
from demo.shared import Shared
from multimodal.errors import UserError
from multimodal.strokes import Sheet, smoothed, to_points
from multimodal.strokes.raster import encode_png

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multimodal.sketching.sketcher import Sketcher
    from pipelines.sketch import Sketches

SEEDS = 2**31  # to choose from where none is given
NEW_SEED = -1  # asks for a new one, where a number has to stand
USUAL_TEMPERATURE, LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.7, 0.05, 1.5


class Drawn(TypedDict):
    """What an endpoint answers that draws."""

    title: Annotated[str, "what the drawings show"]
    notes: Annotated[list[str], "what should be said about them"]
    seed: Annotated[int, "the same seed draws the same"]
    drawings: Annotated[
        list[list[list[list[float]]]],
        "of each a list of strokes, of each a list of points [x, y]; y down",
    ]


PicturedDrawings: TypeAlias = Pictured[Drawn]
"""The same, and a sheet of the drawings."""


def temperature_slider() -> gr.Slider:
    """Put the choice of a temperature on the page."""
    return gr.Slider(
        LEAST_TEMPERATURE,
        MOST_TEMPERATURE,
        USUAL_TEMPERATURE,
        step=0.05,
        label="Temperature",
        info="Low is neat and alike, high as varied as what was learnt.",
    )


def count_slider(shared: Shared, usual: int) -> gr.Slider:
    """Put the choice of a number of drawings on the page."""
    return gr.Slider(1, shared.limits.drawings, usual, step=1, label="How many")


def seed_number() -> gr.Number:
    """Put the choice of a seed on the page."""
    return gr.Number(
        None, label="Seed", info="The same one draws the same; empty is always new.", precision=0
    )


def seed_input() -> gr.Number:
    """Put what takes a seed from API clients, and is not seen, on the page."""
    return gr.Number(NEW_SEED, label="Seed", precision=0, visible=False)


def chosen_seed(seed: float | None) -> int:
    """The seed that was asked for, or a new one.

    Raises:
        UserError: it is out of range.
    """
    if seed is None or seed == NEW_SEED:
        return secrets.randbelow(SEEDS)
    if not 0 <= seed < SEEDS:
        raise UserError(f"Please choose a seed from 0 to {SEEDS - 1:,}, or none, not {seed:,.0f}.")
    return int(seed)


def shown(sketches: Sketches, seed: int, sketcher: Sketcher) -> Shown:
    """What the page shows of what was drawn."""
    category = sketches.title if sketches.title in sketcher.categories else None
    notes = (*sketches.notes, f"{sketches.title}, seed {seed}")
    return Shown(sketches.drawings, sketches.title, category, notes)


def answered(sketches: Sketches, seed: int) -> PicturedDrawings:
    """What an API client is told and shown of what was drawn."""
    told = Drawn(
        title=sketches.title,
        notes=list(sketches.notes),
        seed=seed,
        drawings=[_rounded(to_points(drawing)) for drawing in sketches.drawings],
    )
    return Pictured(told, lambda: _sheet(sketches))


def _sheet(sketches: Sketches) -> list[bytes]:
    """All drawings on one PNG, as the page shows them; none of nothing."""
    drawings = [smoothed(drawing) for drawing in sketches.drawings]
    return [encode_png(drawings, Sheet())] if drawings else []


def _rounded(strokes: Iterable[Iterable[Iterable[Any]]]) -> list[list[list[float]]]:
    """To what can be seen: a thousandth of a unit."""
    return [[[round(x, 3), round(y, 3)] for x, y, *_ in stroke] for stroke in strokes]

"""Draw together: a pad that guesses along and finishes what was begun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypedDict

import gradio as gr

from demo.guesses import bars_of, guess_bars
from demo.pad import SIZE, Strokes, read_pad, stroke_pad, strokes_input, suggested
from demo.saver import saved, saver
from demo.shared import Shared
from demo.sketches import (
    PicturedDrawings,
    answered,
    chosen_seed,
    count_slider,
    seed_input,
    seed_number,
    temperature_slider,
)
from multimodal.errors import UserError
from multimodal.sketching.prompts import PromptObject
from multimodal.strokes import Drawing, to_points
from pipelines.finish import finish
from pipelines.sketch import READABLE, Sketches, read_one

USUAL_ENDINGS = 4
TOP = 5
LIVE = {"concurrency_id": "live", "concurrency_limit": 4}
"""A guess at a stroke takes milliseconds, and never waits behind a job that takes seconds."""

MARGIN = 40  # around a drawing that is opened, in units of the pad


class Likely(TypedDict):
    """A category, and how probable it is."""

    name: Annotated[str, "of the category"]
    probability: Annotated[float, "of this category, 0 to 1"]


class Guessed(TypedDict):
    """What a drawing is taken for: the most probable category, and more of them, best first."""

    category: Annotated[str, "the likeliest"]
    probability: Annotated[float, "of this category, 0 to 1"]
    ranking: Annotated[list[Likely], "the likeliest categories, best first"]


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            pad = stroke_pad(
                shared.limits,
                "Pad: draw, and the network guesses what it is",
                hint="Draw something. I guess along, stroke by stroke, and can finish it.",
                elem_id="together-pad",
            )
        with gr.Column(scale=2, min_width=280):
            bars = guess_bars("Guesses", "What will it be?", "Finish it as: %")
            wanted = gr.Textbox(
                label="Finish it as",
                placeholder="what it looks like",
                max_length=shared.limits.text,
                elem_id="together-as",
            )
            finish = gr.Button("Finish it", variant="primary", elem_id="together-finish")
            with gr.Accordion("Options", open=False):
                options = [temperature_slider(), count_slider(shared, USUAL_ENDINGS), seed_number()]
    with gr.Row(elem_classes="actions"):
        save = saver("Save it as")
        opened = gr.UploadButton(
            "Open a drawing",
            file_types=list(READABLE),
            size="sm",
            scale=0,
            min_width=150,
            elem_id="together-open",
        )
    _endpoints(shared, options[:2])
    handlers = Handlers(shared)
    quick = {**shared.private, "show_progress": "hidden"}
    live = {**quick, **LIVE, "trigger_mode": "always_last"}
    pad.input(shared.polite(handlers.guess), pad, [bars, save], **live)
    end = shared.polite(handlers.finish)
    gr.on([finish.click, wanted.submit], end, [pad, wanted, *options], pad, **quick)
    bars.select(_name_of, None, wanted, queue=False, api_visibility="private").then(
        end, [pad, wanted, *options], pad, **quick
    )
    save.click(shared.polite(handlers.save), [pad, save], save, **shared.private)
    opened.upload(shared.polite(handlers.open), opened, pad, **quick).then(
        shared.polite(handlers.guess), pad, [bars, save], **{**quick, **LIVE}
    )


class Handlers:
    """What the page does when it is touched."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def guess(self, pad: Any) -> tuple[dict[str, Any], Any]:
        """Say what the drawing looks like by now; it can be saved while there is one."""
        drawing = read_pad(pad, self.shared.limits)
        found = self.shared.models.recognizer.predict(drawing, TOP) if drawing else None
        return bars_of(found), gr.update(ready=bool(drawing))

    def finish(
        self, pad: Any, wanted: str, temperature: float, count: float, seed: float | None
    ) -> dict[str, Any]:
        """Suggest endings."""
        begun = read_pad(pad, self.shared.limits)
        finished, _ = finish_drawing(self.shared, begun, wanted, temperature, count, seed)
        endings = [Drawing(whole.strokes[len(begun) :]) for whole in finished.drawings]
        if not any(endings):
            gr.Info("It looks finished to me.")
        return suggested(
            begun, [ending for ending in endings if ending], str(PromptObject(finished.title))
        )

    def save(self, pad: Any, ending: Any) -> dict[str, Any]:
        """Save the drawing, named after what it looks like."""
        drawing = read_pad(pad, self.shared.limits)
        if not drawing:
            raise UserError("There is nothing to save yet: the pad is empty.")
        title = self.shared.models.recognizer.predict(drawing).label
        return saved(Sketches(title, (drawing,)), ending, smooth=False)

    def open(self, path: str) -> Any:
        """Put the drawing in a file on the pad."""
        try:
            drawing = read_one(Path(path)).fitted(*SIZE, MARGIN)
        except UserError as error:  # a visitor knows the name alone
            raise UserError(str(error).replace(path, Path(path).name)) from None
        return to_points(read_pad(to_points(drawing), self.shared.limits))


def finish_drawing(
    shared: Shared,
    begun: Drawing,
    wanted: str | None,
    temperature: float,
    count: float,
    seed: float | None,
) -> tuple[Sketches, int]:
    """Finish a drawing several times, within the limits; also the seed that was used."""
    count = shared.limits.require_count(count, shared.limits.drawings, "endings")
    models, used = shared.models, chosen_seed(seed)
    how = {"temperature": temperature, "seed": used}
    named = (wanted or "").strip() or None
    return finish(models.sketcher, models.recognizer, begun, count, named, **how), used


def _name_of(touched: gr.EventData) -> str:
    return str(touched.name)


def _endpoints(shared: Shared, options: list[Any]) -> None:
    """What API clients can call."""

    def guess(drawing: Strokes, top: int) -> Guessed:
        """Say what a drawing, finished or not, is taken for.

        Args:
            drawing: strokes, of each a list of points [x, y]; any unit, y downwards.
            top: how many categories to name.
        """
        read = read_pad(drawing, shared.limits)
        if not read:
            raise UserError("The drawing has no stroke to guess from.")
        found = shared.models.recognizer.predict(read, top)
        ranking = [Likely(name=name, probability=share) for name, share in found.ranking]
        return Guessed(category=found.label, probability=found.probability, ranking=ranking)

    def complete(
        drawing: Strokes, category: str, temperature: float, count: int, seed: int
    ) -> PicturedDrawings:
        """Finish an unfinished drawing in several ways, the likeliest first.

        Args:
            drawing: strokes, of each a list of points [x, y]; any unit, y downwards.
            category: what it is to become, such as "a duck"; empty for what it looks like.
            temperature: from 0.05, neat and alike, to 1.5, wild.
            count: how many endings.
            seed: the same one draws the same; -1 draws something new each time.
        """
        read = read_pad(drawing, shared.limits)
        return answered(*finish_drawing(shared, read, category, temperature, count, seed))

    strokes = strokes_input()
    category = gr.Textbox("", label="Category", visible=False)
    shared.endpoint(guess, [strokes, gr.Slider(1, 345, TOP, step=1, label="Top", visible=False)])
    shared.endpoint(complete, [strokes, category, *options, seed_input()])

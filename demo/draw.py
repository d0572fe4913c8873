"""Draw: a prompt becomes drawings that draw themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from demo.chips import choices_near, choices_of, prompt_chips, unknown
from demo.pad import Strokes, read_pad, strokes_input
from demo.player import Shown, player, read_shown
from demo.saver import FORMATS, new_file, saved, saver
from demo.shared import Shared, off_while_empty
from demo.sketches import (
    PicturedDrawings,
    answered,
    chosen_seed,
    count_slider,
    seed_input,
    seed_number,
    shown,
    temperature_slider,
)
from multimodal.errors import UserError
from multimodal.sketching.prompts import UnknownWordError
from multimodal.strokes import Drawing
from pipelines.sketch import Sketches, sketch, variations

USUAL_COUNT = 9
SAVE_ALL, SAVE_ONE = "Save all as", "Save this one as"


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    with gr.Row(elem_classes="prompt-row"):
        prompt = gr.Textbox(
            label="What shall I draw?",
            placeholder="three ducks and a crab under an umbrella",
            max_length=shared.limits.text,
            scale=5,
            elem_id="draw-prompt",
        )
        go = gr.Button(
            "Draw",
            variant="primary",
            interactive=False,
            scale=0,
            min_width=130,
            elem_id="draw-go",
        )
    chips = prompt_chips("Suggestions")
    with gr.Accordion("Options", open=False), gr.Row():
        options = [temperature_slider(), count_slider(shared, USUAL_COUNT), seed_number()]
    sheet = player(
        "Drawings",
        "Drawings appear here, stroke by stroke. Touch one to save it or to see more like it.",
        elem_id="draw-sheet",
    )
    with gr.Row(elem_classes="actions"):
        more = gr.Button("More like this", interactive=False, scale=0, min_width=170)
        save = saver(SAVE_ALL)
    outputs = [sheet, more, save]
    off_while_empty(prompt, go)
    _endpoints(shared, prompt, options[:2])
    handlers = Handlers(shared)
    gr.on(fn=handlers.choices, outputs=chips, api_visibility="private", show_progress="hidden")
    draw, private = shared.polite(handlers.draw), shared.private
    gr.on([go.click, prompt.submit], draw, [prompt, *options], outputs, **private)
    gr.on(
        [go.click, prompt.submit],
        handlers.near,
        prompt,
        chips,
        api_visibility="private",
        show_progress="hidden",
    )
    chips.select(_prompt_of, None, prompt, queue=False, api_visibility="private").then(
        draw, [prompt, *options], outputs, **private
    )
    more.click(shared.polite(handlers.more), [sheet, *options], outputs, **private)
    sheet.select(_touched, None, outputs[1:], queue=False, api_visibility="private")
    save.click(shared.polite(handlers.save), [sheet, save], save, **private)


class Handlers:
    """What the page does when it is touched."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def choices(self) -> dict[str, Any]:
        """What can be touched instead of writing, when the page is opened."""
        return choices_of(self.shared.models.sketcher)

    def draw(self, prompt: str, temperature: float, count: float, seed: float | None) -> list[Any]:
        """Draw a prompt; nothing changes where there is none."""
        if not prompt.strip():
            return [gr.skip()] * 3
        try:
            drawn = draw_prompt(self.shared, prompt, temperature, count, seed)
        except UnknownWordError as error:
            raise UserError(unknown(error)) from error
        return self._fresh(shown(*drawn, self.shared.models.sketcher))

    def near(self, prompt: str) -> Any:
        """What comes nearest to a word that is not known, to be touched; else nothing changes."""
        if not prompt or len(prompt) > self.shared.limits.text:
            return gr.skip()
        return choices_near(prompt, self.shared.models.sketcher) or gr.skip()

    def more(self, sheet: Any, temperature: float, count: float, seed: float | None) -> list[Any]:
        """Draw more like the chosen drawing; a scene is drawn anew."""
        seen = read_shown(sheet, self.shared.limits)
        if seen.chosen is None:
            raise UserError("Please touch a drawing first.")
        if seen.category is None:
            return self.draw(seen.title, temperature, count, seed)
        (drawing,) = seen.wanted
        found = draw_more(self.shared, drawing, seen.category, temperature, count, seed)
        return self._fresh(shown(*found, self.shared.models.sketcher))

    def save(self, sheet: Any, ending: Any) -> dict[str, Any]:
        """Save the chosen drawing, or all."""
        seen = read_shown(sheet, self.shared.limits)
        if not seen.drawings:
            raise UserError("There is nothing to save yet.")
        return saved(Sketches(seen.title, seen.wanted), ending)

    @staticmethod
    def _fresh(sheet: Shown) -> list[Any]:
        return [sheet.value, gr.update(interactive=False), gr.update(label=SAVE_ALL, ready=True)]


def draw_prompt(
    shared: Shared, prompt: str, temperature: float, count: float, seed: float | None
) -> tuple[Sketches, int]:
    """Draw a prompt, within the limits; also the seed that was used."""
    prompt = shared.limits.require_text(prompt, "prompt")
    count = shared.limits.require_count(count, shared.limits.drawings, "drawings")
    used = chosen_seed(seed)
    drawn = sketch(shared.models.sketcher, prompt, count, temperature=temperature, seed=used)
    return drawn, used


def draw_more(
    shared: Shared,
    drawing: Drawing,
    category: str | None,
    temperature: float,
    count: float,
    seed: float | None,
) -> tuple[Sketches, int]:
    """Draw more like a drawing, within the limits; also the seed that was used."""
    count = shared.limits.require_count(count, shared.limits.drawings, "drawings")
    used = chosen_seed(seed)
    how = {"temperature": temperature, "seed": used}
    return variations(shared.models.sketcher, drawing, count, category or None, **how), used


def _prompt_of(touched: gr.EventData) -> str:
    return str(touched.prompt)


def _touched(touched: gr.EventData) -> list[Any]:
    """What follows from a drawing being chosen, or no longer."""
    one = touched.chosen is not None
    return [gr.update(interactive=one), gr.update(label=SAVE_ONE if one else SAVE_ALL)]


def _endpoints(shared: Shared, prompt: gr.Textbox, options: list[Any]) -> None:
    """What API clients can call."""

    def draw(prompt: str, temperature: float, count: int, seed: int) -> PicturedDrawings:
        """Draw a prompt, such as "three ducks and a crab under an umbrella", several times.

        Args:
            prompt: what to draw, in English.
            temperature: from 0.05, neat and alike, to 1.5, wild.
            count: how many drawings.
            seed: the same one draws the same; -1 draws something new each time.
        """
        return answered(*draw_prompt(shared, prompt, temperature, count, seed))

    def more_like(
        drawing: Strokes, category: str, temperature: float, count: int, seed: int
    ) -> PicturedDrawings:
        """Draw more like a drawing, the most alike first.

        Args:
            drawing: strokes, of each a list of points [x, y]; any unit, y downwards.
            category: what it shows, such as "duck"; empty where nobody knows.
            temperature: from 0.05, neat and alike, to 1.5, wild.
            count: how many drawings.
            seed: the same one draws the same; -1 draws something new each time.
        """
        read = read_pad(drawing, shared.limits)
        return answered(*draw_more(shared, read, category, temperature, count, seed))

    def save_drawing(drawing: Strokes, ending: str) -> Path:
        """Save a drawing as SVG, PNG, GIF, G-code for a pen plotter, or Quick, Draw!'s ndjson.

        Args:
            drawing: strokes, of each a list of points [x, y]; any unit, y downwards.
            ending: of the file, such as ".svg".
        """
        read = read_pad(drawing, shared.limits)
        if not read:
            raise UserError("The drawing has no stroke to save.")
        return new_file(Sketches("drawing", (read,)), ending, smooth=False)

    strokes, seed = strokes_input(), seed_input()
    category = gr.Textbox("", label="Category", visible=False)
    shared.endpoint(draw, [prompt, *options, seed])
    shared.endpoint(more_like, [strokes, category, *options, seed])
    endings = gr.Dropdown(list(FORMATS), value=".svg", label="Ending", visible=False)
    shared.endpoint(save_drawing, [strokes, endings])

"""Morph: two drawings and a slider between them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.flipbook import flipbook, leaves, read_leaves
from demo.pad import Strokes, read_pad, stroke_pad, strokes_input
from demo.saver import saved, saver
from demo.shared import Shared
from demo.sketches import (
    PicturedDrawings,
    answered,
    chosen_seed,
    seed_input,
    seed_number,
    temperature_slider,
)
from multimodal.strokes import Drawing
from pipelines.sketch import Sketches, morph

USUAL_STEPS, MOST_STEPS = 13, 33
OWN = "your drawing"


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    with gr.Row():
        first, first_pad = _end(shared, "From", "an apple", "first")
        last, last_pad = _end(shared, "To", "a pineapple", "last")
    with gr.Accordion("Options", open=False), gr.Row():
        options = [
            temperature_slider(),
            gr.Slider(3, MOST_STEPS, USUAL_STEPS, step=1, label="Steps"),
            seed_number(),
        ]
    go = gr.Button("Morph", variant="primary", elem_id="morph-go")
    book = flipbook(
        "From one drawing to the other",
        "One thing turns into another here, by way of what the network has between them.",
        elem_id="morph-book",
    )
    save = saver("Save the way as", (".gif", ".svg", ".png"))
    _endpoints(shared, options[:2])
    ends = [first, first_pad, last, last_pad]
    handlers = Handlers(shared)
    gr.on(
        [go.click, first.submit, last.submit],
        shared.polite(handlers.morph),
        [*ends, *options],
        [book, save],
        **(shared.private | {"show_progress": "full"}),
    )
    save.click(shared.polite(handlers.save), [book, save], save, **shared.private)


def _end(shared: Shared, label: str, prompt: str, name: str) -> tuple[gr.Textbox, gr.HTML]:
    """One end: a prompt, or a drawing of the visitor's own."""
    with gr.Column(min_width=280):
        words = gr.Textbox(
            prompt, label=label, max_length=shared.limits.text, elem_id=f"morph-{name}"
        )
        with gr.Accordion("… or draw it yourself", open=False):
            pad = stroke_pad(
                shared.limits,
                f"Pad for your own drawing: {label.lower()}",
                hint="What is drawn here counts.",
                pen=1.3,
                elem_id=f"morph-{name}-pad",
            )
    return words, pad


class Handlers:
    """What the page does when it is touched."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def morph(
        self,
        first: str,
        first_pad: Any,
        last: str,
        last_pad: Any,
        temperature: float,
        steps: float,
        seed: float | None,
    ) -> tuple[dict[str, Any], Any]:
        """Draw the way from one end to the other; then it can be saved."""
        ends = ((first, first_pad), (last, last_pad))
        found, used, names = morph_ends(self.shared, ends, temperature, steps, seed)
        notes = (*found.notes, f"{' to '.join(names)}, seed {used}")
        return leaves(found.drawings, names, notes), gr.update(ready=True)

    def save(self, book: Any, ending: Any) -> dict[str, Any]:
        """Save all drawings of the way, in a GIF one after the other."""
        title, drawings = read_leaves(book, self.shared.limits, MOST_STEPS)
        return saved(Sketches(title, drawings), ending, flip=True)


def morph_ends(
    shared: Shared,
    ends: tuple[tuple[str, Any], tuple[str, Any]],
    temperature: float,
    steps: float,
    seed: float | None,
) -> tuple[Sketches, int, tuple[str, str]]:
    """Morph, within the limits; also the seed that was used, and what the ends are called.

    Args:
        shared: who draws, and the limits.
        ends: of each its prompt, and strokes that count instead where there are any.
        temperature: of drawing.
        steps: how many drawings, ends included.
        seed: the same seed draws the same.
    """
    steps = shared.limits.require_count(steps, MOST_STEPS, "steps")
    used = chosen_seed(seed)
    (first, shows_first, named_first), (last, shows_last, named_last) = (
        _read_end(shared, *end) for end in ends
    )
    how = {"temperature": temperature, "seed": used}
    shows = (shows_first, shows_last)
    found = morph(shared.models.sketcher, first, last, steps, shows, **how)
    return found, used, (named_first, named_last)


def _read_end(shared: Shared, prompt: str, strokes: Any) -> tuple[Drawing | str, str | None, str]:
    """An end for `morph`, what it shows where it is a drawing, and what to call it."""
    drawing = read_pad(strokes, shared.limits)
    if not drawing:
        words = shared.limits.require_text(prompt, "prompt")
        return words, None, words
    looks = shared.models.recognizer.predict(drawing).label
    known = looks in shared.models.sketcher.categories
    return drawing, looks if known else None, OWN


def _endpoints(shared: Shared, options: list[Any]) -> None:
    """What API clients can call."""

    def morph(
        first: str,
        last: str,
        first_drawing: Strokes | None,
        last_drawing: Strokes | None,
        temperature: float,
        steps: int,
        seed: int,
    ) -> PicturedDrawings:
        """Turn one drawing into another, step by step.

        Args:
            first: what the first drawing shows, such as "a pig".
            last: what the last one shows.
            first_drawing: strokes of the first one, where the prompt is not to be drawn.
            last_drawing: likewise of the last one.
            temperature: from 0.05, neat and alike, to 1.5, wild.
            steps: how many drawings, both ends included.
            seed: the same one draws the same; -1 draws something new each time.
        """
        ends = ((first, first_drawing), (last, last_drawing))
        found, used, _ = morph_ends(shared, ends, temperature, steps, seed)
        return answered(found, used)

    words = [gr.Textbox("", label=label, visible=False) for label in ("First", "Last")]
    strokes = [strokes_input(f"{which} drawing", optional=True) for which in ("First", "Last")]
    shared.endpoint(morph, [*words, *strokes, *options, seed_input()])

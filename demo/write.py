"""Write: a prompt becomes a text, character by character, coloured by surprise on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.shared import Shared, asset, in_time, job_buttons

EVERY = 0.08  # seconds between two looks at a growing text
COLDEST, HOTTEST = 0.1, 2.0
BEGINNINGS = {
    "sonnets": "Shall I compare thee",
    "war-and-peace": "Prince Andrew",
    "latex": "\\begin{lemma}",
    "linux": "static int ",
}
"""What a text may begin with, by the model that suits it; the first model is on show."""

NO_MODEL = (
    "No language model ships with this version yet. You can train one on any text with "
    "`multimodal train language-model --data book.txt --output runs/book`, and open this page with "
    "`multimodal demo --language-model runs/book/best`."
)


def level(log_prob: float) -> str:
    """How surprising a piece is, as a digit from 0: the steps of `multimodal generate-text`."""
    from pipelines.generate_text import SURPRISE

    return str(next(n for n, (nats, _) in enumerate(SURPRISE) if -log_prob <= nats))


def pieces(
    shared: Shared,
    model: str,
    prompt: object,
    temperature: object,
    length: object,
    seed: object,
) -> Iterator[tuple[str, float]]:
    """What is written on behind a prompt, as it comes, with log-probabilities in nats.

    Raises:
        UserError: something is out of range, or there is no such model.
    """
    limits = shared.limits
    begun = limits.require_text(prompt, "prompt", empty=True)
    heat = limits.require_number(temperature, COLDEST, HOTTEST, "temperature")
    count = limits.require_count(length, limits.written, "characters")
    chosen = limits.require_number(-1 if seed is None else seed, -1, 2**31, "seed")
    language_model = shared.models.language_model(model)
    number = None if chosen < 0 else int(chosen)
    return language_model.stream(begun, length=count, temperature=heat, seed=number)


def sheet(**arguments: Any) -> gr.HTML:
    """The text as it grows."""
    return gr.HTML(
        None,
        html_template='<div class="sheet"></div>',
        css_template=asset("sheet.css"),
        js_on_load=asset("sheet.js"),
        apply_default_css=False,
        **arguments,
    )


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def write(model: str, prompt: str, temperature: float, length: float, seed: float) -> str:
        """Write on behind a prompt, which is not repeated.

        Args:
            model: Which model writes.
            prompt: What the text begins with; empty for a new one.
            temperature: Below 1 plays safe, above 1 is adventurous.
            length: How many characters to write.
            seed: The same seed gives the same text; -1 gives another one every time.
        """
        found = pieces(shared, model, prompt, temperature, length, seed)
        return "".join(piece for piece, _ in in_time(found, shared.limits.seconds))

    def stream(model: str, prompt: str, *controls: Any) -> Iterator[dict[str, Any]]:
        text, levels, seen = "", "", time.monotonic()
        for piece, log_prob in pieces(shared, model, prompt, *controls):
            text += piece
            levels += level(log_prob) * len(piece)
            if time.monotonic() > seen + EVERY:
                yield {"prompt": prompt, "text": text, "levels": levels, "running": True}
                seen = time.monotonic()
        yield {"prompt": prompt, "text": text, "levels": levels, "running": False}

    language_models = [
        (name.replace("-", " ").capitalize(), name) for name in shared.models.language_models()
    ]
    names = [name for _, name in language_models]
    first = next((name for name in BEGINNINGS if name in names), next(iter(names), None))
    if not language_models:
        gr.Markdown(NO_MODEL, elem_classes="lede", elem_id="write-none")
    with gr.Row(visible=bool(language_models)):
        with gr.Column(scale=4, min_width=280):
            model = gr.Dropdown(
                language_models,
                value=first,
                label="Model",
                elem_id="write-model",
            )
            prompt = gr.Textbox(
                "",
                label="Beginning",
                lines=3,
                max_length=shared.limits.text,
                placeholder=BEGINNINGS.get(first or "", "Once upon a time"),
                elem_id="write-prompt",
            )
            controls = [model, prompt, *_choices(shared)]
            with gr.Row(elem_classes="actions"):
                start = gr.Button("Write", variant="primary", elem_id="write-start")
                stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="write-stop")
        with gr.Column(scale=7, min_width=300):
            shown = sheet(elem_id="write-sheet", elem_classes="bare", label="The text")
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    model.change(_suited, [model], [prompt], **quick)
    begun = gr.on(
        [start.click, prompt.submit],
        lambda: job_buttons(running=True),
        None,
        [start, stop],
        **quick,
    )
    running = begun.then(
        shared.polite(stream),
        controls,
        [shown],
        **(shared.private | {"show_progress": "hidden", "preprocess": False}),
    )
    for ended in (running.success, running.failure):
        ended(lambda: job_buttons(running=False), None, [start, stop], **quick)
    stop.click(lambda: job_buttons(running=False), None, [start, stop], cancels=[running], **quick)
    shared.endpoint(write, controls, preprocess=False)


def _suited(model: str) -> dict[str, Any]:
    """A prompt to suggest that suits a model."""
    return gr.update(placeholder=BEGINNINGS.get(model, "Once upon a time"))


def _choices(shared: Shared) -> list[gr.components.Component]:
    """How to write: temperature, length, seed."""
    return [
        gr.Slider(
            COLDEST,
            HOTTEST,
            value=0.7,
            step=0.05,
            label="Temperature",
            info="Below 1 plays safe, above 1 is adventurous.",
        ),
        gr.Slider(50, shared.limits.written, value=600, step=50, label="Length, in characters"),
        gr.Number(-1, precision=0, label="Seed", info="The same seed writes the same; -1: any."),
    ]

"""Handwriting: a text is written by hand, in a style of the gallery, and draws itself."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.shared import Shared, off_while_empty, scratch

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.handwrite import Handwriting

MODEL = "writer-unipen"
STYLES, SEEDS, WIDTH = 24, 9999, 150.0
KINDS = (".svg", ".png", ".gif", ".gcode")
EXAMPLES = ("Dear Anna,\nthe train leaves at 9.", "The quick brown fox, 1234!", "Happy birthday!")
NOTHING = "<div class='postcard-empty'>Your text will be written here.</div>"


class Answer(TypedDict):
    """What was written, as a drawing that moves."""

    text: Annotated[str, "what was written"]
    svg: Annotated[str, "the page as SVG, in millimetres"]


def written(shared: Shared, text: object, style: object, bias: object, seed: object) -> Handwriting:
    """Write a text, within the limits.

    Raises:
        UserError: it cannot be written, or something is out of range.
    """
    from multimodal.handwriting.layout import Layout
    from pipelines.handwrite import handwrite, text_width

    limits, models = shared.limits, shared.models
    said = limits.require_text(text, "text")
    return handwrite(
        models.handwriting_generator,
        said,
        style=limits.require_count(style, STYLES, "styles"),
        layout=Layout(width=text_width(WIDTH)),
        bias=limits.require_number(bias, 0, 2, "bias"),
        seed=int(limits.require_number(seed, 0, SEEDS, "seed")),
    )


def svg_of(page: Handwriting, folder: Path) -> bytes:
    """The page as an SVG that draws itself."""
    from pipelines.handwrite import save

    (path,) = save(page, folder / "handwriting.svg", animated=True)
    return path.read_bytes()


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def handwrite(text: str, style: float, bias: float, seed: float) -> Answer:
        """Write a text by hand.

        Args:
            text: What to write, in ASCII characters; a new line where the text has one.
            style: Which style, a number of the gallery.
            bias: From 0, as varied as people write, to 2, neat and alike.
            seed: The same one writes the same.
        """
        page = written(shared, text, style, bias, seed)
        return {"text": page.texts[0], "svg": svg_of(page, scratch()).decode()}

    def show(*controls: object) -> tuple[str, Any]:
        from pipelines.handwrite import save

        page, folder = written(shared, *controls), scratch()
        paths = [path for kind in KINDS[1:] for path in save(page, folder / f"handwriting{kind}")]
        drawn = svg_of(page, folder)
        files = [str(path) for path in (folder / "handwriting.svg", *paths)]
        data = b64encode(drawn).decode()
        said = escape(" ".join(page.texts[0].split()), quote=True)
        image = f'<img class="postcard" alt="{said}" src="data:image/svg+xml;base64,{data}">'
        return image, gr.update(value=files, visible=True)

    gr.Markdown(
        "A pen is led over your text, letter by letter. "
        "Words that the recognizer misreads are written anew.",
        elem_classes="lede",
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280):
            text = gr.Textbox(
                EXAMPLES[0],
                label="Text",
                lines=3,
                max_length=shared.limits.text,
                elem_id="handwriting-text",
            )
            controls = [
                text,
                gr.Slider(1, STYLES, value=17, step=1, label="Style", info="One of the gallery."),
                gr.Slider(0, 2, value=0.8, step=0.1, label="Neatness"),
                gr.Number(1, precision=0, label="Seed", info="Another one, other strokes."),
            ]
            go = gr.Button("Write by hand", variant="primary", elem_id="handwriting-go")
            gr.Examples(
                [[example] for example in EXAMPLES], inputs=[text], label="Or take one of these"
            )
        with gr.Column(scale=7, min_width=300):
            shown = gr.HTML(
                NOTHING, elem_id="handwriting-page", elem_classes="bare", label="The page"
            )
            files = gr.File(
                label="Download",
                file_count="multiple",
                visible=False,
                elem_id="handwriting-files",
                interactive=False,
            )
    events = {**shared.private, "preprocess": False, "show_progress": "full"}
    go.click(shared.polite(show), controls, [shown, files], **events)
    off_while_empty(text, go)
    shared.endpoint(handwrite, controls, preprocess=False)

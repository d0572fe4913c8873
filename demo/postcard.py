"""Postcard: a photo becomes a sentence, the sentence drawings and handwriting, on one card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.answers import Pictured
from demo.shared import Shared, language_choice, photo_chooser, scratch
from demo.uploads import Upload, named
from multimodal.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.postcard import Postcard

MODEL = "writer-unipen"
SIZES = ("A6", "A5")
STYLES, SEEDS = 24, 9999
KINDS = (".svg", ".png", ".gif", ".gcode")
NOTHING = "<div class='postcard-empty'>The card will lie here.</div>"


class Answer(TypedDict):
    """A card of strokes alone, without the photo."""

    caption: Annotated[str, "what the photo shows, in English"]
    text: Annotated[str, "what is written on the card"]
    drawn: Annotated[list[str], "what is drawn on it"]
    omitted: Annotated[list[str], "what the caption names and the sketcher does not draw well"]
    svg: Annotated[str, "the card, which draws itself"]


def make_card(
    shared: Shared,
    photo: object,
    style: object,
    language: object,
    size: object,
    seed: object,
    *,
    with_photo: bool,
) -> Postcard:
    """Make the card of what was uploaded, which draws itself.

    Raises:
        UserError: it is no photo, or something is out of range.
    """
    from pipelines.postcard import CardMaker, CardOptions

    upload = Upload.of(photo, shared.limits)
    upload.require_pixels(shared.limits)
    limits, models = shared.limits, shared.models
    known = list(models.languages())
    if language not in known:
        raise UserError(f"Please choose one of these languages: {', '.join(known)}.")
    if size not in SIZES:
        raise UserError(f"Please choose one of these sizes: {', '.join(SIZES)}.")
    options = CardOptions(
        style=limits.require_count(style, STYLES, "styles"),
        language=str(language),
        size=str(size),
        photo=with_photo,
        animated=True,
        seed=int(limits.require_number(seed, 0, SEEDS, "seed")),
    )
    maker = CardMaker(options)
    maker.captioner, maker.sketcher, maker.generator = (
        models.captioner,
        models.sketcher,
        models.handwriting_generator,
    )
    if language != "en":
        maker.translator = models.translator
    with named(upload):
        return maker.make(upload.path)


def files_of(card: Postcard) -> list[Path]:
    """The card in all its formats, in a folder of the visitor's own."""
    folder = scratch()
    paths = [folder / f"card{kind}" for kind in KINDS]
    for path in paths:
        card.save(path)
    return paths


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def postcard(
        photo: Any, style: float, language: str, size: str, seed: float
    ) -> Pictured[Answer]:
        """Make a postcard: what a photo shows as drawings and as a handwritten sentence.

        Args:
            photo: The picture: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PPM.
            style: Whose handwriting, a number of the gallery.
            language: What the sentence is written in, such as "de".
            size: Of the card.
            seed: Another one, other drawings.
        """
        card = make_card(shared, photo, style, language, size, seed, with_photo=False)
        told: Answer = {
            "caption": card.caption,
            "text": card.text,
            "drawn": [str(each) for each in card.objects],
            "omitted": [str(each) for each in card.omitted],
            "svg": card.encoded(".svg").decode(),
        }
        return Pictured(told, lambda: [card.encoded(".png")])

    def make(photo: Any, with_photo: bool, *controls: Any) -> tuple[str, Any]:
        if photo is None:
            raise UserError("Please choose a photo first, or take one of those below it.")
        return show(photo, with_photo, *controls)

    def show(photo: Any, with_photo: bool, *controls: Any) -> tuple[str, Any]:
        if photo is None:
            return NOTHING, gr.update(value=None, visible=False)
        card = make_card(shared, photo, *controls, with_photo=with_photo)
        return picture(card), gr.update(value=[str(path) for path in files_of(card)], visible=True)

    gr.Markdown(
        "A photo becomes a sentence. What the sentence names is drawn, as far as the sketcher "
        "knows it, and the sentence is written by hand.",
        elem_classes="lede",
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280):
            photo = photo_chooser("postcard", height=260)
            with_photo = gr.Checkbox(True, label="The photo is on the card")
            controls = [
                gr.Slider(1, STYLES, value=5, step=1, label="Handwriting"),
                language_choice("postcard", shared.models),
                gr.Radio(list(SIZES), value="A6", label="Size"),
                gr.Number(0, precision=0, label="Seed", info="Another one, other drawings."),
            ]
            again = gr.Button("Make the card", variant="primary", elem_id="postcard-make")
        with gr.Column(scale=7, min_width=300):
            shown = gr.HTML(NOTHING, elem_id="postcard-card", elem_classes="bare", label="The card")
            files = gr.File(
                label="Download",
                file_count="multiple",
                visible=False,
                elem_id="postcard-files",
                interactive=False,
            )
    inputs = [photo, with_photo, *controls]
    events = {**shared.private, "preprocess": False}
    photo.change(shared.polite(show), inputs, [shown, files], **events)
    again.click(shared.polite(make), inputs, [shown, files], **events)
    shared.endpoint(postcard, [photo, *controls], preprocess=False)


def picture(card: Postcard) -> str:
    """The card as the page shows it: an image that draws itself."""
    from base64 import b64encode
    from html import escape

    data = b64encode(card.encoded(".svg")).decode()
    omitted = ", ".join(map(str, card.omitted))
    note = f"<p>The sketcher does not draw this well, so it is left out: {omitted}.</p>"
    note = note if omitted else ""
    return (
        f'<img class="postcard" alt="{escape(card.text, quote=True)}" '
        f'src="data:image/svg+xml;base64,{data}">{note}'
    )

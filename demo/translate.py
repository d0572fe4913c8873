"""Translate: a sentence in another language, and whether it is one that the translator knows."""

from __future__ import annotations

from typing import Annotated, TypedDict

import gradio as gr

from demo.shared import Shared, off_while_empty
from multimodal.errors import UserError

MODEL = "translator-multi30k"
EXAMPLES = (
    "Two dogs run on the beach.",
    "A little girl in a pink dress is climbing up the stairs.",
    "a brown lion is running on the grass",
)


class Translated(TypedDict):
    """A sentence in another language.

    `unusual` says that the sentence is unlike all that the translator learnt from, so that its
    translation is hardly worth anything; `unknown` are words that it never saw.
    """

    text: Annotated[str, "the translation"]
    language: Annotated[str, "the code of its language"]
    source_language: Annotated[str, "the code of the sentence's language"]
    unusual: Annotated[bool, "whether the sentence is unlike what the translator learnt from"]
    perplexity: Annotated[float, "how unlike it is; captions of photos have small numbers"]
    unknown: Annotated[list[str], "words of the sentence that the translator never saw"]


def translated(shared: Shared, sentence: object, language: object) -> Translated:
    """Translate a sentence, within the limits.

    Raises:
        UserError: it is empty or too long, or nobody here knows the language.
    """
    text = shared.limits.require_text(sentence, "sentence")
    known = list(shared.models.languages())
    if language not in known:
        raise UserError(f"Please choose one of these languages: {', '.join(known)}.")
    found = shared.models.translator.translate(" ".join(text.split()), to=str(language))
    return {
        "text": found.text,
        "language": found.language,
        "source_language": found.source_language,
        "unusual": found.unusual,
        "perplexity": round(found.perplexity, 1),
        "unknown": list(found.unknown),
    }


def note_on(found: Translated) -> str:
    """What to say beside a translation; empty where there is nothing to say."""
    notes = []
    if found["unusual"]:
        notes.append(
            "**Mistrust this one.** The translator learnt from captions of photos alone, and this "
            "sentence is unlike them."
        )
    if found["unknown"]:
        notes.append(f"Never seen in training: {', '.join(found['unknown'])}.")
    return " ".join(notes)


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def translate(sentence: str, language: str) -> Translated:
        """Translate a sentence that describes a photo, between English, German and French.

        Args:
            sentence: What to translate; its language is told by its words.
            language: The code of the language to write, such as "de".
        """
        return translated(shared, sentence, language)

    def show(sentence: str, language: str) -> tuple[str, str]:
        if not sentence or not sentence.strip():
            return "", ""
        found = translated(shared, sentence, language)
        return found["text"], note_on(found)

    gr.Markdown(
        "The translator learnt from captions of photos: it is at home with what a photo shows, "
        "and says so where a sentence is of another kind.",
        elem_classes="lede",
    )
    languages = [(title, code) for code, title in shared.models.languages().items()]
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280):
            sentence = gr.Textbox(
                "",
                label="Sentence",
                lines=3,
                max_length=shared.limits.text,
                placeholder=EXAMPLES[0],
                elem_id="translate-sentence",
            )
            language = gr.Radio(languages, value="de", label="Into", elem_id="translate-language")
            go = gr.Button(
                "Translate", variant="primary", interactive=False, elem_id="translate-go"
            )
            gr.Examples(
                [[example] for example in EXAMPLES], inputs=[sentence], label="Or take one of these"
            )
        with gr.Column(min_width=280):
            text = gr.Textbox(
                label="Translation",
                lines=3,
                interactive=False,
                buttons=["copy"],
                placeholder="…",
                elem_id="translate-text",
            )
            note = gr.Markdown("", elem_id="translate-note")
    gr.on(
        [go.click, sentence.submit, language.input],
        shared.polite(show),
        [sentence, language],
        [text, note],
        **shared.private,
    )
    off_while_empty(sentence, go)
    shared.endpoint(translate, [sentence, language])

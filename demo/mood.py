"""Mood: a sentence gets a label, and every word is coloured by what it did to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.shared import Shared, asset

if TYPE_CHECKING:
    from multimodal.recognition.texts.classifier import TextClassifier

MODEL = "sentiment-sst2"
EXAMPLES = (
    "A warm, funny and moving film that never loses its way.",
    "The actors do their best, but the story is dull.",
    "It should have been a masterpiece, and it is not even good.",
)


class Influence(TypedDict):
    """A word, and by how much it moved the probability of the answer."""

    word: Annotated[str, "as the sentence has it"]
    moved: Annotated[float, "by how much it moved the answer's probability, -1 to 1"]


class Answer(TypedDict):
    """What the classifier takes a sentence for."""

    label: Annotated[str, "the likeliest mood"]
    probability: Annotated[float, "of this label, 0 to 1"]
    probabilities: Annotated[dict[str, float], "of every label, likeliest first"]
    words: Annotated[list[Influence], "of the sentence, in their order"]


def answer(classifier: TextClassifier, text: str) -> Answer:
    """A sentence as API clients get it.

    Raises:
        UserError: there is no word in it.
    """
    guess = classifier.predict(text)
    return {
        "label": guess.label,
        "probability": round(guess.probability, 4),
        "probabilities": {label: round(share, 4) for label, share in guess.ranking},
        "words": [
            {"word": each.token, "moved": round(each.change, 4)}
            for each in classifier.influences(text)
        ],
    }


def meter(**arguments: Any) -> gr.HTML:
    """The answer, and the words that led to it."""
    return gr.HTML(
        None,
        html_template='<div class="mood"></div>',
        css_template=asset("mood.css"),
        js_on_load=asset("mood.js"),
        apply_default_css=False,
        **arguments,
    )


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def mood(sentence: str) -> Answer:
        """Tell the mood of a sentence, and what each of its words did to the answer.

        Args:
            sentence: What somebody said, in English.
        """
        text = shared.limits.require_text(sentence, "sentence")
        return answer(shared.models.text_classifier, text)

    def show(sentence: str) -> Answer | None:
        return mood(sentence) if sentence and sentence.strip() else None

    gr.Markdown(
        "Green words speak for the answer, red ones against it: each is coloured by how far it "
        "moved the probability when it was read. It learnt from sentences about films and from "
        "short opinions of every day.",
        elem_classes="lede",
    )
    sentence = gr.Textbox(
        "",
        label="Sentence",
        lines=2,
        max_length=shared.limits.text,
        placeholder=EXAMPLES[0],
        elem_id="mood-sentence",
    )
    gr.Examples(
        [[example] for example in EXAMPLES], inputs=[sentence], label="Or take one of these"
    )
    shown = meter(elem_id="mood-answer", elem_classes="bare", label="The mood")
    live = shared.private | {"show_progress": "hidden"}
    sentence.change(
        shared.polite(show), [sentence], [shown], trigger_mode="always_last", queue=True, **live
    )
    shared.endpoint(mood, [sentence])

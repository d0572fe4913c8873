"""Caption: a photo becomes a sentence, and every word shows where the network looked."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from math import exp
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import gradio as gr

from demo.limits import Limits
from demo.shared import Shared, asset, language_choice, photo_chooser
from demo.translated import TranslatedWord, alignment, translated_words
from demo.uploads import Upload, named
from multimodal.errors import UserError
from multimodal.images import open_image

if TYPE_CHECKING:
    from multimodal.captioning.caption import Caption
    from multimodal.translation.translation import Translation

UNSURE = 0.3  # mean probability of a word, below which a sentence is a guess
DOUBTED = 0.5  # confidence that all objects are there, below which a sentence is a guess
SEEN = 0.5  # probability of a thing that a sentence should mention
PREVIEW = 900  # pixels of the longer side of the photo beside its sentence
MOST_BEAMS, MOST_SENTENCES, HOTTEST = 10, 5, 2.0

CONFIDENCE = (
    "how probable it is that all its objects are there; of a captioner that was not calibrated"
    " the geometric mean of the words' probabilities"
)


class Word(TypedDict):
    """A word of a sentence."""

    word: Annotated[str, "as the sentence has it"]
    probability: Annotated[float, "of this word after those before it, 0 to 1"]
    support: Annotated[float, "how probable it is that it belongs to the photo, 0 to 1"]


class Sentence(TypedDict):
    """Another sentence about the same photo."""

    caption: Annotated[str, "the sentence, in English"]
    confidence: Annotated[float, CONFIDENCE]


class RecognizedObject(TypedDict):
    """What the classifier recognised."""

    name: Annotated[str, "of the thing, as ImageNet calls it"]
    probability: Annotated[float, "that it is in the photo, 0 to 1"]


class Answer(TypedDict):
    """What the captioner says of a photo."""

    caption: Annotated[str, "the best sentence, in English"]
    translation: Annotated[str, "the same in the language asked for; empty for English"]
    confidence: Annotated[float, CONFIDENCE]
    calibrated: Annotated[bool, "whether the confidence is such a probability"]
    words: Annotated[list[Word], "of the caption, in their order"]
    alternatives: Annotated[list[Sentence], "the next best sentences"]
    objects: Annotated[list[RecognizedObject], "what a classifier recognised"]
    unmentioned: Annotated[list[str], "words that the sentence was to have and has not"]
    attention: Annotated[
        list[list[list[float]]],
        "where the network looked for each word: a map of rows from the top, with the sum 1; empty"
        " unless attention is asked for",
    ]
    translated_words: Annotated[
        list[TranslatedWord], "of the translation; empty unless attention is asked for"
    ]
    alignment: Annotated[
        list[list[float]],
        "of each translated word (row) the share, 0 to 1, that each word of the caption (column)"
        " had in it; empty unless attention is asked for",
    ]


def search(
    limits: Limits, beam_size: object, sentences: object, temperature: object, must_mention: object
) -> dict[str, Any]:
    """The page's controls as options of `Captioner.caption`.

    Raises:
        UserError: one is out of range.
    """
    beams = limits.require_count(beam_size, MOST_BEAMS, "sentences kept while searching")
    count = limits.require_count(sentences, MOST_SENTENCES, "sentences")
    heat = limits.require_number(temperature, 0, HOTTEST, "temperature")
    wanted = limits.require_text(must_mention, "list of words to mention", empty=True)
    words = [word.strip() for word in wanted.split(",") if word.strip()]
    return {
        **({"sample": True, "temperature": heat} if heat else {}),
        "beam_size": max(beams, count),
        "n_best": count,
        "must_mention": [[word] for word in words],
    }


def translate(shared: Shared, caption: Caption, language: object) -> Translation | None:
    """A caption in another language; None for English.

    Raises:
        UserError: nobody here knows the language.
    """
    known = list(shared.models.languages())
    if language not in known:
        raise UserError(f"There is no language {language!r} here, only {', '.join(known)}.")
    if language == "en":
        return None
    return shared.models.translator.translate(caption.text, to=str(language), source="en")


def describe(shared: Shared, photo: object, *controls: object) -> tuple[Upload, Caption]:
    """Caption what was uploaded.

    Raises:
        UserError: it is no photo, or something is out of range.
    """
    upload = Upload.of(photo, shared.limits)
    options = search(shared.limits, *controls)
    upload.require_pixels(shared.limits)
    with named(upload):
        caption = shared.models.captioner.caption(str(upload.path), keep_attention=True, **options)
    return upload, caption


def confidence(caption: Caption) -> float:
    """How sure a sentence is: calibrated, or a word's probability on (geometric) average."""
    if caption.confidence is not None:
        return caption.confidence
    return exp(sum(caption.word_scores) / max(1, len(caption.word_scores)))


def support(caption: Caption) -> tuple[float, ...]:
    """The support of every word; 1 where the captioner tells none."""
    return caption.support or (1.0,) * len(caption.words)


def answer(caption: Caption, translation: Translation | None, *, attention: bool) -> Answer:
    """A caption as API clients get it."""
    maps = caption.attention if attention else None
    aligned = translation if attention else None
    return {
        "caption": caption.text,
        "translation": "" if translation is None else translation.text,
        "confidence": round(confidence(caption), 4),
        "calibrated": caption.confidence is not None,
        "words": [
            {"word": word, "probability": round(exp(score), 4), "support": round(share, 4)}
            for word, score, share in zip(
                caption.words, caption.word_scores, support(caption), strict=True
            )
        ],
        "alternatives": [
            {"caption": other.text, "confidence": round(confidence(other), 4)}
            for other in caption.alternatives
        ],
        "objects": [
            {"name": thing.name, "probability": round(thing.probability, 4)}
            for thing in caption.objects
        ],
        "unmentioned": [words[0] for words in caption.unmentioned],
        "attention": [] if maps is None else maps.round(4).tolist(),
        "translated_words": [] if aligned is None else translated_words(aligned),
        "alignment": [] if aligned is None else alignment(aligned, caption.words).round(4).tolist(),
    }


def doubts(caption: Caption) -> str:
    """Why a sentence should not be trusted; empty where nothing speaks against it."""
    reasons = []
    if caption.confidence is not None:
        if caption.confidence < DOUBTED:
            reasons.append(f"all its objects are there with {caption.confidence:.0%}")
    elif confidence(caption) < UNSURE:
        reasons.append(f"it gave its words {confidence(caption):.0%} on average")
    grounded = caption.confidence is not None  # then the sentence was held against the classifier
    sure = [o for o in caption.objects if o.probability >= SEEN and not grounded]
    missed = [thing for thing in sure if thing.name not in caption.text]
    if missed:
        names = ", ".join(f"{thing.name} {thing.probability:.0%}" for thing in missed)
        reasons.append(f"its classifier sees something else ({names})")
    return f"**Not sure:** {' and '.join(reasons)}." if reasons else ""


def preview(upload: Upload) -> str:
    """The photo as the page shows it beside its sentence: a small JPEG, as a data URL."""
    picture = open_image(upload.path, needed=PREVIEW // 2)
    picture.thumbnail((PREVIEW, PREVIEW))
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"


def gaze(**arguments: Any) -> gr.HTML:
    """The photo, its sentence as chips, and where the network looked for each."""
    return gr.HTML(
        None,
        html_template='<div class="gaze"></div>',
        css_template=asset("gaze.css"),
        js_on_load=asset("gaze.js"),
        apply_default_css=False,
        **arguments,
    )


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""

    def caption(
        photo: Any,
        beam_size: float,
        sentences: float,
        temperature: float,
        must_mention: str,
        language: str,
        attention: bool,
    ) -> Answer:
        """Describe a photo in one English sentence.

        Args:
            photo: The picture: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PPM.
            beam_size: How many sentences are kept while searching.
            sentences: How many sentences to return; the first is the best.
            temperature: 0 searches for the likeliest sentence; above 0 draws words at random.
            must_mention: Words that the sentence has to have, with commas between them.
            language: Of a translation, such as "de"; "en" for none.
            attention: Whether to return where the network looked for each word, and which words
                each word of a translation comes from.
        """
        controls = beam_size, sentences, temperature, must_mention
        _, found = describe(shared, photo, *controls)
        return answer(found, translate(shared, found, language), attention=attention)

    def show(photo: Any, *controls: Any) -> tuple[dict[str, Any] | None, str, dict[str, Any]]:
        if photo is None:
            return None, "", gr.update(interactive=False)
        *options, language = controls
        upload, found = describe(shared, photo, *options)
        told = answer(found, translate(shared, found, language), attention=True)
        crop = shared.models.captioner.network.encoder.config.fit == "crop"
        value = {
            **told,
            "language": language,
            "languages": shared.models.languages(),
            "photo": preview(upload),
            "crop": crop,
        }
        return value, doubts(found), gr.update(interactive=True)

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=280):
            photo = photo_chooser("caption", height=320)
            language = language_choice("caption", shared.models)
        with gr.Column(scale=6, min_width=300):
            shown = gaze(elem_id="caption-result", elem_classes="bare", label="The sentence")
            doubt = gr.Markdown("", elem_id="caption-doubt")
            with gr.Accordion("How it searches", open=False):
                controls = [
                    gr.Slider(
                        1, MOST_BEAMS, value=5, step=1, label="Beam size",
                        info="Sentences that are kept while it searches.",
                    ),
                    gr.Slider(
                        1, MOST_SENTENCES, value=3, step=1, label="Sentences",
                        info="How many of the best are shown.",
                    ),
                    gr.Slider(
                        0, HOTTEST, value=0, step=0.1, label="Temperature",
                        info="0 searches for the likeliest; above, words are drawn at random.",
                    ),
                    gr.Textbox(
                        "", label="It must mention", placeholder="dog, ball",
                        info="Words that the sentence has to have.", max_length=shared.limits.text,
                    ),
                ]  # fmt: skip
                again = gr.Button("Caption again", variant="secondary", interactive=False)
    events = {**shared.private, "preprocess": False}
    gr.on(
        [photo.change, language.input, again.click],
        shared.polite(show),
        [photo, *controls, language],
        [shown, doubt, again],
        **events,
    )
    attention = gr.Checkbox(False, label="Attention", visible=False)
    shared.endpoint(caption, [photo, *controls, language, attention], preprocess=False)

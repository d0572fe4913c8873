"""About: what each model is, what it cannot do, and how that was measured."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypedDict

import gradio as gr

from demo.models import shipped
from demo.shared import Shared
from multimodal.tasks import TASKS

INTRODUCTION = """
One function, applied again and again, with the same weights at every step: that is all there is
behind this page. A photo becomes a sentence, a prompt a drawing, a drawing a guess, a beginning a
text. The networks are small enough for a laptop; they run on this machine, and nothing that you
hand in leaves it or is kept.

Each model has a card: what it learnt from, on which terms, how good it is on data that it never
saw, and what it gets wrong. Every figure was measured by a command of this project (`multimodal
evaluate …`) on a test split that was looked at once.
"""


class Model(TypedDict):
    """A model that ships."""

    name: Annotated[str, "of its folder in multimodal/pretrained"]
    title: Annotated[str, "what goes in and what comes out"]
    megabytes: Annotated[float, "of its weights"]
    card: Annotated[str, "its model card, in Markdown"]


def model(name: str) -> Model:
    """What there is to know of a shipped model."""
    folder = files("multimodal").joinpath("pretrained", name)
    weights = folder.joinpath("model.safetensors")
    card = folder.joinpath("README.md")
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    title = next((spec.title for spec in TASKS.values() if name in spec.shipped), name)
    size = Path(str(weights)).stat().st_size if weights.is_file() else 0
    return {
        "name": name,
        "title": title,
        "megabytes": round(size / 1e6, 1),
        "card": without_front_matter(text),
    }


def without_front_matter(card: str) -> str:
    """A model card as people read it: without what is for machines, and without its heading."""
    text = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)
    return re.sub(r"\A\s*# .*\n", "", text).strip()


def models() -> list[Model]:
    """List the models that ship, with their sizes and their cards (Markdown)."""
    return [model(name) for name in shipped()]


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    gr.Markdown(INTRODUCTION, elem_classes="prose-page")
    for found in models():
        label = f"{found['title']}: {found['name']}, {found['megabytes']:g} MB"
        with gr.Accordion(label, open=False, elem_classes="card"):
            gr.Markdown(found["card"] or "It has no card yet.", elem_classes="prose-page")
    shared.endpoint(models, [], concurrency_id="cards", concurrency_limit=None)

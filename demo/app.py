"""All tabs on one page."""

from __future__ import annotations

import gradio as gr

from demo import (
    about,
    caption,
    draw,
    draw_together,
    handwriting,
    many_photos,
    mood,
    morph,
    postcard,
    read,
    translate,
    write,
)
from demo.models import shipped
from demo.shared import Shared, asset

TITLE = "multimodal"
SUBTITLE = "Small recurrent networks that look, draw and write, all on this machine."

TABS = (
    ("Caption", "caption", caption.tab),
    ("Draw", "draw", draw.tab),
    ("Handwriting", "handwriting", handwriting.tab),
    ("Draw together", "draw-together", draw_together.tab),
    ("Postcard", "postcard", postcard.tab),
    ("Translate", "translate", translate.tab),
    ("Morph", "morph", morph.tab),
    ("Read", "read", read.tab),
    ("Mood", "mood", mood.tab),
    ("Write", "write", write.tab),
    ("Many photos", "many-photos", many_photos.tab),
    ("About", "about", about.tab),
)
"""What people want first comes first: a phone shows the first few."""

WITH_MODELS = {
    "handwriting": handwriting.MODEL,
    "translate": translate.MODEL,
    "read": read.MODEL,
    "postcard": postcard.MODEL,
    "mood": mood.MODEL,
}
"""Tabs that are only there where their model ships."""


def build(shared: Shared) -> gr.Blocks:
    """The whole page, not yet served."""
    limits = shared.limits
    page = gr.Blocks(title=TITLE, analytics_enabled=False)
    with page:
        gr.HTML(
            f"<header><h1>{TITLE}</h1><p>{SUBTITLE}</p></header>",
            elem_id="masthead",
            elem_classes="bare",
        )
        with gr.Tabs(elem_id="tabs"):
            for name, identity, tab in TABS:
                if WITH_MODELS.get(identity, "") not in {"", *shipped()}:
                    continue
                with gr.Tab(name, id=identity, elem_id=f"tab-{identity}"):
                    tab(shared)
    page.queue(max_size=limits.waiting, default_concurrency_limit=limits.at_once)
    return page


def stylesheet() -> str:
    """The CSS of the whole page."""
    return asset("style.css")

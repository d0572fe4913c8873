"""All tabs on one page."""

from __future__ import annotations

import gradio as gr

from demo import about, caption, draw, draw_together, many_photos, morph, read, write
from demo.shared import Shared, asset

TITLE = "multimodal"
SUBTITLE = "Small recurrent networks that look, draw and write, all on this machine."

TABS = (
    ("Caption", "caption", caption.tab),
    ("Many photos", "many-photos", many_photos.tab),
    ("Draw", "draw", draw.tab),
    ("Draw together", "draw-together", draw_together.tab),
    ("Morph", "morph", morph.tab),
    ("Read", "read", read.tab),
    ("Write", "write", write.tab),
    ("About", "about", about.tab),
)


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
                if tab is read.tab and not read.offered():
                    continue
                with gr.Tab(name, id=identity):
                    tab(shared)
    page.queue(max_size=limits.waiting, default_concurrency_limit=limits.at_once)
    return page


def stylesheet() -> str:
    """The CSS of the whole page."""
    return asset("style.css")

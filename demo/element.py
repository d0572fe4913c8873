"""Our own parts of the page: a template, a style and a script each, named after what they show.

gradio fills the template and the style with the part's properties and calls the script once, with
`element`, `props`, `trigger` and `watch`: https://www.gradio.app/guides/custom-HTML-components.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.shared import asset


def element(name: str, label: str, **options: Any) -> gr.HTML:
    """Put a part of our own on the page.

    Args:
        name: of its three files.
        label: what screen readers call it.
        **options: of `gr.HTML`; what that does not know are properties for the three files.
    """
    return gr.HTML(
        label=label,
        html_template=asset(f"{name}.html"),
        css_template=asset(f"{name}.css"),
        js_on_load=asset(f"{name}.js"),
        apply_default_css=False,
        elem_classes="own",
        **options,
    )

"""Colours, type and spacing of the page; `style.css` does the rest."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """The theme: paper, ink and one green; fonts of the visitor's own system."""
    return gr.themes.Base(font=SANS, font_mono=MONO)

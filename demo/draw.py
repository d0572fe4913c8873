"""Draw: a prompt becomes drawings that draw themselves."""

from __future__ import annotations

import gradio as gr

from demo.shared import Shared


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    gr.Markdown("A prompt becomes drawings that draw themselves.")

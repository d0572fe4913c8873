"""About: what the models are, and what they cannot do."""

from __future__ import annotations

import gradio as gr

from demo.shared import Shared


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    gr.Markdown("What the models are, and what they cannot do.")

"""Draw together: a pad that guesses along and finishes what was begun."""

from __future__ import annotations

import gradio as gr

from demo.shared import Shared


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    gr.Markdown("A pad that guesses along and finishes what was begun.")

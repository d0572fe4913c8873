"""Many photos: many photos become a table of sentences."""

from __future__ import annotations

import gradio as gr

from demo.shared import Shared


def tab(shared: Shared) -> None:
    """Build the tab; the caller has opened it."""
    gr.Markdown("Many photos become a table of sentences.")

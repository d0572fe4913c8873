"""Shipped language models by their short names: `sonnets` is `text-sonnets`."""

from __future__ import annotations

from pathlib import Path

from multimodal.checkpoints import shipped_models


def find_language_model(source: str | Path) -> str | Path:
    """Return the full name behind a short name of a shipped model; anything else as it is.

    A folder of that name is meant by `./sonnets`.
    """
    shipped = f"text-{source}"
    return shipped if shipped in shipped_models() else source

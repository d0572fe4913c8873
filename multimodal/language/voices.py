"""The voices by their short names: `sonnets` is the shipped model `text-sonnets`."""

from __future__ import annotations

from pathlib import Path

from multimodal.checkpoints import shipped_models


def find_voice(source: str | Path) -> str | Path:
    """The shipped model behind a voice's short name; anything else as it is.

    A folder of that name is meant by `./sonnets`.
    """
    shipped = f"text-{source}"
    return shipped if shipped in shipped_models() else source

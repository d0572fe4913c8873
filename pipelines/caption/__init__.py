"""Pictures → captions, by the million, and never a lost row: behind ``multimodal caption``.

    for row in caption_images(["photos/", "shard.tar"], Captioner.from_pretrained()):
        print(row.source, row.error or row.text)

``inputs`` (with ``containers``) → ``decoding`` → ``local`` or ``cluster`` → ``journal`` →
``outputs`` and ``report``; ``run`` puts them together, `pipelines.progress` tells how it goes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.caption.inputs import find_pictures, sample_pictures
    from pipelines.caption.local import caption_images
    from pipelines.caption.rows import CaptionRow, as_line, as_record

__all__ = [
    "CaptionRow",
    "as_line",
    "as_record",
    "caption_images",
    "find_pictures",
    "sample_pictures",
]

_PLACES = {
    "CaptionRow": "rows",
    "as_line": "rows",
    "as_record": "rows",
    "caption_images": "local",
    "find_pictures": "inputs",
    "sample_pictures": "inputs",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and torch only where that needs it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)

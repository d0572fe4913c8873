"""Pictures → captions, by the million, and never a lost row: behind ``multimodal caption``.

    for row in caption_images(["photos/", "shard.tar"], Captioner.from_pretrained()):
        print(row.source, row.error or row.text)

``inputs`` (with ``containers``) → ``decoding`` → ``local`` or ``cluster`` → ``journal`` →
``outputs`` and ``report``; ``run`` puts them together, `pipelines.progress` tells how it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multimodal.lazy_imports import lazy_names

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

__getattr__ = lazy_names(
    __name__,
    {
        "CaptionRow": "rows",
        "as_line": "rows",
        "as_record": "rows",
        "caption_images": "local",
        "find_pictures": "inputs",
        "sample_pictures": "inputs",
    },
)

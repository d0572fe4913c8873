"""Pictures → captions, by the million, and never a lost row: behind ``multimodal caption``.

    for row in caption_images(["photos/", "shard.tar"], Captioner.load()):
        print(row.source, row.error or row.text)

``inputs`` (with ``containers``) → ``decoding`` → ``local`` or ``cluster`` → ``journal`` →
``outputs`` and ``report``; ``run`` puts them together, and ``summary`` tells how it goes.
"""

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

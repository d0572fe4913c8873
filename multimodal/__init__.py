"""Recurrent networks that look, draw and write.

import multimodal

captioner = multimodal.load_captioner()
print(captioner.caption("beach.jpg").text)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner


def load_captioner(source: str | Path | None = None) -> Captioner:
    """Load the shipped captioner, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.captioning.captioner import SHIPPED, Captioner

    return Captioner.load(source or SHIPPED)

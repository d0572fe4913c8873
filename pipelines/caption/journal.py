"""The journal of a run of ``multimodal caption``: its rows are those of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import journal
from pipelines.caption.rows import CaptionRow, from_journal, to_journal


class Journal(journal.Journal[CaptionRow]):
    """See `pipelines.journal.Journal`."""

    def __init__(self, path: Path, request: Mapping[str, Any]) -> None:
        super().__init__(path, request, to_journal, from_journal)

"""Captions of the pictures that a run has seen, so that none is captioned twice."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Self

from multimodal.errors import UserError
from pipelines.caption.rows import CaptionRow, dump_json, from_journal, to_journal


class KnownPictures:
    """Finds rows by the digest of what the network saw.

    They lie in a temporary database of SQLite, which keeps the last few in memory, the others in
    the folder of temporary files, and is gone when it is closed: a million pictures take no more
    memory than a thousand.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute("CREATE TABLE known (digest TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def __contains__(self, digest: str) -> bool:
        found = self._rows.execute("SELECT 1 FROM known WHERE digest = ?", (digest,))
        return found.fetchone() is not None

    def add(self, row: CaptionRow) -> None:
        """Remember a row, unless it is an error or known.

        Raises:
            UserError: the folder of temporary files is full.
        """
        if not row.digest:
            return
        values = (row.digest, dump_json(to_journal(replace(row, thumbnail=b"", picture=b""))))
        try:
            self._rows.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", values)
        except sqlite3.Error as error:
            raise UserError(f"the folder of temporary files: {error}; set TMPDIR") from error

    def row(self, digest: str) -> CaptionRow:
        """The row of a known picture."""
        found = self._rows.execute("SELECT row FROM known WHERE digest = ?", (digest,))
        return from_journal(json.loads(found.fetchone()[0]))

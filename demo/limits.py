"""How much of everything a visitor may ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from multimodal.errors import UserError

MEGABYTE = 2**20


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # only Linux has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Limits:
    """All limits of the page; `require_…` say in a sentence which one was passed.

    Attributes:
        upload_bytes: of one file.
        picture_pixels: width times height of one picture, as its header has it.
        pictures: in one batch, those in zip archives included.
        unpacked_bytes: what all the pictures of one batch may come to.
        text: characters of a prompt, a beginning or a sentence.
        written: characters that are written on behind a beginning.
        drawings: made at once.
        strokes, points: of one drawing, whoever made it.
        seconds: that one job may take before it stops with what it has.
        batch_seconds: the same of a batch of pictures; one batch is at work at a time.
        waiting: jobs in the queue; whoever comes then is asked to come again.
        sessions: visitors whose pages' state is remembered; every call of the API counts as one.
        at_once: jobs that compute at a time, each on a core of its own.
        kept_seconds: after which a visitor's files are removed.
    """

    upload_bytes: int = 32 * MEGABYTE
    picture_pixels: int = 64_000_000
    pictures: int = 300
    unpacked_bytes: int = 512 * MEGABYTE
    text: int = 400
    written: int = 3000
    drawings: int = 24
    strokes: int = 500
    points: int = 20_000
    seconds: float = 60.0
    batch_seconds: float = 180.0
    waiting: int = 64
    sessions: int = 200
    at_once: int = field(default_factory=_cores)
    kept_seconds: int = 30 * 60

    def require_text(self, text: object, name: str, *, empty: bool = False) -> str:
        """Return a text as it is.

        Args:
            text: what came in.
            name: what to call it.
            empty: whether there may be nothing in it.

        Raises:
            UserError: it is empty, too long, or no text.
        """
        if not isinstance(text or "", str):
            raise UserError(f"The {name} has to be a text.")
        text = str(text or "")
        if not text.strip() and not empty:
            raise UserError(f"The {name} is empty. Please write a few words.")
        if len(text) > self.text:
            raise UserError(
                f"The {name} has {len(text):,} characters. Please keep it to {self.text:,}."
            )
        return text

    def require_number(self, number: object, least: float, most: float, name: str) -> float:
        """Return a number.

        Raises:
            UserError: it is none, or not between `least` and `most`.
        """
        if not isinstance(number, (int, float)) or not least <= number <= most:
            raise UserError(f"Please choose a {name} from {least:g} to {most:g}, not {number}.")
        return float(number)

    def require_count(self, count: object, most: int, name: str) -> int:
        """Return a number as a whole one.

        Raises:
            UserError: it is not whole, or not between 1 and `most`.
        """
        whole = isinstance(count, (int, float)) and 1 <= count <= most and count == int(count)
        if not whole:
            raise UserError(f"Please ask for 1 to {most:,} {name}, not {count}.")
        return int(count)  # type: ignore[call-overload,no-any-return]

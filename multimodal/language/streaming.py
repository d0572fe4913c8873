"""Tokens that are written → text, and where a text ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from multimodal.language.options import TextGenerationOptions
from multimodal.settings import require_names


class GeneratedText(NamedTuple):
    """The next piece of a text that is being written.

    Attributes:
        text: what it says; empty while a character of several bytes is not complete.
        log_prob: log p of the token in nats, as the model gives it.
    """

    text: str
    log_prob: float


class StopDetector:
    """One of the texts that are being written, as far as its pieces go.

    Attributes:
        number: its place among the prompts.
        ended: whether it holds the stop string.
    """

    def __init__(self, number: int, decoder: Callable[[Iterable[int]], str], stop: str) -> None:
        self.number = number
        self.ended = False
        self._decoder = decoder
        self._stop = stop
        self._tail = ""

    def add(self, token: int) -> str:
        """The piece of text that a token completes."""
        piece = self._decoder([token])
        if self._stop:
            tail = self._tail + piece
            self.ended = self._stop in tail
            self._tail = tail[max(0, len(tail) - len(self._stop) + 1) :]
        return piece


def text_generation_options(changes: Mapping[str, Any]) -> TextGenerationOptions:
    """The options of which some are given by name.

    Raises:
        UserError: an option is unknown or out of range.
    """
    require_names(changes, (field.name for field in fields(TextGenerationOptions)))
    return TextGenerationOptions(**changes)

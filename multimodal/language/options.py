"""How a text is written, as far as a caller may say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from multimodal.errors import UserError
from multimodal.recurrent.generation.options import GenerationOptions

BLOCK = 256  # steps for which random numbers are drawn ahead


@dataclass(frozen=True, kw_only=True)
class TextGenerationOptions:
    """How a text is written; change single options with `dataclasses.replace`.

    Attributes:
        length: how many tokens are written: characters, or the bytes or words of a model of such.
            None: without end.
        temperature, top_k, top_p: which tokens are drawn; see `GenerationOptions`. With top_k=1 it
            is always the most probable one.
        seed: makes the draws repeatable. None: fresh draws, from torch's own generator.
        stop: a text ends as soon as it holds this; empty for never.

    Raises:
        UserError: an option is out of range.
    """

    length: int | None = 600
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: int | None = None
    stop: str = ""

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 0:
            raise UserError(f"length must be 0 or more, not {self.length}")
        _ = self.sampling  # which refuses what cannot be sampled by

    @property
    def sampling(self) -> GenerationOptions:
        """The rules of the generation engine, for one block of steps."""
        return GenerationOptions(
            sample=True,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            max_length=BLOCK,
        )


class TextChanges(TypedDict, total=False):
    """Those of `TextGenerationOptions` that a call says."""

    length: int | None
    temperature: float
    top_k: int | None
    top_p: float
    seed: int | None
    stop: str

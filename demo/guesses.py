"""What a drawing is taken for, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from demo.element import element
from multimodal.sketching.prompts import PromptObject

if TYPE_CHECKING:
    from multimodal.recognition.prediction import Prediction

SURE, FAIRLY_SURE = 0.8, 0.4
"""Probabilities from which a guess is said with confidence."""


def guess_bars(label: str, hint: str, touch: str) -> gr.HTML:
    """Put empty bars on the page; a touched one is the event `select` with its `name`.

    Args:
        label: what screen readers call them.
        hint: what stands there while there is nothing to guess at.
        touch: what touching a bar does; "%" stands for its name.
    """
    return element("guesses", label, hint=hint, touch=touch, value=None)


def bars_of(guess: Prediction | None) -> dict[str, Any]:
    """What the bars are sent; None empties them."""
    if guess is None:
        return {"said": "", "ranking": []}
    return {"said": said(guess), "ranking": [list(entry) for entry in guess.ranking]}


def said(guess: Prediction) -> str:
    """A guess as somebody would say it."""
    first = PromptObject(guess.label)
    if guess.probability >= SURE:
        return f"That is {first}!"
    if guess.probability >= FAIRLY_SURE:
        return f"I think it is {first}."
    others = [str(PromptObject(category)) for category, _ in guess.ranking[1:2]]
    return f"{' or '.join([str(first), *others]).capitalize()}?"

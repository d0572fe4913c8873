"""Prompts to touch, instead of writing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from demo.element import element
from multimodal.errors import UserError
from multimodal.sketching.prompts import PromptObject, UnknownWordError, parse_prompt

if TYPE_CHECKING:
    from multimodal.sketching.sketcher import Sketcher

PROMPTS = (
    "a duck",
    "a cat",
    "a bicycle",
    "a butterfly",
    "a hedgehog",
    "a dog beside two sheep",
    "a parrot on a palm tree",
    "three ducks and a crab under a big umbrella",
)
"""What is suggested, as far as the sketcher can draw it."""


def prompt_chips(label: str) -> gr.HTML:
    """Make room for prompts on the page; a touched one is the event `select` with its `prompt`.

    Args:
        label: what screen readers call them.
    """
    return element("chips", label, value=None)


def choices_of(sketcher: Sketcher) -> dict[str, Any]:
    """What the chips are sent: a few prompts, and everything that the sketcher can draw."""
    return {
        "prompts": [prompt for prompt in PROMPTS if _can_be_drawn(prompt, sketcher)],
        "things": [
            {"name": name, "prompt": str(PromptObject(name)), "rough": name in sketcher.low_quality}
            for name in sorted(sketcher.categories, key=lambda n: (n in sketcher.low_quality, n))
        ],
    }


def choices_near(prompt: str, sketcher: Sketcher) -> dict[str, Any] | None:
    """The chips with what comes nearest to a prompt's first unknown word; None where none is."""
    try:
        parse_prompt(prompt, sketcher.categories)
    except UnknownWordError as error:
        near = [str(PromptObject(category)) for category in error.near]
        return {**choices_of(sketcher), "prompts": near} if near else None
    except UserError:
        return None
    return None


def unknown(error: UnknownWordError) -> str:
    """What to say where a word names nothing that can be drawn."""
    near = ", ".join(str(PromptObject(category)) for category in error.near)
    hint = f"Try: {near}." if near else "Touch a suggestion, or the list of all things."
    return f"I don't know {error.word!r}. {hint}"


def _can_be_drawn(prompt: str, sketcher: Sketcher) -> bool:
    try:
        return bool(parse_prompt(prompt, sketcher.categories))
    except UserError:
        return False

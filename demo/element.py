"""Our own parts of the page: a template, a style and a script each, beside one Python class.

The three files lie in `demo/assets`, named after what they show. gradio fills the template and the
style once with the element's properties and calls the script with `element`, `props`, `trigger` and
`watch`; see https://www.gradio.app/guides/custom-HTML-components.
"""

from __future__ import annotations

from abc import ABCMeta
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable


class _Unstubbed(ComponentMeta):
    """Makes components as gradio's own metaclass does, but writes no .pyi beside their source."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> _Unstubbed:
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])
        return ABCMeta.__new__(cls, name, bases, attrs)


class Element(gr.HTML, metaclass=_Unstubbed):
    """A part of the page that gradio does not have.

    Args:
        name: of its three files.
        label: what screen readers call it.
        **options: of `gr.HTML`; what that does not know are properties for the three files.
    """

    def __init__(self, name: str = "", label: str = "", **options: Any) -> None:
        super().__init__(
            label=label,
            html_template=_asset(f"{name}.html"),
            css_template=_asset(f"{name}.css"),
            js_on_load=_asset(f"{name}.js"),
            apply_default_css=False,
            **options,
        )


def _asset(name: str) -> str:
    return files("demo").joinpath("assets", name).read_text(encoding="utf-8")

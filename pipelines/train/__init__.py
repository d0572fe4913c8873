"""People's own data → a model: the jobs behind ``multimodal train``, one module for each thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar, get_args, get_type_hints

from multimodal.errors import UserError

Recipe = TypeVar("Recipe")


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """A recipe (a dataclass) with some of its fields changed, each written as "name=value".

    Raises:
        UserError: when there is no such field, or the value is not of its kind.
    """
    names = [field.name for field in fields(recipe)]  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in names:
            known = ", ".join(names)
            raise UserError(f"--set {setting}: write name=value with one of the names {known}")
        changes[name] = _value(setting, text, type(getattr(recipe, name)))
        choices = get_args(get_type_hints(type(recipe))[name])
        if choices and changes[name] not in choices:
            raise UserError(f"--set {setting}: choose one of {', '.join(map(str, choices))}")
    return replace(recipe, **changes)  # type: ignore[type-var]


def _value(setting: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        expected = "whole number" if kind is int else "number"
        raise UserError(f"--set {setting}: {text!r} is no {expected}") from None

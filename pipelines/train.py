"""People's own data → a model: the jobs behind ``multimodal train``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
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


def train_captioner(
    data: str | Path, out: str | Path, settings: Sequence[str] = (), **where: Any
) -> Path:
    """Train a captioner, or go on with a training that was interrupted.

    Args:
        data: captioned photos; see `multimodal.captioning.data.read_captions`.
        out: the run's folder: metrics, curves, samples, the best and the last captioner.
        settings: changes to the recipe, "name=value"; see `CaptionerRecipe`.
        **where: `images`, `image_column` and `caption_column` of `read_captions`.

    Returns:
        The folder of the best captioner.

    Raises:
        UserError: when the data cannot be read, or the folder belongs to another run.
    """
    from multimodal.captioning.data import read_captions, read_sentences
    from multimodal.captioning.recipe import CaptionerRecipe, encoder_weights
    from multimodal.captioning.training import CaptionerTask
    from multimodal.training import train

    recipe = with_settings(CaptionerRecipe(), settings)
    photos, dev = read_captions(data, "train", **where), read_captions(data, "dev", **where)
    language = read_sentences(recipe.language) if recipe.language else []
    weights = encoder_weights(recipe, data)
    best = train(CaptionerTask(recipe, photos, dev, weights, language, Path(out)), out)
    shutil.rmtree(Path(out) / "cache", ignore_errors=True)  # gigabytes of cells, of no more use
    return best


def _value(setting: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        expected = "whole number" if kind is int else "number"
        raise UserError(f"--set {setting}: {text!r} is no {expected}") from None

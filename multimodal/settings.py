"""Settings: fields of a dataclass that carry their range and their help, once.

    @dataclass(frozen=True)
    class Recipe(Settings):
        epochs: Annotated[int, Ge(1), "Passes over the data."] = 16

    Recipe(epochs=0)  # UserError: epochs: must be at least 1, not 0

The command line lists them, reads them from "name=value" or a TOML file, and writes such a file.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from annotated_types import Ge, Gt, Le, Lt, MultipleOf

from multimodal.errors import UserError, offered

Config = TypeVar("Config")


class Setting(NamedTuple):
    """A field of a dataclass, as `Annotated[type, limits…, help]` has it.

    Attributes:
        name: of the field.
        type: int, float, str, bool, or tuple for a pair of numbers.
        default: None where there is none.
        limits: of `annotated_types`, such as `Ge(0)`.
        choices: the values of a `Literal`; empty where any is possible.
        optional: whether None is one as well.
        help: what it is.
    """

    name: str
    type: type
    default: Any
    limits: tuple[Any, ...]
    choices: tuple[Any, ...]
    optional: bool
    help: str

    @property
    def range(self) -> str:
        """What the value has to be, such as "from 0 to below 1"; empty for anything."""
        if self.choices:
            return f"one of {', '.join(map(str, (*self.choices, *['none'] * self.optional)))}"
        bounds: dict[type, Any] = {type(limit): limit for limit in self.limits}
        least, most = bounds.get(Ge), bounds.get(Le)
        above, below = bounds.get(Gt), bounds.get(Lt)
        bounds_text = []
        if least and most:
            bounds_text.append(f"from {least.ge:g} to {most.le:g}")
        elif least and below:
            bounds_text.append(f"from {least.ge:g} to below {below.lt:g}")
        else:
            bounds_text += [f"at least {least.ge:g}"] if least else []
            bounds_text += [f"above {above.gt:g}"] if above else []
            bounds_text += [f"at most {most.le:g}"] if most else []
            bounds_text += [f"below {below.lt:g}"] if below and below.lt < math.inf else []
        several = bounds.get(MultipleOf)
        bounds_text += [f"a multiple of {several.multiple_of:g}"] if several else []
        return " and ".join(bounds_text)

    @property
    def default_text(self) -> str:
        """The default as `parse` reads it: "0.9,0.99" for a pair, empty for an empty text."""
        if self.default is None:
            return "none"
        if self.type is bool:
            return str(self.default).lower()
        return ",".join(map(str, self.default)) if self.type is tuple else str(self.default)

    def require(self, value: Any) -> None:
        """See to it that a value is in the range.

        Raises:
            UserError: it is not; the line names the field.
        """
        if value is None and self.optional:
            return
        if not (value in self.choices if self.choices else self._is_within(value)):
            raise UserError(f"{self.name}: must be {self.range}, not {value}")

    def _is_within(self, value: Any) -> bool:
        keeps = {
            Ge: lambda limit: value >= limit.ge,
            Gt: lambda limit: value > limit.gt,
            Le: lambda limit: value <= limit.le,
            Lt: lambda limit: value < limit.lt,
            MultipleOf: lambda limit: value % limit.multiple_of == 0,
        }
        if self.type is tuple:
            return all(self._replace(type=float)._is_within(each) for each in value)
        return all(keeps[type(limit)](limit) for limit in self.limits)

    def parse(self, value: object) -> Any:
        """Read a value from text, or from a file that knows numbers and texts.

        Raises:
            UserError: it is not of the setting's type.
        """
        if self.optional and value in ("", "none", None):
            return None
        if self.type is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            if not isinstance(parts, list) or len(parts) != 2:
                raise UserError(f"{value!r} is no pair of numbers")
            return tuple(self._replace(type=float).parse(part) for part in parts)
        kind = {int: "whole number", float: "number", bool: "true or false"}.get(self.type, "text")
        found: Any
        if self.type is bool:
            found = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).lower())
        elif isinstance(value, str) or (self.type is float and type(value) is int):
            try:
                found = self.type(value)
            except ValueError:
                found = None
        else:
            found = value if type(value) is self.type else None
        if found is None:
            raise UserError(f"{value!r} is no {kind}")
        if self.choices and found not in self.choices:
            raise UserError(f"choose {self.range}")
        return found


class Settings:
    """A dataclass whose fields are settings: what is out of its range is refused."""

    def __post_init__(self) -> None:
        for setting in settings_of(type(self)):
            setting.require(getattr(self, setting.name))

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """The same with those fields changed that are given and not None.

        Raises:
            UserError: there is no such field, or a value is out of its range.
        """
        require_names(changes, (field.name for field in fields(self)))  # type: ignore[arg-type]
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **given)  # type: ignore[type-var]


def require_names(given: Iterable[str], known: Iterable[str]) -> None:
    """See to it that all names are known.

    Raises:
        UserError: one is not.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise UserError(f"{name}: no such option; {offered(name, known)}")


def settings_of(settings: type) -> tuple[Setting, ...]:
    """Return the settings among the fields of a dataclass: numbers, texts and choices."""
    return _settings_of(settings)


@cache
def _settings_of(settings: type) -> tuple[Setting, ...]:
    hints = get_type_hints(settings, include_extras=True)
    return tuple(
        _setting(field.name, hints[field.name], None if field.default is MISSING else field.default)
        for field in fields(settings)
        if _is_setting(hints[field.name])
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of settings, "name = value" a line.

    Raises:
        UserError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no TOML: {error}") from error


def to_toml(settings: Any) -> str:
    """Write settings as TOML, each with its help in a remark."""
    lines = []
    for setting in settings_of(type(settings)):
        value = getattr(settings, setting.name)
        about = f"  # {setting.help}" if setting.help else ""
        text = json.dumps("none" if value is None else value, ensure_ascii=False)
        lines.append(f"{setting.name} = {text}{about}\n")
    return "".join(lines)


def config_of(config: type[Config], settings: object, **given: Any) -> Config:
    """Build a dataclass from the fields of another that have the same names.

    Args:
        config: the dataclass to build.
        settings: what has the fields.
        **given: fields that are told apart.
    """
    names = (field.name for field in fields(config))  # type: ignore[arg-type]
    own = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    return config(**{**own, **given})


def _is_setting(hint: Any) -> bool:
    return get_origin(hint) in (Annotated, Literal) or hint in (int, float, str, bool)


def _setting(name: str, hint: Any, default: Any) -> Setting:
    kind, *about = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    optional = type(None) in get_args(kind)
    if optional:
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    limits = tuple(each for each in about if not isinstance(each, str))
    text = next((each for each in about if isinstance(each, str)), "")
    plain = type(choices[0]) if choices else get_origin(kind) or kind
    return Setting(name, plain, default, limits, choices, optional, text)

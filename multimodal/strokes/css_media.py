"""Media queries, as a screen in a light room answers them (CSS Media Queries 4)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from multimodal.strokes.css_values import PIXELS, Token, significant, split_at

Answer: TypeAlias = bool | None
"""None where a feature is not known: neither it nor its contrary applies."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}
_KEYWORDS = {
    "prefers-color-scheme": "light",
    "prefers-reduced-motion": "no-preference",
    "prefers-reduced-transparency": "no-preference",
    "prefers-contrast": "no-preference",
    "prefers-reduced-data": "no-preference",
    "forced-colors": "none",
    "inverted-colors": "none",
    "update": "fast",
    "hover": "hover",
    "any-hover": "hover",
    "pointer": "fine",
    "any-pointer": "fine",
    "display-mode": "browser",
    "scripting": "none",
    "overflow-block": "scroll",
    "overflow-inline": "scroll",
    "color-gamut": "srgb",
    "dynamic-range": "standard",
    "scan": "progressive",
}
"""Feature → what a screen says."""


def media_applies(query: Sequence[Token], size: tuple[float, float]) -> bool:
    """Whether a list of media queries applies.

    Args:
        query: its tokens; an empty list applies everywhere.
        size: width and height of the screen in CSS pixels.
    """
    queries = split_at(query, ",")
    return queries == [[]] or any(_query(each, size) for each in queries)


def _query(tokens: Sequence[Token], size: tuple[float, float]) -> Answer:
    words = [_word(token) for token in tokens]
    negated = words[:1] == ["not"] and words[1:2] != [""]
    if words[:1] in (["only"], ["not"]) and words[1:2] != [""]:
        tokens, words = tokens[1:], words[1:]
    if not tokens:
        return None
    if not words[0] or words[0] == "not":  # a condition without a kind of screen
        return _condition(tokens, size)
    answer: Answer = words[0] in ("screen", "all")
    if len(tokens) > 1:
        rest = _condition(tokens[2:], size) if words[1] == "and" else None
        answer = _all([answer, rest])
    return _not(answer) if negated else answer


def _condition(tokens: Sequence[Token], size: tuple[float, float]) -> Answer:
    if tokens and _word(tokens[0]) == "not":
        return _not(_condition(tokens[1:], size))
    joins = {_word(token) for token in tokens[1::2]}
    if not tokens or len(joins) > 1 or not joins <= {"and", "or"} or len(tokens) % 2 == 0:
        return None
    answers = [_in_brackets(token, size) for token in tokens[::2]]
    return _not(_all([_not(answer) for answer in answers])) if joins == {"or"} else _all(answers)


def _in_brackets(token: Token, size: tuple[float, float]) -> Answer:
    if token.type != "() block":
        return None
    inside = significant(token.content)
    if inside and (inside[0].type == "() block" or _word(inside[0]) == "not"):
        return _condition(inside, size)
    return _feature(inside, size)


def _feature(tokens: Sequence[Token], size: tuple[float, float]) -> Answer:
    name = _word(tokens[0]) if tokens else ""
    if len(tokens) == 1:  # whether there is any of it
        setting = _KEYWORDS.get(name)
        value = _measure(name, size)
        if value is not None:
            return value != 0
        return setting not in ("none", "no-preference") if setting else None
    if len(tokens) > 2 and tokens[1] == ":":
        if name in _KEYWORDS:
            return len(tokens) == 3 and _word(tokens[2]) == _KEYWORDS[name]
        if name == "orientation":
            return _word(tokens[2]) == ("portrait" if size[1] >= size[0] else "landscape")
        limit, _, plain = name.partition("-")
        if limit in ("min", "max"):
            sign = ">=" if limit == "min" else "<="
            return _compared(_measure(plain, size), sign, _number(tokens[2:]))
        return _compared(_measure(name, size), "=", _number(tokens[2:]))
    return _range(tokens, size)


def _range(tokens: Sequence[Token], size: tuple[float, float]) -> Answer:
    """A feature between signs: width >= 400px, or 400px < width <= 700px."""
    sides, signs = [[]], []  # type: list[list[Token]], list[str]
    for token in tokens:
        if token.type == "literal" and token.value in "<>=":
            if not sides[-1] and signs and token.value == "=":
                signs[-1] += "="
                continue
            signs.append(token.value)
            sides.append([])
        elif token.type == "literal" and token.value in _COMPARE:
            signs.append(token.value)
            sides.append([])
        else:
            sides[-1].append(token)
    if not signs:
        return None
    values = [_value(side, size) for side in sides]
    compared = [_compared(values[at], sign, values[at + 1]) for at, sign in enumerate(signs)]
    return _all(compared)


def _value(tokens: Sequence[Token], size: tuple[float, float]) -> float | None:
    if len(tokens) == 1 and tokens[0].type == "ident":
        return _measure(_word(tokens[0]), size)
    return _number(tokens)


def _measure(name: str, size: tuple[float, float]) -> float | None:
    """What a screen measures, where it is a number."""
    width, height = size
    measures = {
        "width": width,
        "height": height,
        "device-width": width,
        "device-height": height,
        "aspect-ratio": width / height if height else 0.0,
        "resolution": 1.0,
        "color": 8.0,
        "monochrome": 0.0,
        "color-index": 0.0,
        "grid": 0.0,
    }
    return measures.get(name)


def _number(tokens: Sequence[Token]) -> float | None:
    """A number, a length, a resolution or a ratio."""
    if len(tokens) == 3 and tokens[1] == "/":
        over, under = _number(tokens[:1]), _number(tokens[2:])
        return over / under if over is not None and under else None
    if len(tokens) != 1:
        return None
    (token,) = tokens
    if token.type == "number":
        return float(token.value)
    if token.type == "dimension":
        factor = {**PIXELS, "dppx": 1.0, "x": 1.0, "dpi": 1 / 96, "dpcm": 2.54 / 96}
        unit = factor.get(token.lower_unit)
        return None if unit is None else float(token.value) * unit
    return None


def _compared(value: float | None, sign: str, other: float | None) -> Answer:
    if value is None or other is None or sign not in _COMPARE:
        return None
    return _COMPARE[sign](value, other)


def _all(answers: Sequence[Answer]) -> Answer:
    if any(answer is False for answer in answers):
        return False
    return None if None in answers else True


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _word(token: Any) -> str:
    """The keyword that a token is, in small letters; "" for any other token."""
    return str(token.lower_value) if token.type == "ident" else ""

"""Words → lexemes: what each phrase of a prompt is good for.

At every word the longest phrase that is known is taken, so "hot air balloon" is no hot thing, and
the name of something to draw wins over whatever else its words could mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from rapidfuzz.distance import OSA

from multimodal.sketching.lexicon import (
    COUNTS,
    IRREGULAR_PLURALS,
    MULTIPLIERS,
    OFTEN,
    PAIRS,
    PLACES,
    PLURAL_NAMES,
    PRONOUNS,
    RELATED,
    SIZES,
    SYNONYMS,
    VAGUE,
    phrases_of,
)

NEAREST = 4  # so many categories are named where a word is not understood
FEW = 8  # a model of no more categories has them all named
FARTHEST = 0.34  # as a share of the letters: what is spelled less alike is another word
AS_LIKELY = 0.2  # by how much more a category may cost than the likeliest, to be named as well
SELDOM = 0.2  # what being seldom asked for costs, as a share of the letters

Phrase: TypeAlias = tuple[str, ...]

_WORD = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+|[^\W\d_]+(?:'[^\W\d_]+)*|\S")
_DOUBLE = re.compile(r"(.)\1")
_CONFUSED = str.maketrans("yckqzv", "ikkksf")
_PUNCTUATION = str.maketrans(
    dict.fromkeys("!?.;:/", " , ")
    | dict.fromkeys('"()[]-_\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}', " ")
    | dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{HYPHEN}", " ")
    | {"\N{RIGHT SINGLE QUOTATION MARK}": "'"}
)


class Kind(Enum):
    """What a phrase is good for."""

    NAME = auto()
    COUNT = auto()
    VAGUE = auto()
    TIMES = auto()
    PAIR = auto()
    DETERMINER = auto()
    SIZE = auto()
    PLACE = auto()
    AND = auto()
    COMMA = auto()
    QUALITY = auto()
    FILLER = auto()
    PRONOUN = auto()
    STRANGER = auto()


class Name(NamedTuple):
    """The category that a name stands for, and the number that its form tells.

    "duck" and "scissors" are one, "ducks" are many, "sheep" may be either.
    """

    category: str
    one: bool
    many: bool


class Lexeme(NamedTuple):
    """A phrase, what it is good for, and its value: a `Name`, an amount, a size or a place.

    A word that means nothing is a STRANGER; its value is a `Stranger`.
    """

    kind: Kind
    value: Any
    text: str


class Stranger(NamedTuple):
    """A word that means nothing, the categories that come nearest, and a line that says so."""

    word: str
    near: tuple[str, ...]
    line: str


def read_words(text: str) -> list[str]:
    """Words in lower case, numbers, and a comma for every mark that parts sentences."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(plain.translate(_PUNCTUATION))


def read_lexemes(words: Sequence[str], categories: tuple[str, ...]) -> Iterator[Lexeme]:
    """What words mean to a model of these categories; a word that means nothing is a STRANGER."""
    at = 0
    for lexeme, length in find_lexemes(words, categories):
        yield lexeme or Lexeme(Kind.STRANGER, _stranger(words[at:], categories), words[at])
        at += length


def find_lexemes(
    words: Sequence[str], categories: tuple[str, ...]
) -> Iterator[tuple[Lexeme | None, int]]:
    """What each phrase means, or None for a word that means nothing; and how many words it has."""
    known = _vocabulary(categories)
    longest = max(map(len, known))
    at = 0
    while at < len(words):
        phrases = (tuple(words[at : at + count]) for count in range(longest, 0, -1))
        phrase = next(filter(known.__contains__, phrases), tuple(words[at : at + 1]))
        yield known.get(phrase) or _number(words[at]), len(phrase)
        at += len(phrase)


def plurals(name: str) -> list[str]:
    """The plurals of a name by the rules of English spelling, the usual one first."""
    head, of, rest = name.partition(" of ")
    before, space, last = name.rpartition(" ")
    if is_plural(name):
        return [name]
    if of:
        return [f"{plural} of {rest}" for plural in plurals(head)]
    return [before + space + plural for plural in _plurals_of_word(last)]


def is_plural(name: str) -> bool:
    """Whether the name of one thing has the form of a plural, like scissors."""
    last = "" if " of " in name else name.rpartition(" ")[2]
    return bool({name, last} & PLURAL_NAMES)


def _plurals_of_word(word: str) -> list[str]:
    if word in IRREGULAR_PLURALS:
        return list(IRREGULAR_PLURALS[word])
    if re.search(r"[^aeiou]y$", word):
        return [f"{word[:-1]}ies"]
    return [f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"]


def _number(word: str) -> Lexeme | None:
    digits = word.replace(",", "")
    return Lexeme(Kind.COUNT, int(digits), word) if re.fullmatch("[0-9]+", digits) else None


@lru_cache(maxsize=8)
def _vocabulary(categories: tuple[str, ...]) -> Mapping[Phrase, Lexeme]:
    """Every phrase that is understood."""
    entries = chain(
        [(Kind.COMMA, None, ",")],
        _meaning(Kind.FILLER, {None: phrases_of("filler")}),
        _meaning(Kind.QUALITY, {None: phrases_of("quality")}),
        _meaning(Kind.AND, {None: phrases_of("join")}),
        _meaning(Kind.DETERMINER, {None: phrases_of("determiner")}),
        _meaning(Kind.PAIR, {2: PAIRS}),
        _meaning(Kind.VAGUE, VAGUE),
        _meaning(Kind.SIZE, SIZES),
        _meaning(Kind.PLACE, PLACES),
        _meaning(Kind.PRONOUN, PRONOUNS),
        _meaning(Kind.TIMES, MULTIPLIERS),
        ((Kind.COUNT, count, text) for text, count in COUNTS.items()),
    )
    known = {tuple(read_words(text)): Lexeme(kind, value, text) for kind, value, text in entries}
    for phrase, name in _names(categories).items():
        known[phrase] = Lexeme(Kind.NAME, name, " ".join(phrase))
    return known


def _meaning(kind: Kind, texts: Mapping[Any, tuple[str, ...]]) -> Iterator[tuple[Kind, Any, str]]:
    return ((kind, value, text) for value, said in texts.items() for text in said)


@lru_cache(maxsize=8)
def _names(categories: tuple[str, ...]) -> Mapping[Phrase, Name]:
    """The forms of all categories; where two share one, a category's own name goes before."""
    own = [(category, category) for category in categories]
    bare = [(category, category.removeprefix("the ")) for category in categories]
    said = [(category, text) for category in categories for text in SYNONYMS.get(category, ())]
    names: dict[Phrase, Name] = {}
    for forms in (own, bare, said):
        for category, text in forms:
            name = Name(category, one=True, many=text in plurals(text) and not is_plural(text))
            names.setdefault(tuple(read_words(text)), name)
        for category, text in forms:
            for plural in plurals(text):
                names.setdefault(tuple(read_words(plural)), Name(category, one=False, many=True))
    written_as_one = {("".join(phrase),): name for phrase, name in names.items()}  # hotdog, seesaw
    return written_as_one | names


# ---- words that mean nothing ----


def _stranger(words: Sequence[str], categories: tuple[str, ...]) -> Stranger:
    """The first of some words, which cannot be drawn, and what can."""
    near = nearest(words, categories)
    if len(categories) <= FEW:
        hint = f"this model draws {', '.join(categories)}"
    elif near:
        hint = f"nearest: {', '.join(near)}"
    else:
        hint = "nothing that can be drawn comes near"
    word = words[0][:40]
    return Stranger(word, tuple(near), f"{word!r} is not understood; {hint}")


def nearest(words: Sequence[str], categories: tuple[str, ...]) -> list[str]:
    """The categories near the first of some words, at most `NEAREST`.

    Those near by meaning, or else those that share a word or nearly the spelling.
    """
    phrases = [" ".join(words[:count]) for count in range(1, min(len(words), 3) + 1)]
    related = {form: near for word, near in RELATED.items() for form in (word, *plurals(word))}
    near = [category for phrase in phrases for category in related.get(phrase, ())]
    if not set(near) & set(categories):
        near = [category for category in categories if set(category.split()) & set(words[:2])]
        near += _misspelt(phrases, categories)
    return [category for category in dict.fromkeys(near) if category in categories][:NEAREST]


def _misspelt(phrases: Sequence[str], categories: tuple[str, ...]) -> list[str]:
    """The categories that are spelled nearly like one of some phrases, the likeliest first.

    The distance counts the letters that were added, left out, changed or swapped (the optimal
    string alignment distance), as a share of the longer word; what is seldom asked for has to be
    spelled a little better.
    """
    often, found = set(OFTEN), []
    for form, name in _names(categories).items():
        for phrase in phrases:
            said = " ".join(form)
            distance = OSA.normalized_distance(_sounded(phrase), _sounded(said))
            if distance <= FARTHEST:
                seldom = SELDOM * (name.category not in often)
                plain = OSA.normalized_distance(phrase, said)
                found.append((distance + seldom + plain / 10, name.category))
    found.sort(key=lambda pair: pair[0])
    return [category for cost, category in found if cost <= found[0][0] + AS_LIKELY]


def _sounded(text: str) -> str:
    """A text by its sound, roughly: letters that are confused in spelling are one."""
    return _DOUBLE.sub(r"\1", text.replace("ph", "f").replace("ck", "k").translate(_CONFUSED))

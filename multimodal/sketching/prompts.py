"""What somebody asks to be drawn, as a structure: text in, `Prompt` out.

    prompt = parse_prompt("three ducks and a crab under a big umbrella", sketcher.categories)
    prompt.objects        # (PromptObject("duck", 3), PromptObject("crab"), PromptObject("umbrella",
    size="big")) str(prompt)          # "three ducks and a crab under a big umbrella"

The language:

    prompt   = clause {"," clause}
    clause   = things {"and" things} {place landmark}
    landmark = things, and for "between" one more after "and", unless it is several already
    things   = [amount] [size] name

A place concerns all that "and" joined just before it; a comma begins anew, and so does an "and"
behind a landmark. A clause grows from left to right: in "a hat on a cat under a tree", hat and cat
are under the tree together. "It" behind a place is the thing named before, and "them" all of a
clause: "a house and a sun above it" is a house under a sun. Words for looks and poses (red, happy,
sleeping) are passed over and kept in `Prompt.ignored`. Nothing is ever drawn by guess: a word that
means nothing is refused, or left out with what belongs to it and kept in `Prompt.left_out`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

from multimodal.errors import UserError
from multimodal.sketching.lexicon import MASS_NOUNS, NUMBERS, OPPOSITES, PLENTY
from multimodal.sketching.phrases import (
    Kind,
    Lexeme,
    Name,
    Stranger,
    is_plural,
    nearest,
    plurals,
    read_lexemes,
    read_words,
)

MAX_CHARACTERS = 1000
"""Prompts of more characters are refused."""

MOST_FIGURES = 50
"""Prompts for more figures in one scene are refused."""

WRITTEN_OUT = 12  # the largest count that a tidy prompt has as a word


class UnknownWordError(UserError):
    """Words name nothing that can be drawn.

    Attributes:
        word: the first of them.
        near: the categories that come nearest to it, perhaps none.
    """

    def __init__(self, strangers: Sequence[Stranger]) -> None:
        super().__init__(f"prompt: {'; '.join(dict.fromkeys(each.line for each in strangers))}")
        self.word, self.near = strangers[0].word, strangers[0].near


@dataclass(frozen=True)
class PromptObject:
    """So many figures of one category, of one size.

    Attributes:
        category: as the model names it.
        count: how many, at least 1.
        size: tiny, small, big, huge or giant; empty for the usual size.
    """

    category: str
    count: int = 1
    size: str = ""

    def __str__(self) -> str:
        name = self.category.removeprefix("the ")
        article = self.category.removesuffix(name).strip()
        if self.count > 1:
            amount = NUMBERS[self.count] if self.count <= WRITTEN_OUT else str(self.count)
            return _spaced(amount, self.size, plurals(name)[0])
        words = _spaced(self.size, name)
        if is_plural(name) or name in MASS_NOUNS:
            return words
        return _spaced(article or _article(words), words)


@dataclass(frozen=True)
class Placing:
    """Where something is.

    Attributes:
        place: a key of `lexicon.PLACES`, such as "under".
        landmarks: what the place is said of: one, or for "between" one or two.
    """

    place: str
    landmarks: tuple[PromptObject, ...]

    def __str__(self) -> str:
        return f"{self.place} {_joined(self.landmarks)}"


@dataclass(frozen=True)
class Clause:
    """Objects side by side, and where they all are; each placing takes in what came before it."""

    objects: tuple[PromptObject, ...]
    placings: tuple[Placing, ...] = ()

    def __str__(self) -> str:
        return _spaced(_joined(self.objects), *map(str, self.placings))


@dataclass(frozen=True)
class Prompt:
    """What is to be drawn; as a string, a tidy prompt that means the same.

    Attributes:
        clauses: what stands side by side, at least one clause.
        ignored: words that were understood and passed over, such as "red".
        left_out: a line for each word that was not understood, which says what comes nearest.
    """

    clauses: tuple[Clause, ...]
    ignored: tuple[str, ...] = field(default=(), compare=False)
    left_out: tuple[str, ...] = field(default=(), compare=False)

    @property
    def objects(self) -> tuple[PromptObject, ...]:
        """All things, in the order of the text."""
        return tuple(
            things
            for clause in self.clauses
            for group in (clause.objects, *(placing.landmarks for placing in clause.placings))
            for things in group
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self.clauses))


def parse_prompt(text: str, categories: Sequence[str], *, strict: bool = True) -> Prompt:
    """Understand a prompt in English; the name of a category is the simplest one.

    Args:
        text: what somebody wrote.
        categories: what can be drawn, at least one.
        strict: refuse a word that means nothing; without it, the word is left out with what belongs
            to it, as long as something is left to draw.

    Raises:
        UnknownWordError: a word names nothing that can be drawn.
        UserError: the words do not fit together, or there would be more than `MOST_FIGURES`; one
            line that says where and what to do.
    """
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"prompt: it has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    words = read_words(text)
    lexemes = list(read_lexemes(words, tuple(categories)))
    strangers = [lexeme for lexeme in lexemes if lexeme.kind is Kind.STRANGER]
    named = any(lexeme.kind is Kind.NAME for lexeme in lexemes)
    if strangers and (strict or not named):
        raise UnknownWordError([stranger.value for stranger in strangers])
    if not named:
        raise UserError(_nothing_named(words, tuple(categories)))
    prompt = Prompt(
        tuple(_Parser(without_strangers(lexemes) if strangers else lexemes).clauses()),
        tuple(lexeme.text for lexeme in lexemes if lexeme.kind is Kind.QUALITY),
        tuple(dict.fromkeys(stranger.value.line for stranger in strangers)),
    )
    if sum(things.count for things in prompt.objects) > MOST_FIGURES:
        raise UserError(f"prompt: it asks for more than {MOST_FIGURES} figures; ask for fewer")
    return prompt


def _nothing_named(words: Sequence[str], categories: tuple[str, ...]) -> str:
    said = " ".join(words)[:40]
    near = nearest(words[-1:], categories)
    problem = f"{said!r} names nothing to draw" if said else "it is empty"
    hint = (
        f"nearest: {', '.join(near)}"
        if near
        else f"write for example '{PromptObject(categories[0])}'"
    )
    return f"prompt: {problem}; {hint}"


_JOINS = (Kind.AND, Kind.COMMA)
_COMMA = Lexeme(Kind.COMMA, None, ",")
_OF_A_THING = (
    *(Kind.COUNT, Kind.VAGUE, Kind.TIMES, Kind.PAIR),
    *(Kind.DETERMINER, Kind.SIZE, Kind.QUALITY, Kind.FILLER),
)


class _Parser:
    """Reads clauses off lexemes, by the rules at the top of this module."""

    def __init__(self, lexemes: Iterable[Lexeme]) -> None:
        self._ahead = _essential(lexemes)[::-1]  # the next one is at the end
        self._before = ""
        self._clauses: list[Clause] = []

    def clauses(self) -> list[Clause]:
        self._clause()
        while self._ahead:
            self._part()
            self._clause()
        return self._clauses

    def _clause(self) -> None:
        """Read a clause; what is placed beside "it" goes to the clause that "it" is in."""
        if self._is(Kind.PLACE) and self._is(Kind.PRONOUN, after=1) and self._clauses:
            place: str = self._take().value
            self._refer(place, self._take().value, self._object())
            return
        things = [self._object()]
        while self._is(Kind.AND) and not self._is(Kind.PLACE, after=1):
            self._take()
            things.append(self._object())
        if self._is(Kind.PLACE) and self._is(Kind.PRONOUN, after=1):
            *before, placed = things
            self._clauses += [Clause((each,)) for each in before[:-1]]
            self._clauses += [Clause(tuple(before[-1:]))] if before else []
            place = self._take().value
            self._refer(place, self._take().value, placed)
        else:
            self._clauses.append(Clause(tuple(things)))
        self._clauses[-1] = self._with_placings(self._clauses[-1])

    def _refer(self, place: str, pronoun: str, placed: PromptObject) -> None:
        """Put things at a place beside what a pronoun stands for."""
        if not self._clauses:
            raise UserError(f"prompt: {pronoun!r} stands for nothing that was named before")
        if pronoun == "them":
            said = tuple(things for clause in self._clauses for things in clause.objects)
            if all(not clause.placings for clause in self._clauses):
                self._clauses = [Clause(said)]
        about = self._clauses.pop()
        if place == "between":
            raise UserError("prompt: 'between' needs two things; name them instead of 'them'")
        alone = len(about.objects) == 1 and not about.placings
        if place in ("on", "inside") and alone:
            self._clauses.append(Clause((placed,), (Placing(place, about.objects),)))
        else:
            beside = Placing(OPPOSITES[place], (placed,))
            self._clauses.append(Clause(about.objects, (*about.placings, beside)))

    def _with_placings(self, clause: Clause) -> Clause:
        """A clause and the placings that follow."""
        placings = list(clause.placings)
        while self._is(Kind.PLACE) or (self._is(*_JOINS) and self._is(Kind.PLACE, after=1)):
            at = 0 if self._is(Kind.PLACE) else 1
            if self._is(Kind.PRONOUN, after=at + 1):
                break
            for _ in range(at):
                self._take()
            place: str = self._take().value
            landmarks = [self._object()]
            if place == "between" and landmarks[0].count == 1:
                landmarks.append(self._other(landmarks[0]))
            placings.append(Placing(place, tuple(landmarks)))
        return Clause(clause.objects, tuple(placings))

    def _other(self, landmark: PromptObject) -> PromptObject:
        if not self._is(Kind.AND):
            raise UserError(
                f"prompt: 'between' needs two things; write for example 'between {landmark} and"
                f" {landmark}'"
            )
        self._take()
        return self._object()

    def _object(self) -> PromptObject:
        before: list[Lexeme] = []
        while self._ahead and not self._is(Kind.NAME, Kind.PLACE, *_JOINS):
            before.append(self._take())
        if not self._is(Kind.NAME):
            where = f"after {self._before!r}" if self._before else "at the beginning"
            raise UserError(f"prompt: a thing to draw is missing {where}")
        name: Name = self._take().value
        return PromptObject(name.category, _count(name, before), _size(before))

    def _part(self) -> None:
        """Pass over what stands between clauses."""
        if self._is(*_JOINS):
            self._take()
        elif self._is(Kind.NAME, Kind.SIZE):
            said = f"{self._before} {self._ahead[-1].text}"
            raise UserError(
                f"prompt: {said!r} cannot be drawn as one thing; write 'and' between two things"
            )

    def _is(self, *kinds: Kind, after: int = 0) -> bool:
        return after < len(self._ahead) and self._ahead[-1 - after].kind in kinds

    def _take(self) -> Lexeme:
        lexeme = self._ahead.pop()
        self._before = lexeme.text
        return lexeme


def without_strangers(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Without what means nothing, the amounts and sizes that are said of it, and idle places.

    A stranger directly in front of a name, as in "a zany cat", costs itself alone.
    """
    kept: list[Lexeme] = []
    for number, lexeme in enumerate(lexemes):
        if lexeme.kind is not Kind.STRANGER:
            kept.append(lexeme)
        elif not _describes(lexemes[number:]):
            while kept and kept[-1].kind in _OF_A_THING:
                kept.pop()
            if kept and kept[-1].kind is not Kind.AND:
                kept.append(_COMMA)
    return _placed_well(kept)


def _describes(following: Sequence[Lexeme]) -> bool:
    """Whether strangers stand where an adjective does: only names, sizes and looks follow."""
    rest = (lexeme.kind for lexeme in following if lexeme.kind is not Kind.STRANGER)
    return next(rest, Kind.COMMA) in (Kind.NAME, Kind.SIZE, Kind.QUALITY)


def _placed_well(lexemes: Iterable[Lexeme]) -> list[Lexeme]:
    """Without places that nothing is at, or that are beside nothing; joins stay in their stead."""
    meaningful = [lexeme for lexeme in lexemes if lexeme.kind not in (Kind.QUALITY, Kind.FILLER)]
    kept: list[Lexeme] = []
    for number, lexeme in enumerate(meaningful):
        after = meaningful[number + 1].kind if number + 1 < len(meaningful) else Kind.COMMA
        kept.append(_COMMA if lexeme.kind is Kind.PLACE and _idle(kept, after) else lexeme)
    while kept and kept[0].kind in _JOINS:
        kept.pop(0)
    while kept and kept[-1].kind in _JOINS:
        kept.pop()
    return kept


def _idle(before: Sequence[Lexeme], after: Kind) -> bool:
    """Whether a place has nothing at it, or nothing that it is beside."""
    named = sum(lexeme.kind is Kind.NAME for lexeme in before)
    if after is Kind.PRONOUN:
        return named < 2
    return not named or before[-1].kind is Kind.COMMA or after in (*_JOINS, Kind.PLACE)


def _essential(lexemes: Iterable[Lexeme]) -> list[Lexeme]:
    """Without what is passed over; of joins that meet, the first remains."""
    kept: list[Lexeme] = []
    for lexeme in lexemes:
        if _tells(lexeme, kept[-1].kind if kept else Kind.COMMA):
            kept.append(lexeme)
    return kept[:-1] if kept[-1].kind is Kind.COMMA else kept


def _tells(lexeme: Lexeme, last: Kind) -> bool:
    if lexeme.kind is Kind.PRONOUN:
        return last is Kind.PLACE  # and not in "it is a duck"
    if lexeme.kind is Kind.COMMA:
        return last in (Kind.NAME, Kind.PLACE)  # and not in "a happy, red duck"
    if lexeme.kind is Kind.AND:
        return last not in _JOINS
    return lexeme.kind not in (Kind.QUALITY, Kind.FILLER)


def _count(name: Name, before: Sequence[Lexeme]) -> int:
    said = [lexeme for lexeme in before if lexeme.kind in (Kind.COUNT, Kind.VAGUE)]
    if len(said) > 1:
        both = " and ".join(repr(lexeme.text) for lexeme in said[:2])
        raise UserError(f"prompt: {both} are said of the same things; keep one")
    times = [_factor(name, lexeme) for lexeme in before if lexeme.kind in (Kind.TIMES, Kind.PAIR)]
    unsaid = PLENTY if not name.one and not times else 1
    count = prod(times) * (_factor(name, said[0]) if said else unsaid)
    if not count:
        raise UserError(f"prompt: {said[0].text!r} of a thing is nothing to draw; leave it out")
    return count


def _factor(name: Name, amount: Lexeme) -> int:
    """The number behind an amount; a pair of scissors is one drawing, and so is some bread."""
    value: int = amount.value
    return value if name.many or amount.kind in (Kind.COUNT, Kind.TIMES) else 1


def _size(before: Iterable[Lexeme]) -> str:
    sizes = dict.fromkeys(str(lexeme.value) for lexeme in before if lexeme.kind is Kind.SIZE)
    if len(sizes) > 1:
        raise UserError(f"prompt: {' and '.join(sizes)} are said of the same things; keep one")
    return next(iter(sizes), "")


def _article(words: str) -> str:
    return "an" if re.match("[aeio]|u(?!ni)|hour", words) else "a"


def _joined(things: Iterable[PromptObject]) -> str:
    return " and ".join(map(str, things))


def _spaced(*words: str) -> str:
    return " ".join(filter(None, words))

"""What a sentence names that can be drawn: text in, `PromptObject` out.

    mentioned("Two dogs run past a man with a hat.", sketcher.categories)
    # (PromptObject("dog", 2), PromptObject("hat"))

A prompt is for drawing, so that every word of it must be understood; a sentence about something
else is not, and whatever is no name of a category is passed over. A name counts only where nouns
stand: behind an amount or an article, a preposition or the beginning; so "a man drums" draws no
drums. How many there are is said in front of the name, and by its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from multimodal.sketching.lexicon import PLENTY, PLURAL_NAMES, phrases_by_meaning, phrases_of
from multimodal.sketching.phrases import Kind, Lexeme, Name, find_lexemes, read_words
from multimodal.sketching.prompts import MOST_FIGURES, PromptObject

ACTORS = frozenset(phrases_of("actor"))
"""Who acts in a sentence, and cannot be drawn: an amount in front of them is theirs."""

UNDRAWN = frozenset(phrases_of("undrawn"))
"""Parts of whoever is there, not things of their own; and shapes: captions say "in a line"."""

PREPOSITIONS = frozenset(phrases_of("preposition"))
"""In front of a noun that has no article, as in "on grass" and "wearing sunglasses"."""

KINDS = ACTORS | frozenset(phrases_of("kind"))
"""What a name only tells the kind of: "a baseball game" shows no ball."""

MEANT = {name: category for name, (category,) in phrases_by_meaning("meant").items()}
"""Names that sentences about photos give to something else than prompts do."""

STRANGERS = 2  # words that mean nothing, as adjectives may, between an amount and its noun

_AMOUNTS = (Kind.COUNT, Kind.VAGUE, Kind.TIMES, Kind.PAIR)


@dataclass
class _Phrase:
    """What was said since the last noun.

    Attributes:
        opened: a noun may come without an article.
        joined: only a plural may.
        amounts: how many of it there are.
        determined: it is one that was spoken of, or somebody's.
        strangers: words that mean nothing here.
    """

    opened: bool = True
    joined: bool = False
    amounts: list[Lexeme] = field(default_factory=list)
    determined: bool = False
    strangers: int = 0

    def fits(self, name: Name, text: str) -> bool:
        """Whether a name that comes now stands where a noun does, and in the right form."""
        if not self.amounts and not self.determined:
            return self.opened and not self.strangers and not (self.joined and name.one)
        singular = [lexeme.value for lexeme in self.amounts] == [1]
        if singular and (not name.one or text in PLURAL_NAMES):
            return False
        return self.strangers <= STRANGERS and (name.many or singular or not self.strangers)


def mentioned(text: str, categories: Sequence[str]) -> tuple[PromptObject, ...]:
    """All that a sentence names and that can be drawn, in its order, each category once.

    "A black dog and a white dog" are two dogs; "a dog … the dog" is one. Plurals that nobody
    counted are `PLENTY`, as in a prompt, and not more are drawn of all than `MOST_FIGURES`.

    Args:
        text: a sentence in English.
        categories: what can be drawn.

    Returns:
        The things; none at all where the sentence names nothing to draw.
    """
    counts: dict[str, int] = {}
    for category, count, again in _names(text, tuple(categories)):
        if category in categories and not (again and category in counts):
            counts[category] = counts.get(category, 0) + count
    left = MOST_FIGURES
    things = []
    for category, count in counts.items():
        if 0 < count <= left:
            things.append(PromptObject(category, count))
            left -= count
    return tuple(things)


def _names(text: str, categories: tuple[str, ...]) -> Iterator[tuple[str, int, bool]]:
    """Category, count, and whether it may be one that was named before ("the", "their")."""
    if not categories:
        return
    words = read_words(text)
    lexemes = list(find_lexemes(words, categories))
    phrase, at = _Phrase(), 0
    for number, (lexeme, length) in enumerate(lexemes):
        word = words[at]
        at += length
        if lexeme is None or lexeme.kind is not Kind.NAME:
            phrase = _after(phrase, lexeme, word)
            continue
        name: Name = lexeme.value
        following = lexemes[number + 1][0] if number + 1 < len(lexemes) else None
        if following is not None and following.kind is Kind.NAME and name.one:
            continue  # "a dog house" is a house
        if at < len(words) and words[at] in KINDS:
            phrase.strangers += 1
        elif name.category not in UNDRAWN and phrase.fits(name, lexeme.text):
            named_before = phrase.determined and not phrase.amounts
            category = MEANT.get(name.category, name.category)
            yield category, _count(name, phrase.amounts), named_before
        phrase = _Phrase(opened=False)


def _after(phrase: _Phrase, lexeme: Lexeme | None, word: str) -> _Phrase:
    """The phrase with one more word, which is no name."""
    if word in ACTORS and lexeme is None:
        return _Phrase(opened=False)
    if word in PREPOSITIONS:
        return _Phrase()
    if lexeme is None:
        phrase.strangers += 1
    elif lexeme.kind is Kind.PLACE:
        return _Phrase()
    elif lexeme.kind in (Kind.AND, Kind.COMMA):
        if phrase.strangers or not (phrase.amounts or phrase.determined):
            return _Phrase(joined=True)  # and not in "two brown and white dogs"
    elif lexeme.kind in _AMOUNTS:
        if phrase.strangers or phrase.determined:
            phrase = _Phrase(opened=phrase.opened)
        phrase.amounts.append(lexeme)
    elif lexeme.kind is Kind.DETERMINER:
        return _Phrase(determined=True)
    return phrase


def _count(name: Name, amounts: Sequence[Lexeme]) -> int:
    """How many are meant."""
    said = [lexeme for lexeme in amounts if lexeme.kind in (Kind.COUNT, Kind.VAGUE)]
    times = [lexeme for lexeme in amounts if lexeme.kind in (Kind.TIMES, Kind.PAIR)]
    factor = prod(int(lexeme.value) for lexeme in times if name.many)
    if said:
        return factor * (int(said[-1].value) if name.many or not name.one else 1)
    return factor if times or name.one else PLENTY

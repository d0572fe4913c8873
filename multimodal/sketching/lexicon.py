"""The words that a prompt may hold: things, amounts, sizes, places, and what is passed over.

Only data, written by hand for the 345 categories of Quick, Draw!. A model of other categories is
served as well: its own names and their plurals are made by rule, and whatever stands here for
categories that it lacks is not used. `lexicon.tsv` holds them: a kind of phrase, what is meant, and
the phrases for it. Its kinds:

- synonym: drawn as its category without asking, so it must name (nearly) the same thing.
- related: for what no category is; never drawn, only answered with what comes nearest.
- plural, plural name: irregular plurals; and categories and synonyms with the form of a plural that
  name one drawing ("a pair of" is one too).
- mass noun: categories without an article.
- often: what people ask for most, so that it is what a misspelt word most likely means.
- vague, times, pair: amounts that nobody counted, and multipliers.
- determiner, join: the words before a name, and those between two.
- size, place: the word of a tidy prompt, and all that is said for it.
- opposite: where a landmark is, seen from what stands at a place beside it (or nearly so).
- pronoun: what stands for a thing that was named before, and for all of them.
- filler: a request's own words: nothing to draw, and nothing to say about it.
- quality: looks and poses, which a drawing of a category in plain strokes does not follow.
- actor, undrawn, preposition, kind, meant: see `mentions`.
"""

from __future__ import annotations

from collections.abc import Mapping

from multimodal.word_tables import read_table, split_list

_ROWS = read_table("sketching/lexicon.tsv")


def phrases_by_meaning(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Return the phrases of a kind for everything that they can mean."""
    rows = (cells for row_kind, *cells in _ROWS if row_kind == kind)
    return {meaning: tuple(split_list(texts)) for meaning, texts in rows}


def phrases_of(kind: str) -> tuple[str, ...]:
    """Return all phrases of a kind."""
    return tuple(text for texts in phrases_by_meaning(kind).values() for text in texts)


SYNONYMS = phrases_by_meaning("synonym")
RELATED = phrases_by_meaning("related")
OFTEN = phrases_of("often")

IRREGULAR_PLURALS = phrases_by_meaning("plural")
PLURAL_NAMES = frozenset(phrases_of("plural name"))
MASS_NOUNS = frozenset(phrases_of("mass noun"))

UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
NUMBERS = ["no", *UNITS, "ten", "eleven", "twelve", *TEENS]
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
COUNTS = {
    **{word: count for count, word in enumerate(NUMBERS)},
    **TENS,
    **{f"{ten} {unit}": TENS[ten] + count for ten in TENS for count, unit in enumerate(UNITS, 1)},
    **dict.fromkeys(["a", "an", "another", "a single", "single", "one more"], 1),
    "zero": 0,
    "both": 2,
    "half a dozen": 6,
}
PLENTY = 3  # of a plural that nobody counted
VAGUE = {int(amount): texts for amount, texts in phrases_by_meaning("vague").items()}
MULTIPLIERS = {int(factor): texts for factor, texts in phrases_by_meaning("times").items()}
PAIRS = phrases_of("pair")  # twice, but once for scissors

SIZES = phrases_by_meaning("size")
PLACES = phrases_by_meaning("place")
OPPOSITES = {place: opposite for place, (opposite,) in phrases_by_meaning("opposite").items()}
PRONOUNS = phrases_by_meaning("pronoun")

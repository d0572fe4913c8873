"""Short opinions made by rule, with the mood that each has: what review sentences seldom teach.

    short_opinions(3, seed=1)
    # [Opinion("not a good film", "negative"), Opinion("no complaints at all", "positive"), …]

`opinions.tsv` holds words with a mood (good, bad) or without one, rules, and ways to join two
opinions. A rule names slots in braces. Where a slot's words have a mood, all slots of the rule are
filled with words of the same mood; the sense of the rule says whether the whole means the same
("what a good film"), the opposite ("not a good film"), or one mood whatever fills it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from multimodal.word_tables import read_table, split_list

GOOD: Final = "positive"
BAD: Final = "negative"

_MOODS = {"good": GOOD, "bad": BAD}
_OPPOSITE = {GOOD: BAD, BAD: GOOD}
_SLOT = re.compile(r"\{(\w+)\}")
_JOINED = 0.35  # the share of opinions that are two
_CAPITAL, _STOPPED = 0.5, 0.6  # the shares that begin with a capital, and that end in . or !


class Opinion(NamedTuple):
    """A short text, and GOOD or BAD."""

    text: str
    mood: str


class Rule(NamedTuple):
    """How opinions are worded: a text with slots, and "same", "opposite", "good" or "bad"."""

    sense: str
    text: str

    def mood(self, of_words: str) -> str:
        """The mood of the whole, filled with words of a mood."""
        if self.sense in _MOODS:
            return _MOODS[self.sense]
        return of_words if self.sense == "same" else _OPPOSITE[of_words]


@dataclass(frozen=True)
class Grammar:
    """What `opinions.tsv` holds.

    Attributes:
        words: slot → mood → what may fill it; the mood "" where words have none.
        rules: of one opinion.
        joins: of two, {1} and {2}; the sense tells whose mood counts, or that both have the same.
    """

    words: Mapping[str, Mapping[str, Sequence[str]]]
    rules: Sequence[Rule] = field(default=())
    joins: Sequence[Rule] = field(default=())

    def worded(self, rule: Rule, mood: str, random: np.random.Generator) -> Opinion:
        """A rule, its slots filled at random with words of a mood.

        Args:
            rule: with slots.
            mood: of the words.
            random: draws them.
        """

        def word(slot: re.Match[str]) -> str:
            of_moods = self.words[str(slot[1])]
            fitting = of_moods.get("") or of_moods[mood]
            return fitting[int(random.integers(len(fitting)))]

        return Opinion(_SLOT.sub(word, rule.text), rule.mood(mood))

    def opinion(self, mood: str, random: np.random.Generator) -> Opinion:
        """An opinion of a mood."""
        while True:
            rule = self.rules[int(random.integers(len(self.rules)))]
            found = self.worded(rule, (GOOD, BAD)[int(random.integers(2))], random)
            if found.mood == mood:
                return found

    def joined(self, mood: str, random: np.random.Generator) -> Opinion:
        """Two opinions in one text, which has a mood."""
        rule = self.joins[int(random.integers(len(self.joins)))]
        other = mood if rule.sense == "same" else _OPPOSITE[mood]
        moods = (other, mood) if rule.sense == "last" else (mood, other)
        first, second = (self.opinion(each, random).text for each in moods)
        return Opinion(rule.text.replace("{1}", first).replace("{2}", second), mood)


@cache
def grammar() -> Grammar:
    """The words and rules that ship."""
    words: dict[str, dict[str, list[str]]] = defaultdict(dict)
    rules: dict[str, list[Rule]] = {"rule": [], "join": []}
    for kind, sense, text in read_table("recognition/texts/opinions.tsv"):
        if kind in rules:
            rule = Rule(sense, text)
            rules[kind] += [rule] * _weight(rule)
        else:
            words[kind][_MOODS.get(sense, "")] = split_list(text)
    return Grammar(words, rules["rule"], rules["join"])


def _weight(rule: Rule) -> int:
    """How often a rule comes: more often with more slots, and where it does not turn its words."""
    slots = len(_SLOT.findall(rule.text))
    return (1 + slots) * (2 if rule.sense == "same" and slots else 1)


def short_opinions(count: int, seed: int, held_out: Collection[str] = ()) -> list[Opinion]:
    """So many opinions, half of them good, no two with the same words.

    Args:
        count: how many.
        seed: the same seed gives the same opinions.
        held_out: texts that are not among them, whatever their capitals and punctuation.
    """
    random = np.random.default_rng(seed)
    said = {_plain(text) for text in held_out}
    found: list[Opinion] = []
    while len(found) < count:
        mood = (GOOD, BAD)[len(found) % 2]
        make = grammar().joined if random.random() < _JOINED else grammar().opinion
        opinion = make(mood, random)
        if _plain(opinion.text) not in said:
            said.add(_plain(opinion.text))
            found.append(opinion._replace(text=_written(opinion.text, random)))
    return found


def _written(text: str, random: np.random.Generator) -> str:
    """A text as people write it: some with a capital and a stop."""
    if random.random() < _CAPITAL:
        text = text[:1].upper() + text[1:]
    return text + ".!"[int(random.integers(2))] if random.random() < _STOPPED else text


def _plain(text: str) -> str:
    return " ".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    """The words of a text without what capitals, stops and the cut of "isn't" add."""
    return iter(re.findall(r"\w+", text.lower().replace(" n't", "n't").replace("'", "")))

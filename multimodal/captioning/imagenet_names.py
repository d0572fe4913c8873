"""What people call the objects of ImageNet's 1,000 classes, in groups of one kind.

`imagenet_names.tsv` holds a thing a row: its group, its classes (numbered from 1, in ImageNet's
order), its everyday name with the plural after a slash where it is not regular ("-" for a form
that is not used), other words for it (a sentence with one of these needs nothing more), and whether
it may be brought into a sentence. What may not is worn, part of the scene or of something larger,
or mistaken too often to be worth the risk.

`imagenet_groups.tsv` holds a group a row: see `Group`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from multimodal.word_tables import read_table, split_list

_SIBILANT = re.compile(r"(s|x|z|ch|sh)$")
_CONSONANT_Y = re.compile(r"[^aeiou]y$")


class Forms(NamedTuple):
    """A name for one thing and for several; None where that is not said."""

    one: str | None
    several: str | None

    @classmethod
    @cache
    def parse(cls, text: str) -> Forms:
        """Read "dog", "wolf/wolves", or "-/binoculars"."""
        one, slash, several = text.partition("/")
        if not slash:
            return cls(one, plural(one))
        return cls(*(None if form == "-" else form for form in (one, several)))

    @property
    def name(self) -> str:
        """What it is listed as: the name for one, or else for several."""
        return next(self.spellings())

    def spellings(self) -> Iterator[str]:
        """Those that there are."""
        return (form for form in self if form is not None)


class Group(NamedTuple):
    """Things of one kind.

    Attributes:
        title: what they have in common.
        donors: common words of this kind, the most fitting first; a name that a captioner has never
            read borrows from the first of them that it knows.
        general: words that stand for any thing of the group.
        kinds: what every thing of the group is, from the special to the general.
        never_after: prepositions that a sentence cannot mean: nobody plays in a cat.
        high_recall: whether the classifier hardly ever overlooks such a thing; where it sees
            none, the donors and the general words of the group are refuted. (Among 4,000 photos of
            Flickr8k it would refute 16 of 1,002 dogs, 2 of 126 bikes and 2 of 56 cars.)
    """

    title: str
    donors: tuple[Forms, ...]
    general: tuple[Forms, ...]
    kinds: tuple[Forms, ...]
    never_after: frozenset[str]
    high_recall: bool


@dataclass(frozen=True)
class ImageNetObject:
    """One thing that ImageNet's classes tell apart from others by its everyday name.

    Attributes:
        name: the name under which it is listed.
        forms: the name for one and for several.
        others: further words for it, synonyms and more general ones.
        donors: common words of the same kind, the most fitting first.
        kinds: what it is, from the special to the general.
        numbers: its classes, from 1 to 1,000.
        may_be_named: whether it may be brought into a sentence.
        never_after: prepositions that its name cannot follow.
    """

    name: str
    forms: Forms
    others: tuple[Forms, ...]
    donors: tuple[Forms, ...]
    kinds: tuple[Forms, ...]
    numbers: tuple[int, ...]
    may_be_named: bool
    never_after: frozenset[str] = frozenset()

    def all_forms(self) -> frozenset[str]:
        """Every form of every word for it."""
        return frozenset(form for forms in (self.forms, *self.others) for form in forms.spellings())

    def is_mentioned(self, words: Sequence[str]) -> bool:
        """Whether a sentence has any word for it."""
        return any(mentions(words, form) for form in self.all_forms())

    def is_misplaced(self, words: Sequence[str]) -> bool:
        """Whether its name makes no sense where it stands ("playing in a red cat"), or recurs."""
        sentence = " ".join(words)
        forms = "|".join(map(re.escape, self.forms.spellings()))
        if len(re.findall(rf"\b({forms})\b", sentence)) > 1:
            return True
        before = "|".join(self.never_after) or "(?!)"
        return bool(re.search(rf"\b({before}) ((a|an|the|his|her) (\S+ )?)?({forms})\b", sentence))


@cache
def groups() -> Mapping[str, Group]:
    """Return all groups by title."""
    rows = read_table("captioning/imagenet_groups.tsv")
    return {title: _group(title, *cells) for title, *cells in rows}


@cache
def imagenet_objects() -> Mapping[str, ImageNetObject]:
    """Everything that the 1,000 classes tell apart, by name."""
    every = (_thing(*row) for row in read_table("captioning/imagenet_names.tsv"))
    return {thing.name: thing for thing in every}


@cache
def refutable_words() -> tuple[str, ...]:
    """Return the words for things that the classifier hardly ever overlooks."""
    common = (g.donors + g.general for g in groups().values() if g.high_recall)
    return tuple(
        dict.fromkeys(form for some in common for forms in some for form in forms.spellings())
    )


def mentions(words: Sequence[str], phrase: str) -> bool:
    """Whether the words of a phrase stand side by side in a sentence."""
    return f" {phrase} " in f" {' '.join(words)} "


def plural(name: str) -> str:
    """The regular plural of a name."""
    if _SIBILANT.search(name):
        return f"{name}es"
    return f"{name[:-1]}ies" if _CONSONANT_Y.search(name) else f"{name}s"


def _group(
    title: str, donors: str, general: str, kinds: str, never_after: str, high_recall: str
) -> Group:
    return Group(
        title,
        _forms(donors),
        _forms(general),
        _forms(kinds),
        frozenset(never_after.split()),
        high_recall == "yes",
    )


def _thing(title: str, classes: str, name: str, synonyms: str, may_be_named: str) -> ImageNetObject:
    group, forms = groups()[title], Forms.parse(name)
    return ImageNetObject(
        name=forms.name,
        forms=forms,
        others=_forms(synonyms) + group.general,
        donors=group.donors,
        kinds=group.kinds,
        numbers=tuple(_numbers(classes)),
        may_be_named=may_be_named == "yes",
        never_after=group.never_after,
    )


def _forms(texts: str) -> tuple[Forms, ...]:
    return tuple(map(Forms.parse, split_list(texts)))


def _numbers(text: str) -> Iterator[int]:
    for part in split_list(text):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)

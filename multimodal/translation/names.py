"""Names that a translator hardly knows: put into its sentences by a word that it knows well.

A captioner says what its classifier sees, a lion or strawberries; a translator that learnt from
captions has read of none, and writes the nearest thing that it has. So a name is substituted: in
the source it gives way to a common word of the same kind whose translation has the gender of the
name's, and the search is constrained to write that translation (Anderson et al. 2017), with the
articles and endings that go with it. Then the name takes its place, in the same number and case.

`names.tsv` is the closed list: what can be said, in English, German and French, with gender,
plural, and the form of German nouns that have another one when they are no subject; and how often
Multi30k's training captions say it with this translation. (A name that they say often and nearly
always mean otherwise, such as a pitcher of baseball, counts as learnt, as they mean it.)
`donors.tsv` holds the words that stand in for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from multimodal.word_tables import read_table, split_list

SOURCE = "en"
"""The language that names are said in."""

LANGUAGES = ("de", "fr")
"""Those that names are said in as well."""

RARE = 32
"""A name that Multi30k's training captions translate less often is not taken for learnt."""

Gender: TypeAlias = Literal["m", "f", "n"]


class Noun(NamedTuple):
    """A name in a language.

    Attributes:
        gender: m, f or n.
        one: as a subject.
        oblique: otherwise.
        several: the plural; empty where there is none.
    """

    gender: Gender
    one: str
    oblique: str
    several: str


class Name(NamedTuple):
    """A thing that can be said: its English forms, its kind, and by language its noun and count."""

    one: str
    several: str
    kind: str
    nouns: Mapping[str, Noun]
    seen: Mapping[str, int]

    def is_learnt(self, language: str) -> bool:
        """Whether the translator says it without help."""
        return self.seen[language] >= RARE


class Donor(NamedTuple):
    """A common English word, and the forms of its translation that a search may write."""

    english: str
    forms: tuple[str, ...]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[\w'-]+|[^\w\s]")
_DETERMINERS = _words(
    """
    a an the one his her its their my your our this that each every another
    """
)
_FOLLOWERS = _words(
    """
    is are was were has have and or with without in on at by near next to of from for over
    under above below behind beside between through into onto across along around against as
    while that which who , . ; : ! ?
    """
)
_ACTIONS = _words(
    """
    walk run sit stand play lie look swim eat fly jump rest sleep wait hang can will do
    """
)
_NOT_NOMINATIVE = _words(
    """
    den dem des einen einem eines keinen keinem seinen seinem seines ihren ihrem ihres diesen
    diesem dieses jeden jedem meinen meinem im am vom zum beim ins ans
    """
)
_REACH = 5  # words in front of a noun among which its article is looked for


@dataclass(frozen=True)
class Substitution:
    """A name in a sentence that a common word stands for.

    Attributes:
        noun: what it is called in the language to write.
        said: the name as the sentence has it.
        donor: the common word.
        plural: whether several are meant.
    """

    noun: Noun
    said: str
    donor: Donor
    plural: bool

    def written(self, form: str, before: Sequence[str]) -> str:
        """The noun for a form of the donor, behind some words of the sentence."""
        if self.plural:
            is_dative = form == self.donor.forms[-1] and len(self.donor.forms) > 1
            ends = self.noun.several.endswith(("n", "s"))
            return f"{self.noun.several}n" if is_dative and not ends else self.noun.several
        if form != self.donor.forms[0] and self.noun.oblique == self.noun.one:
            return _genitive(self.noun)
        near = {word.lower() for word in before[-_REACH:]}
        return self.noun.oblique if near & _NOT_NOMINATIVE else self.noun.one


@dataclass(frozen=True)
class SubstitutedSentence:
    """A sentence that says common words in the place of names.

    Attributes:
        text: the sentence.
        language: to be written.
        substitutions: at least one.
    """

    text: str
    language: str
    substitutions: tuple[Substitution, ...]

    def requirements(
        self, encode: Callable[[str], Sequence[int]], written: Collection[int]
    ) -> list[list[tuple[int, ...]]]:
        """For each loan, the phrases of which a translation has to contain one.

        Args:
            encode: a word → ids.
            written: the ids that may be written; without one of its ids, a phrase is left out.
        """
        phrases = [
            [tuple(encode(form)) for form in substitution.donor.forms]
            for substitution in self.substitutions
        ]
        return [[ids for ids in some if set(ids) <= set(written)] for some in phrases]

    def returned(self, text: str) -> str | None:
        """A translation with the names in their places; None where one has no place."""
        for substitution in self.substitutions:
            pattern = re.compile(rf"\b({'|'.join(map(re.escape, substitution.donor.forms))})\b")
            found = list(pattern.finditer(text))
            for match in reversed(found):
                before = _WORD.findall(text[: match.start()])
                noun = substitution.written(match[1], before)
                text = text[: match.start()] + noun + text[match.end() :]
            if not found:
                return None
            if self.language == "fr":
                text = _elided(text, substitution.noun)
        return text

    def renamed(self, words: Sequence[str]) -> tuple[str, ...]:
        """Words of the translation, the names in the place of their donors."""
        told = list(words)
        for place, word in enumerate(told):
            for substitution in self.substitutions:
                if word in substitution.donor.forms:
                    told[place] = substitution.written(word, told[:place])
                    if self.language == "fr" and place:
                        pair = _elided(f"{told[place - 1]} {told[place]}", substitution.noun)
                        told[place - 1] = pair.removesuffix(told[place]).rstrip()
        return tuple(told)

    def restored(self, words: Sequence[str]) -> tuple[str, ...]:
        """Words of `text`, as the sentence said them."""
        said = {
            substitution.donor.english: substitution.said for substitution in self.substitutions
        }
        return tuple(said.get(word.lower(), word) for word in words)


@cache
def names() -> tuple[Name, ...]:
    """The closed list."""
    return tuple(_name(*row) for row in read_table("translation/names.tsv"))


@cache
def donors() -> Mapping[tuple[str, str, str, Gender], tuple[Donor, ...]]:
    """Return the words that stand in for names, by language, number ("one"), kind and gender."""
    found: dict[tuple[str, str, str, Gender], tuple[Donor, ...]] = {}
    for language, number, kind, gender, english, forms in read_table("translation/donors.tsv"):
        key = (language, number, kind, _gender(gender))
        found[key] = (*found.get(key, ()), Donor(english, tuple(split_list(forms))))
    return found


def substitute_names(text: str, language: str) -> SubstitutedSentence | None:
    """A sentence in English with common words for the names that are hardly ever translated.

    Args:
        text: a sentence in English.
        language: to be written.

    Returns:
        None where there is no such name, or where no word can stand in for it.
    """
    if language not in LANGUAGES:
        return None
    substitutions: list[Substitution] = []
    taken = set(_WORD.findall(text.lower()))
    for said, name in _said(text, language):
        noun = name.nouns[language]
        plural = said == name.several and (said != name.one or not _is_one(text, said))
        known = donors()[language, "several" if plural else "one", name.kind, noun.gender]
        donor = next((each for each in known if each.english not in taken), None)
        if donor is None or (plural and not noun.several):
            continue
        text = _in_place(text, said, donor.english)
        taken.add(donor.english)
        substitutions.append(Substitution(noun, said, donor, plural))
    return SubstitutedSentence(text, language, tuple(substitutions)) if substitutions else None


def _name(*cells: str) -> Name:
    kind, de_seen, fr_seen, one, several, *nouns = cells
    de_gender, de, de_oblique, de_plural, fr_gender, fr, fr_plural = nouns
    german = Noun(_gender(de_gender), de, de_oblique, de_plural)
    french = Noun(_gender(fr_gender), fr, fr, fr_plural)
    seen = {"de": int(de_seen), "fr": int(fr_seen)}
    return Name(one, several, kind, {"de": german, "fr": french}, seen)


def _gender(cell: str) -> Gender:
    genders: dict[str, Gender] = {"m": "m", "f": "f", "n": "n"}
    return genders[cell]


@cache
def _rare(language: str) -> tuple[re.Pattern[str], Mapping[str, Name]]:
    """What finds a name that is not learnt, the longest first, and the names by their forms."""
    rare = [name for name in names() if not name.is_learnt(language)]
    forms = {form: name for name in rare for form in (name.several, name.one) if form}
    pattern = "|".join(sorted(map(re.escape, forms), key=len, reverse=True))
    return re.compile(rf"(?<![\w'-])({pattern})(?![\w'-])", re.IGNORECASE), forms


def _said(text: str, language: str) -> Iterator[tuple[str, Name]]:
    """The names in a sentence that stand where nouns do."""
    pattern, forms = _rare(language)
    for match in pattern.finditer(text):
        said = match[1].lower()
        name = forms[said]
        after = _WORD.match(text[match.end() :].lstrip())
        before = [word.lower() for word in _WORD.findall(text[: match.start()])]
        follows = after is None or after[0].lower() in _FOLLOWERS or _acts(after[0].lower())
        if follows and (said == name.several or not name.several or _has_article(before)):
            yield said, name


def _has_article(before: Sequence[str]) -> bool:
    """Whether words in front of a noun are its article and what describes it."""
    for place, word in enumerate(reversed(before[-_REACH:])):
        if word in _DETERMINERS or word.isdecimal():
            return True
        first = place + 1 < len(before) and before[-place - 2] in _DETERMINERS
        if (word in _FOLLOWERS and word != "and") or (_acts(word) and not first):
            return False
    return False


def _acts(word: str) -> bool:
    """Whether a word behind a noun is what it does, not a noun that it describes."""
    return word in _ACTIONS or re.search("(ing|ed|[^s]s)$", word) is not None


def _is_one(text: str, said: str) -> bool:
    """Whether a name that is alike in the plural is one: "the goldfish", not "two goldfish"."""
    return bool(_DETERMINERS & {*_WORD.findall(text.lower().partition(said)[0])[-_REACH:]})


def _in_place(text: str, said: str, word: str) -> str:
    """A sentence with a word in the place of a name; no donor begins with a vowel."""
    pattern = rf"(?<![\w'-])(?:(an?)(\s+))?{re.escape(said)}(?![\w'-])"

    def put(match: re.Match[str]) -> str:
        return f"{match[1][0]}{match[2]}{word}" if match[1] else word

    return re.sub(pattern, put, text, flags=re.IGNORECASE)


def _genitive(noun: Noun) -> str:
    if noun.gender == "f":
        return noun.one
    return f"{noun.one}es" if noun.one.endswith(("s", "ß", "x", "z", "sch")) else f"{noun.one}s"


# ---- French: a vowel behind an article ----

_ELIDED = {
    "le": "l'",
    "la": "l'",
    "de": "d'",
    "du": "de l'",
    "au": "à l'",
    "que": "qu'",
    "ce": "cet ",
    "ma": "mon ",
    "ta": "ton ",
    "sa": "son ",
    "beau": "bel ",
    "nouveau": "nouvel ",
    "vieux": "vieil ",
}
_MUTE = ("haltère", "harmonica", "hippopotame", "horloge", "hyène")


def _elided(text: str, noun: Noun) -> str:
    """A sentence in French whose articles suit a noun that begins with a vowel."""
    if not re.match("[aeiouâàéèêîïôûœ]", noun.one.lower()) and not noun.one.startswith(_MUTE):
        return text
    forms = "|".join(re.escape(form) for form in (noun.several, noun.one) if form)

    def elide(match: re.Match[str]) -> str:
        short = _ELIDED[match[1].lower()]
        return (short.capitalize() if match[1][0].isupper() else short) + match[2]

    return re.sub(rf"\b({'|'.join(_ELIDED)})\s+({forms})\b", elide, text, flags=re.IGNORECASE)

"""CHAIR: how often captions name objects that are not in the photo (Rohrbach et al. 2018).

Object Hallucination in Image Captioning defines two shares over a set of captions: CHAIRi, of the
objects that are named those that are not there, and CHAIRs, of the captions those that name one or
more such objects. What counts as an object are COCO's 80 categories; the words for each are in
``coco_objects.tsv``, which is ours: the paper's own list of synonyms differs in places.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from multimodal.captioning.imagenet_names import Forms
from multimodal.captioning.tokenizer import tokenize
from multimodal.errors import UserError
from multimodal.word_tables import read_table, split_list

_Phrase = tuple[str, ...]


@dataclass(frozen=True)
class ChairScores:
    """CHAIR of a set of captions.

    Attributes:
        instances: CHAIRi, the share of named objects that are not there; 0 where none is named.
        sentences: CHAIRs, the share of captions that name an object that is not there.
        per_photo: for every photo the objects that its caption names and that are not there.
    """

    instances: float
    sentences: float
    per_photo: Mapping[str, tuple[str, ...]]


def hallucination_scores(
    captions: Mapping[str, str], objects: Mapping[str, Iterable[str]]
) -> ChairScores:
    """Measure CHAIRi and CHAIRs.

    Args:
        captions: a raw sentence per photo.
        objects: the COCO categories in each of these photos.

    Raises:
        UserError: there are no captions, a photo has no list of objects, or a category is none of
            COCO's.
    """
    if not captions:
        raise UserError("no captions: CHAIR can't be measured without any")
    named = {photo: named_objects(tokenize(text)) for photo, text in captions.items()}
    there = {photo: _known(photo, objects) for photo in captions}
    false = {p: tuple(o for o in named[p] if o not in there[p]) for p in captions}
    total = sum(map(len, named.values()))
    return ChairScores(
        instances=sum(map(len, false.values())) / max(1, total),
        sentences=sum(map(bool, false.values())) / len(captions),
        per_photo=MappingProxyType(false),
    )


class FalseObjects:
    """How many objects a sentence names that no reference caption of its photo names.

    For training, where nobody has listed what is in the photos.

    Args:
        words: the vocabulary.
        references: the captions of every photo, as ids.
    """

    def __init__(self, words: Sequence[str], references: Sequence[Sequence[Sequence[int]]]) -> None:
        self._words = words
        self._there = [
            {name for caption in captions for name in self._named(caption)}
            for captions in references
        ]

    def count(self, photo: int, sentence: Sequence[int]) -> int:
        """Count those of a sentence, given as ids, about a photo by number."""
        return sum(name not in self._there[photo] for name in self._named(sentence))

    def _named(self, ids: Sequence[int]) -> tuple[str, ...]:
        return named_objects([self._words[number] for number in ids])


def read_objects(file: Path) -> dict[str, list[str]]:
    """The COCO objects in photos, by file name, from a JSON file.

    Raises:
        UserError: it cannot be read, maps no names to lists, or a name is none of COCO's.
    """
    try:
        listed = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{file}: not a JSON file") from error
    if not isinstance(listed, dict) or not all(isinstance(n, list) for n in listed.values()):
        raise UserError(f'{file}: must map file names to lists of objects, {{"1.jpg": ["dog"]}}')
    for name, objects in listed.items():
        if unknown := sorted(set(map(str, objects)) - categories()):
            raise UserError(f"{file}: {name}: {unknown[0]!r} is none of COCO's 80 objects")
    return listed


def objects_in(captions: Iterable[str]) -> set[str]:
    """The COCO categories that any of some captions names."""
    return {name for caption in captions for name in named_objects(tokenize(caption))}


def named_objects(words: Sequence[str]) -> tuple[str, ...]:
    """The COCO categories that the words of a caption name, each as often as it is named.

    The longest phrase wins at every place: "hot dog" is no dog.
    """
    phrases, longest = _phrases()
    found: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(longest, len(words) - place), 0, -1):
            phrase = tuple(words[place : place + length])
            if phrase in phrases:
                found += filter(None, [phrases[phrase]])
                place += length
                break
        else:
            place += 1
    return tuple(found)


def _known(photo: str, objects: Mapping[str, Iterable[str]]) -> set[str]:
    if photo not in objects:
        raise UserError(f"{photo}: not among the photos whose objects are given")
    names = set(objects[photo])
    if unknown := sorted(names - categories()):
        raise UserError(f"{photo}: {unknown[0]!r} is none of COCO's 80 categories of objects")
    return names


@cache
def categories() -> frozenset[str]:
    """The names of COCO's 80 categories."""
    return frozenset(category for category in _phrases()[0].values() if category)


@cache
def _phrases() -> tuple[Mapping[_Phrase, str], int]:
    """The category of every phrase ("" for none of them), and the length of the longest phrase."""
    found: dict[_Phrase, str] = {}
    for category, names in read_table("captioning/coco_objects.tsv"):
        for name in split_list(names):
            inside = name.strip("()")
            for form in Forms.parse(inside).spellings():
                phrase = tuple(form.split())
                if name.startswith("("):
                    found.setdefault(phrase, "")
                else:
                    found[phrase] = category
    return MappingProxyType(found), max(map(len, found))

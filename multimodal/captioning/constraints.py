"""Lexical constraints: words that a caption must mention, even words that were never learnt.

A word outside the vocabulary copies all that the captioner knows of a word of the same kind. It is
read like its donor and as likely as its donor, whose place it takes; nothing is learnt, and nothing
changes in the checkpoint. A name copies every donor that is known, each under an id of its own, and
the search finds the one in whose place it fits best: a lion that was taken for a dog runs like a
dog. Every photo has its own ids; they follow those of the vocabulary. (Anderson et al. 2017 give a
detector's words the weights of similar ones.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal.captioning.imagenet_names import Forms, ImageNetObject, imagenet_objects
from multimodal.captioning.model import Decoder, DecoderMemory, DecoderState
from multimodal.captioning.vocabulary import CaptionVocabulary, shown
from multimodal.errors import UserError
from multimodal.recurrent.generation import Requirement, Step
from multimodal.vocabulary import UNKNOWN


class CopiedWord(NamedTuple):
    """A word, or several that are written as one, and the id of its donor."""

    word: str
    donor: int


class LexicalConstraint(NamedTuple):
    """What the sentence about one photo has to mention.

    Attributes:
        requirements: sets of phrases, as ids.
        copied: what the ids after the vocabulary's stand for.
        banned: ids that must not be written.
    """

    requirements: tuple[Requirement, ...] = ()
    copied: tuple[CopiedWord, ...] = ()
    banned: tuple[int, ...] = ()

    def with_one_of(
        self, known: Iterable[Sequence[int]], copied: Sequence[CopiedWord], vocabulary_size: int
    ) -> LexicalConstraint:
        """The same, and one of some phrases of the vocabulary or some copied words.

        Args:
            known: phrases of the vocabulary, as ids.
            copied: copied words.
            vocabulary_size: V.
        """
        first = vocabulary_size + len(self.copied)
        phrases = (*map(tuple, known), *((first + n,) for n in range(len(copied))))
        return LexicalConstraint(
            (*self.requirements, phrases), (*self.copied, *copied), self.banned
        )

    def without(self, words: Iterable[str], vocabulary: CaptionVocabulary) -> LexicalConstraint:
        """The same, and none of some words."""
        known = vocabulary.encode(sorted(word for word in words if word in vocabulary))
        return self._replace(banned=(*self.banned, *known))

    def words(self, ids: Iterable[int], vocabulary: CaptionVocabulary) -> list[str]:
        """The words of ids."""
        extended = (*vocabulary.words, *(word for word, _ in self.copied))
        return [extended[number] for number in ids]

    def beginnings(self, vocabulary: CaptionVocabulary) -> frozenset[str]:
        """The words that the required phrases begin with."""
        first = (phrase[0] for phrases in self.requirements for phrase in phrases)
        return frozenset(self.words(first, vocabulary))


def constraint_to_mention(
    sets: Iterable[Sequence[str]], vocabulary: CaptionVocabulary
) -> LexicalConstraint:
    """Return the constraint for one word or phrase of each of several sets.

    Raises:
        UserError: the captioner does not know a word, and it is not the name of a thing either.
    """
    constraint = LexicalConstraint()
    for alternatives in sets:
        known: list[list[int]] = []
        copied: list[CopiedWord] = []
        for phrase in alternatives:
            words = vocabulary.tokenize(phrase)
            ids = vocabulary.encode(words)
            if ids and UNKNOWN not in ids:
                known.append(ids)
            else:
                copied += _copied_words(" ".join(shown(words)), vocabulary)
        constraint = constraint.with_one_of(known, copied, len(vocabulary))
    return constraint


def constraint_to_name(
    thing: ImageNetObject, constraint: LexicalConstraint, vocabulary: CaptionVocabulary
) -> LexicalConstraint | None:
    """Add the name of a thing to a constraint; None where no word of its kind is known either.

    The name copies even if it is known: where a donor stands in a sentence, that may well be what
    the thing was taken for.

    Args:
        thing: what is named.
        constraint: what is required already.
        vocabulary: the words of the captioner.
    """
    spelled = (vocabulary.encode(vocabulary.tokenize(form)) for form in thing.forms.spellings())
    known = [ids for ids in spelled if UNKNOWN not in ids]
    copied = [
        CopiedWord(form, donor)
        for form, number in _numbered(thing.forms)
        for donor in _donors(thing, number, vocabulary)
        if [donor] not in known
    ]
    if not known and not copied:
        return None
    return constraint.with_one_of(known, copied, len(vocabulary))


def _copied_words(word: str, vocabulary: CaptionVocabulary) -> list[CopiedWord]:
    thing, number = _by_form().get(word, (None, 0))
    donors = _donors(thing, number, vocabulary) if thing else []
    if not donors:
        raise UserError(f"must_mention: {word!r} is no word that this captioner knows")
    return [CopiedWord(word, donor) for donor in donors]


def _donors(thing: ImageNetObject, number: int, vocabulary: CaptionVocabulary) -> list[int]:
    """The ids of all known donors, in their forms for one (0) or for several (1)."""
    forms = dict.fromkeys(donor[number] for donor in thing.donors)
    return vocabulary.encode(form for form in forms if form is not None and form in vocabulary)


@cache
def _by_form() -> dict[str, tuple[ImageNetObject, int]]:
    """Every word for a thing, for one (0) and for several (1); its own name goes before others."""
    found: dict[str, tuple[ImageNetObject, int]] = {}
    names = [(thing, thing.forms) for thing in imagenet_objects().values()]
    others = [(thing, forms) for thing in imagenet_objects().values() for forms in thing.others]
    for thing, forms in (*names, *others):
        for form, number in _numbered(forms):
            found.setdefault(form, (thing, number))
    return found


def _numbered(forms: Forms) -> list[tuple[str, int]]:
    """The forms that there are: the one for one with 0, the one for several with 1."""
    return [(form, number) for number, form in enumerate(forms) if form is not None]


class CopyVocabulary(NamedTuple):
    """What a decoder with copied words reads besides the photos.

    Attributes:
        memory: what is seen of the photos.
        donors: (B, W) the donor of each copied word.
        given: (B, W) whether there is such a word.
        moved: (B, W) whether it takes the donor's place: not where the donor is required itself.
    """

    memory: DecoderMemory
    donors: Tensor
    given: Tensor
    moved: Tensor

    @classmethod
    def collect(
        cls, memory: DecoderMemory, constraints: Sequence[LexicalConstraint]
    ) -> CopyVocabulary:
        """Stack the copied words of all photos."""
        width = max(1, *(len(constraint.copied) for constraint in constraints))
        shape = (len(constraints), width)
        donors = torch.zeros(shape, dtype=torch.int64)
        given, moved = torch.zeros(2, *shape, dtype=torch.bool)
        for row, constraint in enumerate(constraints):
            required = {
                t for phrases in constraint.requirements for phrase in phrases for t in phrase
            }
            for place, (_, donor) in enumerate(constraint.copied):
                donors[row, place] = donor
                given[row, place] = True
                moved[row, place] = donor not in required
        device = memory.image.device
        return cls(memory, donors.to(device), given.to(device), moved.to(device))


def with_copied_words(decoder: Decoder) -> Step[DecoderState, CopyVocabulary]:
    """Extend a decoder's step to copied words: logits (B, K, V + W)."""
    size = decoder.embedding.num_embeddings

    def step(
        words: Tensor, state: DecoderState, copies: CopyVocabulary
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        own = copies.donors.gather(1, (words - size).clamp(min=0))  # (B, K)
        logits, state, attention = decoder.step(
            words.where(words < size, own), state, copies.memory
        )
        donors, given, moved = (
            leaf[:, None].expand(-1, words.shape[1], -1)
            for leaf in (copies.donors, copies.given, copies.moved)
        )  # (B, K, W)
        of_donors = logits.gather(-1, donors)
        logits = logits.scatter(-1, donors, of_donors.masked_fill(moved, -torch.inf))
        copied = of_donors.masked_fill(~given, -torch.inf)
        return torch.cat((logits, copied), -1), state, attention

    return step

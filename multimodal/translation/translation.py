"""Sentences that are read, and translations as they are told: all that needs no network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.subwords import Subwords
from multimodal.translation.copying import Alignment, keep_unknown, replace_invented
from multimodal.translation.languages import Language
from multimodal.translation.sentences import SurfaceForm, encode_sentences, words_of

CONSIDERED, CLOSE = 3, 0.15
"""Up to so many of a search, whose scores are so close to the best one's, are read back before one
is taken. On validation, out of English, that gives 0.1 to 0.2 BLEU less than all of five, for half
of the work."""
BUCKET = 8  # subwords; sentences are translated beside others of about the same length


@dataclass(frozen=True)
class Translation:
    """A sentence in another language.

    Attributes:
        source: the sentence as it was given.
        text: its translation; empty where the source is empty or there is an error.
        score: the log-probability of the whole sentence in nats over its length in subwords to the
            power of `length_penalty`; the nearer to 0, the surer. Translations are ranked by it,
            but for the first few of nearly the same score: see `Translator`, `channel_weight`.
        language: of the translation.
        source_language: as it was told, or as its words are known; empty where none is.
        source_words, words: both sentences without their full stops, cut at spaces and
            punctuation.
        alignment: (words, source words), the share of its attention that every word gave to every
            word of the source; what is missing to 1 went to the end of the sentence.
        unknown: words of the source that were never seen in training. Those that are spelled out
            rather than put together stand in the translation as they are; see
            `multimodal.translation.copying`.
        alternatives: the other translations of the n best, best first.
        error: why there is no translation, in one line; None when all went well.
        perplexity: of the source, a word, among the sentences that were learnt from; 0 where nobody
            knows.
        unusual: whether the source is unlike those sentences, so that the translation is hardly
            worth anything; see `multimodal.translation.domain`. Words that were made up for it give
            way to the source's.
    """

    source: str
    text: str
    score: float
    language: str
    source_language: str = ""
    source_words: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    alignment: npt.NDArray[np.float32] | None = None
    unknown: tuple[str, ...] = ()
    alternatives: tuple[Translation, ...] = ()
    error: str | None = None
    perplexity: float = 0.0
    unusual: bool = False


@dataclass(frozen=True)
class ReadSentence:
    """A sentence that is ready to be read.

    Attributes:
        text: as it was given.
        ids: its subwords.
        language: its code; empty where nobody knows.
        unknown: its words that were never seen.
    """

    text: str
    ids: list[int]
    language: str
    unknown: tuple[str, ...]

    @property
    def bucket(self) -> int:
        """About how long it is: the least multiple of BUCKET that is no less."""
        return -(-len(self.ids) // BUCKET) * BUCKET


def language_of(text: str, languages: Mapping[str, Language], but: str = "") -> str:
    """The language that knows most of a text's words; empty where none knows any.

    Args:
        text: any text.
        languages: by their codes.
        but: a language that it is not in.
    """
    words = words_of(text)
    counts = {
        code: sum(word in language.words for word in words)
        for code, language in languages.items()
        if code != but
    }
    best = max(counts, key=lambda code: counts[code], default="")
    return best if best and counts[best] else ""


def resolve_languages(
    languages: Mapping[str, Language], to: str, source: str | None
) -> tuple[str, str | None]:
    """Return the codes of two languages, which may be given in capitals ("DE").

    Args:
        languages: those that are known.
        to: the language to write.
        source: the language to read, if it is told.

    Raises:
        UserError: one is unknown, or both are the same.
    """
    codes = {code.lower(): code for code in languages}
    for name in (to, *([] if source is None else [source])):
        if name.lower() not in codes:
            known = ", ".join(languages)
            raise UserError(f"language {name!r} is unknown to this translator; it knows {known}")
    to, source = codes[to.lower()], None if source is None else codes[source.lower()]
    if to == source:
        raise UserError(f"from {source!r} to {to!r}: name two different languages")
    return to, source


def prepared(
    texts: Sequence[str],
    vocabulary: Subwords,
    languages: Mapping[str, Language],
    to: str,
    source: str | None,
) -> list[ReadSentence]:
    """Sentences as they are read; the language of each is told by its words unless given.

    Args:
        texts: the sentences.
        vocabulary: of subwords.
        languages: those that are known.
        to: the language to write.
        source: the language to read; None to be told by its words.
    """
    ids = encode_sentences(texts, vocabulary)
    sentences = []
    for text, of_text in zip(texts, ids, strict=True):
        language = language_of(text, languages, but=to) if source is None else source
        known = languages.get(language, Language()).words
        unknown = dict.fromkeys(word for word in words_of(text) if word not in known)
        sentences.append(ReadSentence(text, of_text, language, tuple(unknown)))
    return sentences


def told(
    sentence: ReadSentence,
    tokens: Sequence[int],
    score: float,
    attention: npt.NDArray[np.float32] | None,
    to: str,
    vocabulary: Subwords,
    known: Collection[str] | None = None,
) -> Translation:
    """A translation as people read it.

    Args:
        sentence: what was read.
        tokens: what was written, without its end.
        score: of it.
        attention: (tokens, subwords of the sentence and more) or None where nothing was written.
        to: the language that was written.
        vocabulary: of both.
        known: where a sentence is unusual, the words that may stand in its translation; see
            `multimodal.translation.copying.replace_invented`.
    """
    source_words, owners = vocabulary.words(sentence.ids)
    words, writers = vocabulary.words(tokens)
    nothing = np.zeros((0, len(owners)), np.float32)
    weights = nothing if attention is None else attention[:, : len(owners)]
    aligned = Alignment(
        source_words,
        words,
        _by_word(weights, owners, len(source_words), writers, len(words)),
        vocabulary.decode(tokens),
    )
    aligned = keep_unknown(aligned, sentence.unknown, vocabulary)
    if known is not None:
        aligned = replace_invented(aligned, known)
    surface_form = SurfaceForm.of(sentence.text)
    return Translation(
        source=sentence.text,
        text=surface_form.restore(aligned.text),
        score=score,
        language=to,
        source_language=sentence.language,
        source_words=_begun(aligned.source_words, surface_form),
        words=_begun(aligned.words, surface_form),
        alignment=aligned.weights,
        unknown=sentence.unknown,
    )


def _begun(words: Sequence[str], surface_form: SurfaceForm) -> tuple[str, ...]:
    """The words of a sentence, the first as the sentence begins."""
    return (*map(surface_form.capitalize, words[:1]), *words[1:])


def _by_word(
    weights: npt.NDArray[np.float32],
    owners: Sequence[int],
    sources: int,
    writers: Sequence[int],
    words: int,
) -> npt.NDArray[np.float32]:
    """Attention of subwords on subwords → of words on words: summed over the source, then meant."""
    found = np.zeros((words, sources), np.float32)
    counts = np.bincount(writers, minlength=words).clip(min=1)
    pairs = np.ix_(np.asarray(writers, dtype=int), np.asarray(owners, dtype=int))
    np.add.at(found, pairs, weights)
    found /= counts[:, None]
    return found


def too_long(sentence: ReadSentence, longest: int) -> str:
    """Why a sentence is not translated, in one line."""
    shown = " ".join(sentence.text.split())
    shown = shown if len(shown) <= 40 else f"{shown[:37]}…"
    return (
        f"{shown!r}: too long, {len(sentence.ids)} subwords of at most {longest}; "
        "give one sentence at a time"
    )

"""A caption → its words as people spell them, and back: what a captioner learns to say.

    words = spell("Don't touch the dog's €5 ball!")   # don't touch the dog 's €5 ball
    unspell(words)                                     # "don't touch the dog's €5 ball"

The words of the metrics are cut and written for counting (`multimodal.captioning.tokenizer`:
"-lrb-", "ca n't", "gon na"); nobody wants to read those. Here words are in lower case and without
the punctuation of sentences, and otherwise as written, in every script: combining marks belong to
their letters, and in scripts without spaces between words (Chinese, Japanese, Thai, Khmer …) every
character that a reader sees is a word of its own. What is written together is put together again:
clitics join the word before them ("dog 's"), elided ones the word behind ("l' homme"), and a word
that begins with `JOINER` whatever stands before it.
"""

import html
import unicodedata
from collections.abc import Iterable

import regex

JOINER = "\N{WORD JOINER}"  # written with the word before it

_LETTER = r"[\p{L}\p{N}\p{M}\u200c\u200d]"  # zero-width (non-)joiners shape Persian and Indic words
# Currencies and what else people write words with: C#, C++, 50%, R&B, @home.
_SIGN = r"[\p{Sc}\p{Sm}\p{So}#@%&]"
# Scripts without spaces between words, and emoji.
_ALONE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Line_Break=Complex_Context}"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}]"
)
_PART = rf"(?:(?!{_ALONE})(?:{_LETTER}|{_SIGN}))++"
_CLITIC = rf"'(?:s|m|d|ll|re|ve)(?!{_LETTER})"
# t-shirt, and/or, ma'am, don't, col·lecció, צה"ל; between digits also 3.5, 5:30, 10–12.
_INSIDE = (
    rf"[-/_·\u058a\u05be\u05f3\u05f4]|(?<={_LETTER})(?!{_CLITIC})'(?=\p{{L}}|\p{{N}})"
    r'|(?<=\p{Hebrew})"(?=\p{Hebrew})|(?<=\p{Nd})[.,:–\u066b\u066c](?=\p{Nd})'
)
_MORE = rf"(?:(?:{_INSIDE}){_PART})*+"
# French, Italian and Catalan: l'homme, qu'il, dell'acqua.
_ELISION = (
    r"(?:[cdjlmnst]|(?:jus|lors|puis|quoi|quel)?qu|un|gl|(?:d|n|s|c)?[aeou]ll|dall|quest|sant)"
)
_LEADING = rf"'(?:n'|\d\ds?|til|em|tis|twas|cause|round)(?!{_LETTER})"  # rock 'n' roll, '90s
# Expressions are compiled when they are first used, for whoever only writes words.
_TOKEN = "|".join(
    (
        r"(?:https?://|www\.)[^\s<>\"()]+(?<=[\p{L}\p{N}/=])",
        r"[\w.+-]{1,64}@\w++(?:[.-]\w++)++",
        rf"(?<!{_LETTER})(?:\p{{L}}\.){{2,}}{_MORE}",  # U.S., p.m.
        rf"(?<!{_LETTER})(?:mr|mrs|ms|dr|st|jr|sr|vs|mt|prof)\.(?=\s*+\p{{L}})",
        rf"(?<!{_LETTER}){_ELISION}'(?={_LETTER}{{2}})",
        rf"(?={_ALONE})\X",
        rf"(?:(?<!{_LETTER})[-.](?=\p{{Nd}}))?{_PART}{_MORE}",
        rf"(?<!{_LETTER}){_LEADING}",
        rf"(?<={_LETTER})(?:{_CLITIC}|')",  # dog|'s, dogs|'
    )
)
_SUFFIX = "'(?:s|m|d|ll|re|ve)?"
_ELIDED = rf"{_ELISION}'"

_ENTITY = r"(?i)&(?:#\d+|#x[\da-f]+|[a-z]\w*);"
# Data sets that were cut for the metrics: "woman 's", "is n't".
_APART = rf"(?<={_LETTER}) +(?=(?:n't|'(?:s|m|d|ll|re|ve))(?!{_LETTER}))"
_TAG = r"</?[a-z][^<>]*>"
_QUOTED = (
    rf"(?<!{_LETTER})(?!{_LEADING})'(?=\S)((?:[^']|(?<={_LETTER})'(?={_LETTER}))+)'(?!{_LETTER})"
)
_WRITTEN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u00b4`", "'"),
        **dict.fromkeys("\u2010\u2011", "-"),
        # the soft hyphen, direction marks, and what a file may begin with
        **dict.fromkeys("\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff" + JOINER, ""),
        "\u200b": " ",
    }
)


def spell(sentence: str) -> list[str]:
    """Cut a caption into words in lower case, spelled as they are.

    Args:
        sentence: any text, in one line or several.

    Returns:
        The words in order, none empty and none with a space; `unspell` writes them.
    """
    words: list[str] = []
    end = -1
    for found in regex.finditer(_TOKEN, _plain(sentence)):
        word = found[0]
        apart = found.start() > end or _joins_by_itself(words[-1], word)
        words.append(word if apart else JOINER + word)
        end = found.end()
    return words


def unspell(words: Iterable[str]) -> str:
    """Write words as `spell` cuts them: the inverse, but for punctuation and capitals."""
    text, last = "", ""
    for word in words:
        joined = word.startswith(JOINER) or _joins_by_itself(last, word)
        text += word.removeprefix(JOINER) if joined else f" {word}"
        last = word.removeprefix(JOINER)
    return text.strip()


def _joins_by_itself(before: str, word: str) -> bool:
    return bool(regex.fullmatch(_SUFFIX, word) or regex.fullmatch(_ELIDED, before))


def _plain(sentence: str) -> str:
    """The sentence in lower case, without markup and quotation marks that look like apostrophes."""
    text = regex.sub(_ENTITY, lambda entity: html.unescape(entity[0]), sentence)
    text = unicodedata.normalize("NFC", text).translate(_WRITTEN).lower()
    text = regex.sub(_APART, "", text)
    return str(regex.sub(_QUOTED, r" \1 ", regex.sub(_TAG, " ", text)))

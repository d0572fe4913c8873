"""A sentence → its words, as the reference implementation of the caption metrics sees them.

The published figures of image captioning are computed on words cut by Stanford's PTBTokenizer
(the Penn Treebank's conventions: "isn't" → "is n't", "dog's" → "dog 's", "(" → "-lrb-"), in lower
case and without punctuation (Chen et al. 2015, "Microsoft COCO Captions", arXiv 1504.00325). This
module is that cut in Python; its rules were found by observing how the reference cuts sentences.
"""

import re
from collections.abc import Iterable, Iterator

import regex

# Written as in running text: titles, companies, months, states. The full stop is part of the word.
_ABBREVIATIONS = """
    adm al ala alex apr ariz assn assoc atty aug ave bhd bldg blvd brig bros calif capt cf cie cmdr
    co col colo conn corp cos cpl ct dak dec dept det dr drs esq est etc ext feb fla fri ft ga gen
    gov govs hon inc ind insp intl jan jos jr jul jun kan kans ky lt ltd maj mar md messrs mfg mich
    minn mlle mme mo mon mont mr mrs ms mt natl neb nev nov oct okla penn pfc plc pres prof pte pty
    pvt rd rep reps rev rt sen sens sep sept sgt sq sr st ste supt tel tenn thu thurs treas tue tues
    univ va vs vt wed wis wisc wm wyo
"""
# In lower case these are ordinary words: "I miss.", "a car wash."
_CAPITALISED_ABBREVIATIONS = "Ark Del Ill La Mass Miss Ore Pa Tex Wash"
# Without a number these are ordinary words: "No. 7" against "no."
_NUMBERED_ABBREVIATIONS = "art ca fig figs no nos op p pp prop"

# These tell "Plan B. The dog" (two sentences) from "George W. Bush" (an initial).
_SENTENCE_STARTERS = """
    A About According After An As At But Earlier He Her Here However If In It Last Many More Now
    Once One Other Our She Since So Some Such That The Their Then There These They This We What
    When While Yet You
"""


def _any_of(words: str) -> str:
    return "|".join(words.split())


_CHARACTER = r"[\p{L}\p{Nd}\p{M}]"  # combining marks belong to their letters in every script
_LETTER = r"[\p{L}\p{M}]"
_END = rf"(?!{_CHARACTER})"
# The elided particle stays with its name or noun: o'clock, hors-d'oeuvres.
_PART = rf"(?:(?i:[djlno])'(?={_LETTER}{{2}}))?{_CHARACTER}++"
_HYPHENATED = rf"(?:[-‐‑]{_PART})*+"
_FILES = (
    "bmp|doc|exe|gif|gz|html?|jar|java|jpe?g|mov|mp3|pdf|php|png|ppt|py|sql|tar|txt|wav|xml|zip"
)

# At every place the first rule that fits takes its characters; characters that no rule takes are
# space or punctuation. Possessive quantifiers and bounded look-ahead keep the time linear.
_RULES = (
    # Tags, addresses, mailboxes, handles, hashtags.
    r"</?[A-Za-z][^<>]*>",
    r"(?i:https?://|www\.)[^\s<>\"()]+(?<=[\w/=])",
    rf"[\w.+-]{{1,64}}@{_CHARACTER}++(?:[.-]{_CHARACTER}++)*+",
    r"@[A-Za-z_]\w*",
    r"#[A-Za-z]+",
    r"&#\d+;",
    # :-) >:( ^_^ (-_-)
    r"[<>]?[:;=][-o*']?[()DPOdp\\{@|\[\]](?![A-Za-z\d])",
    r"\([-^=~<>][_.]?[-^=~<>]\)|(?<!\w)[-^=~<>]_[-^=~<>](?!\w)",
    # US$5, C#, (555) 123-4567, 3 1/2
    rf"(?<!{_CHARACTER})(?:[A-Z]++\$|(?:[Cc]\+\+|[CcFf]#)(?!{_LETTER}))",
    r"\(\d{2,3}\)(?:(?=[ \u00a0]\d{3,4}[- \u00a0]?\d{3,5})|\d{3,4}-?\d{3,5})",
    r"(?<!\d)\d{1,4}[- ]\d{1,3}/\d{1,3}(?!\d)",
    rf"\d++\.(?:{_FILES}){_END}",
    # Clitics and words that begin with an apostrophe: they|'re, is|n't, 'n', '90s, 't|is.
    r"(?i:'n')",
    rf"(?i:n't|(?<!')'(?:s|m|d|ll|re|ve|n|em|til|cause)){_END}",
    r"(?i:'t(?=(?:is|was)n?\b))",
    rf"'(?:[2-9]0s{_END}|\d\d(?![^\s-]))",
    # Words that are two: is|n't, can|not, gon|na, gim|me, y'|all.
    rf"(?=(?i:{_CHARACTER}++'t){_END}){_CHARACTER}+(?=(?i:n't))",
    rf"(?i:can(?=not{_END})|(?:gon|wan)(?=na{_END})|got(?=ta{_END})|(?:gim|lem)(?=me{_END}))",
    rf"(?i:more(?='n{_END})|y'(?=(?!s{_END}){_LETTER}))",
    # Words with an apostrophe inside or behind: c'mon, ol', ma'am, Hawai'i.
    rf"(?i:c'(?:mon|est)|s'mores|e'er|ol'|[dl]'(?!s)|dunkin'){_END}",
    rf"{_CHARACTER}++(?<={_CHARACTER}[aeiouyAEIOUY])'(?=[aeiouA-Z])"
    rf"(?!(?i:s|m|d|ll|re|ve){_END}){_CHARACTER}++{_HYPHENATED}",
    # AT&T, U.S. and U.S.-based, example.co.uk (and sentences without a space between them).
    r"[A-Z]++(?:[&+][A-Z]++)++",
    rf"(?:Ph\.D|{_LETTER}(?:\.{_LETTER})+)\.(?!{_LETTER}){_HYPHENATED}",
    rf"{_LETTER}++(?:[.!?]{_LETTER}{_CHARACTER}*+)++",
    # Abbreviations and initials.
    rf"(?i:{_any_of(_ABBREVIATIONS)})\.",
    rf"(?:{_any_of(_CAPITALISED_ABBREVIATIONS)})\.",
    rf"(?i:{_any_of(_NUMBERED_ABBREVIATIONS)})\.(?=\s*\d)",
    rf"[A-Za-z]\.(?!\s+(?:{_any_of(_SENTENCE_STARTERS)})\b)",
    # Numbers: 5:30, 10,000-seat, -5, .99.
    r"\d++:\d++(?:[.,:]\d++)*+",
    rf"\d++(?:[.,]\d++)++{_HYPHENATED}",
    r"(?<![.,:-])[.,:+-]\d++(?:[.,:]\d++)*+",
    rf"(?:{_PART}[-‐‑])?{_LETTER}(?:\.{_LETTER})+\.(?!{_LETTER})",
    # Words with combining marks are not hyphenated; Latin accents do not count.
    rf"{_LETTER}*+(?<=(?=[^\u0300-\u036f])\p{{M}}\p{{L}}*+)",
    # Ordinary words: t-shirt, 3-year-old, w/o, o'clock. A stop before a comma is not a sentence's.
    rf"{_PART}(?:[/_‐‑-]{_PART})*+(?:\.(?=[,;:]))?",
    # Exclamations in a row, and every symbol that is no punctuation.
    r"[!?]{2,}",
    r"\*\*+|##+|__+",
    r"[^\w\s.,:;!?'\"`\x00-\x1f\x7f-]|[_\p{No}]",
)
_TOKEN = "|".join(_RULES)  # compiled when first used, for whoever only joins words

# What the reference writes in another way.
_REWRITTEN = {
    "(": "-lrb-",
    ")": "-rrb-",
    "[": "-lsb-",
    "]": "-rsb-",
    "{": "-lcb-",
    "}": "-rcb-",
}
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&nbsp;": " "}
_ENTITY = re.compile("|".join(_ENTITIES), re.IGNORECASE)
# A curly apostrophe before a word is a quotation mark, but for ’em, ’til, ’n’, ’cause and ’90s.
_OPENING = rf"(?<!{_CHARACTER})’(?!(?i:em|til|n’|cause|\d\ds?|s|m|d|ll|re|ve){_END})"
_CLITIC = re.compile("n?'(?:t|s|m|d|ll|re|ve)", re.IGNORECASE)
_TYPEWRITER = str.maketrans(
    {
        # quotation marks; an apostrophe is told from one by where it stands
        **dict.fromkeys("\u2018\u201b\u201c\u201d\u00ab\u00bb\u2039\u203a", '"'),
        # dashes
        **dict.fromkeys("\u2012\u2013\u2014\u2015", "--"),
        "\u00ad": "",  # the soft hyphen
        "…": " ... ",
        # what the reference cannot read
        **dict.fromkeys(map(chr, range(0x20A0, 0x20C0)), " "),
        "₤": "₤",
        "¼": " 1/4 ",
        "½": " 1/2 ",
        "¾": " 3/4 ",
        "⅓": " 1/3 ",
        "⅔": " 2/3 ",
        # the Penn Treebank's currencies
        "€": "$",
        "£": "#",
        "¢": " cents ",
    }
)


def _typewritten(sentence: str) -> str:
    """The sentence with typographic characters in ASCII and unprintable ones as spaces."""
    translated = regex.sub(_OPENING, '"', sentence.translate(_TYPEWRITER))
    return "".join(
        c if c.isprintable() and (c <= "\uffff" or c.isalnum()) else " " for c in translated
    )


def join_tokens(words: Iterable[str]) -> str:
    """Write words as `tokenize` cuts them: clitics join the word before them."""
    text = " ".join(words)
    return re.sub(r" (n't|'(?:s|m|d|ll|re|ve))(?= |$)", r"\1", text)


def tokenize(sentence: str) -> list[str]:
    """Cut a sentence into lower-case words without punctuation, as coco-caption does.

    Args:
        sentence: any text, in one line or several.

    Returns:
        The words in order; an empty list where the sentence holds none. They equal those of
        pycocoevalcap's PTBTokenizer. Known differences: it drops the combining marks of Kannada,
        Malayalam, Sinhala, Khmer, Burmese and Tibetan and so cuts their words, and it drops letters
        beyond U+FFFF, the wave dash and Ethiopic stops; here they stay. It keeps the names of
        characters ("&eacute;") whole, and reads "1..2" as two numbers.
    """
    if not sentence.isascii():
        sentence = _typewritten(sentence)
    if "&" in sentence:
        sentence = _ENTITY.sub(lambda entity: _ENTITIES[entity[0].lower()], sentence)
    if "\u2019" in sentence:
        return list(_curly(sentence))
    return [word for token in regex.findall(_TOKEN, sentence) for word in _written(token)]


def _curly(sentence: str) -> Iterator[str]:
    """The words of a sentence with curly apostrophes, which only clitics lose."""
    for found in regex.finditer(_TOKEN, sentence.replace("\u2019", "'")):
        kept = found[0] if _CLITIC.fullmatch(found[0]) else sentence[found.start() : found.end()]
        yield from _written(kept)


def _written(token: str) -> list[str]:
    if token in _REWRITTEN:
        return [_REWRITTEN[token]]
    if "(" in token or ")" in token:  # of smileys and telephone numbers
        token = token.replace("(", "-lrb-").replace(")", "-rrb-")
    return token.lower().split()

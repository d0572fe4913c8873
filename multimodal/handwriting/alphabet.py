"""The characters that can be written, and texts as numbers."""

from __future__ import annotations

import unicodedata

from multimodal.errors import UserError

CHARACTERS = "".join(map(chr, range(32, 127)))
"""Every printable ASCII character, in the order of their numbers, which begin at 1."""

NOTHING, END = 0, len(CHARACTERS) + 1
"""What stands behind the end of a shorter text, and the cell that the end of each text has."""

SYMBOLS = END + 1

_SPELLED = {
    **{"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ẞ": "SS"},
    **{"Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "Ø": "Oe", "ø": "oe", "Å": "Aa", "å": "aa"},
    **{"Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "Ł": "L", "ł": "l", "ı": "i", "Đ": "D", "đ": "d"},
    **dict.fromkeys("‘’‚‛′´", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **{"…": "...", "€": "EUR", "£": "GBP", "¥": "YEN", "¢": "ct", "°": " deg", "·": "-", "•": "-"},
    **{"×": "x", "÷": "/", "¡": "!", "¿": "?", "‹": "<", "›": ">", "≤": "<=", "≥": ">=", "≠": "!="},
    **{"→": "->", "←": "<-", "½": "1/2", "¼": "1/4", "¾": "3/4", "§": "par.", "©": "(c)"},
    **{"®": "(R)", "™": "(TM)", "µ": "u", "\t": " "},
}


def encode(text: str) -> list[int]:
    """A line of text as numbers, with the END cell behind.

    Raises:
        UserError: a character that cannot be written; the line names every one.
    """
    unknown = [letter for letter in dict.fromkeys(text) if letter not in CHARACTERS]
    if unknown:
        named = ", ".join(_named(letter) for letter in unknown)
        raise UserError(
            f"cannot be written: {named}; there are the printable ASCII characters, and"
            " --spelled (in Python: transliterate(text)) writes ä as ae, é as e and so on"
        )
    return [*(ord(letter) - 31 for letter in text), END]


def transliterate(text: str) -> str:
    """Spell any text in characters that can be written: ä as ae, ß as ss, é as e, “ as ".

    What has no such spelling (emoji, other scripts) is left out; line breaks stay.
    """
    plain = "".join(map(_spelled, unicodedata.normalize("NFC", text)))
    lines = plain.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines)


def without_spelling(text: str) -> list[str]:
    """The characters that `transliterate` leaves out, once each; no marks, spaces or controls."""
    return [
        letter
        for letter in dict.fromkeys(unicodedata.normalize("NFC", text))
        if not _spelled(letter) and unicodedata.category(letter)[0] not in "CM"
    ]


def _spelled(letter: str) -> str:
    if letter in CHARACTERS or letter in "\n\r":
        return letter
    if letter in _SPELLED:
        return _SPELLED[letter]
    if letter.isspace():
        return "\n" if letter in "\v\f\x85\u2028\u2029" else " "
    parts = unicodedata.normalize("NFKD", letter)  # a letter and its marks, which are left out
    return "".join(
        _SPELLED.get(part, part) for part in parts if part in CHARACTERS + "".join(_SPELLED)
    )


def _named(letter: str) -> str:
    code = f"U+{ord(letter):04X}"
    name = unicodedata.name(letter, "")
    shown = f"{letter!r} " if letter.isprintable() else ""
    return f"{shown}({' '.join([code, name]).strip()})"

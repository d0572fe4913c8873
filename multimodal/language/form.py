"""Form: brackets and tokens of C, environments and mathematics of LaTeX, syllables of a sonnet.

Every measure takes a window of text, which may begin and end anywhere, and looks only at what a
window can show: a bracket that is closed but was opened before the window is no mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

PAIRS = {")": "(", "]": "[", "}": "{"}

_C_TOKEN = re.compile(
    r"""
      (?P<comment>  /\*.*?(?:\*/|\Z) | //[^\n]* )
    | (?P<space>    \s+ | \\\n )
    | (?P<string>   L?"(?:\\.|[^"\\\n])*(?:"|\Z) | L?'(?:\\.|[^'\\\n])+(?:'|\Z) )
    | (?P<include>  \#[ \t]*include[ \t]*<[^>\n]*> | \#[ \t]*(?:error|warning)[^\n]* )
    | (?P<number>   (?:0[xX][0-9a-fA-F]+ | \.?\d(?:[eEpP][+-]|[\d.eEpP])*) [uUlLfF]* (?![\w.]) )
    | (?P<word>     [A-Za-z_]\w* )
    | (?P<sign>     \#\# | [-+*/%&|^~!<>=?:;,.#(){}\[\]\\] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([^{}]*)\}")
_DOLLARS = re.compile(r"(?<!\\)\$\$?")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(
    r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^aeioutd])ed$|(?<=[^aeioushxzcg])es$"
)
_WORD = re.compile(r"[A-Za-z']+")
SYLLABLES = range(9, 12)

Measures: TypeAlias = dict[str, float]


def c_form(windows: Sequence[str]) -> Measures:
    """C: shares of windows without a wrong bracket, and without a mistake of the tokeniser."""
    tokenised = [tokenise_c(window) for window in windows]
    signs = [[text for kind, text in tokens if kind == "sign"] for tokens, _ in tokenised]
    return {
        "brackets_balanced": _share(map(balanced, signs)),
        "no_token_error": _share(errors == 0 for _, errors in tokenised),
        "token_errors": sum(errors for _, errors in tokenised) / len(windows),
    }


def latex_form(windows: Sequence[str]) -> Measures:
    r"""LaTeX: shares of windows whose \end match their \begin, and of paragraphs with paired $."""
    # The first and the last paragraph of a window are cut off.
    whole = [paragraph for window in windows for paragraph in window.split("\n\n")[1:-1]]
    return {
        "environments_matched": _share(map(environments_match, windows)),
        "dollars_paired": _share(map(dollars_paired, whole)),
    }


def sonnet_form(windows: Sequence[str]) -> Measures:
    """Verse: the share of lines of ten syllables or so, and their mean number."""
    lines = [line for window in windows for line in window.split("\n")[1:-1]]
    counts = [count for count in map(syllables, lines) if count]
    return {
        "lines_of_about_ten_syllables": _share(count in SYLLABLES for count in counts),
        "syllables_per_line": sum(counts) / max(len(counts), 1),
    }


FORMS: Mapping[str, Callable[[Sequence[str]], Measures]] = {
    "c": c_form,
    "latex": latex_form,
    "sonnet": sonnet_form,
}


def tokenise_c(text: str) -> tuple[list[tuple[str, str]], int]:
    """The tokens of C (kind, text), preprocessing lines included, and how many mistakes there are.

    What belongs to no token is a mistake, one a character: a lone quote, @, a number such as 0x.
    """
    tokens, errors, place = [], 0, 0
    while place < len(text):
        match = _C_TOKEN.match(text, place)
        if match is None:
            errors += 1
            place += 1
            continue
        tokens.append((match.lastgroup or "", match.group()))
        place = match.end()
    return tokens, errors


def balanced(signs: Iterable[str]) -> bool:
    """Whether no bracket closes another one than the last open."""
    return _nested((sign, PAIRS.get(sign)) for sign in signs if sign in "()[]{}")


def environments_match(text: str) -> bool:
    r"""Whether no \end ends another environment than the last begun."""
    found = (match.groups() for match in _ENVIRONMENT.finditer(text))
    return _nested((name, name if word == "end" else None) for word, name in found)


def dollars_paired(paragraph: str) -> bool:
    """Whether all mathematics that begins with $ or $$ ends in the same way."""
    signs: list[str] = []
    for match in _DOLLARS.finditer(paragraph):
        if signs and signs[-1] == match.group():
            signs.pop()
        else:
            signs.append(match.group())
    return not signs


def syllables(line: str) -> int:
    """Roughly how many syllables a line of English verse has: groups of vowels, no silent e."""
    return sum(_syllables_of(word) for word in _WORD.findall(line.lower()))


def _syllables_of(word: str) -> int:
    bare = _SILENT.sub("", word.replace("'", ""))
    return max(1, len(_VOWELS.findall(bare))) if bare else 0


def _nested(marks: Iterable[tuple[str, str | None]]) -> bool:
    """Whether every mark that closes (its name, what it closes) finds that on top, or nothing."""
    stack: list[str] = []
    for name, closes in marks:
        if closes is None:
            stack.append(name)
        elif stack and stack.pop() != closes:
            return False
    return True


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / max(len(values), 1)

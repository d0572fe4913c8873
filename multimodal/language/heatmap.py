"""Heat maps of text: every character on the colour of a number, as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

LEVELS = 20  # colours on each side of nothing

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font-family: sans-serif }}
pre {{ font: 14px/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere; color: #111 }}
pre, body {{ background: #fff }}
{colours}
</style>
<h1>{title}</h1>
<p>Blue is -1, white is 0, red is +1.</p>
{parts}
</html>
"""


@dataclass(frozen=True)
class HeatMap:
    """A text and a number for each of its pieces.

    Attributes:
        title: what the numbers are.
        pieces: the text.
        values: from -1 to 1, one for each piece.
    """

    title: str
    pieces: Sequence[str]
    values: Sequence[float]

    def to_html(self) -> str:
        """A heading and the coloured text; pieces of one colour in a row share one element."""
        levelled = zip(map(_level, self.values), self.pieces, strict=True)
        spans = (
            f'<span class="{_class(level)}">{escape("".join(piece for _, piece in run))}</span>'
            for level, run in groupby(levelled, key=lambda pair: pair[0])
        )
        return f"<h2>{escape(self.title)}</h2>\n<pre>{''.join(spans)}</pre>"


def html_page(title: str, maps: Iterable[HeatMap]) -> str:
    """A page that needs nothing else."""
    return _PAGE.format(
        title=escape(title),
        colours="\n".join(map(_rule, range(-LEVELS, LEVELS + 1))),
        parts="\n".join(heat_map.to_html() for heat_map in maps),
    )


def _level(value: float) -> int:
    return round(max(-1.0, min(1.0, value)) * LEVELS)


def _class(level: int) -> str:
    return f"n{-level}" if level < 0 else f"p{level}"


def _rule(level: int) -> str:
    hue = 215 if level < 0 else 5
    return f".{_class(level)} {{ background: hsl({hue} 85% {100 - 40 * abs(level) / LEVELS:g}%) }}"

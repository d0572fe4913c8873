"""Whether a run may draw a progress bar."""

import os
import sys


def shows_progress() -> bool:
    """Whether somebody watches: the standard error is a terminal, of a person who wants a bar.

    `NO_COLOR` (no-color.org), `CI` and `TERM=dumb` ask for plain lines alone.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI")
    return sys.stderr.isatty() and not plain and os.environ.get("TERM") != "dumb"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 line" and "2,000 lines".

    Args:
        number: how many.
        noun: in the singular, with a regular plural.
    """
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"

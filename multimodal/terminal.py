"""Whether a run may draw a progress bar."""

import os
import sys


def shows_progress() -> bool:
    """Whether somebody watches: the standard error is a terminal, of a person who wants a bar.

    `NO_COLOR` (no-color.org), `CI` and `TERM=dumb` ask for plain lines alone.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI")
    return sys.stderr.isatty() and not plain and os.environ.get("TERM") != "dumb"

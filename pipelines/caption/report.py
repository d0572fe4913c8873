"""A page to look at what a captioner said: one file that needs no network.

Pictures, sentences, attention and errors stand in it as JSON, a hundred rows a piece; the page
draws those that are on the screen, so that it opens with many thousands. Nothing that comes from a
picture or its name is ever read as HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import islice
from pathlib import Path

from pipelines.caption.rows import CaptionRow, dump_json, to_journal

PAGE = Path(__file__).with_name("report.html")
PLACE = "<!-- rows -->"
PASSED_OVER = "<!-- passed over -->"
ROWS_AT_A_TIME = 100


def write_report(
    rows: Iterable[CaptionRow], path: Path, *, crop: bool = False, passed_over: str = ""
) -> None:
    """Write the page, a hundred rows at a time.

    Args:
        rows: with thumbnails and attention.
        path: where to.
        crop: whether the network saw only the middle square of every picture.
        passed_over: a line about the files that got no row.
    """
    head, _, tail = PAGE.read_text(encoding="utf-8").partition(PLACE)
    rest = iter(rows)
    with path.open("w", encoding="utf-8") as file:
        head = head.replace('data-crop=""', f'data-crop="{int(crop)}"')
        file.write(head.replace(PASSED_OVER, escape(passed_over)))
        while some := list(islice(rest, ROWS_AT_A_TIME)):
            scores = ",".join("" if row.error else f"{row.score:.4f}" for row in some)
            lines = ",\n".join(map(_embedded, some))
            file.write(f'<script type="application/json" data-scores="{scores}">\n')
            file.write(f"[{lines}]\n</script>\n")
        file.write(tail)


def _embedded(row: CaptionRow) -> str:
    """JSON in which no HTML can begin or end."""
    return dump_json(to_journal(row)).replace("<", "\\u003c")

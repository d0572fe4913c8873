"""The page to look at: one file, no network, and nothing in it is read as HTML."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipelines.caption import CaptionRow, caption_images
from pipelines.caption.report import ROWS_AT_A_TIME, write_report

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)"><!--\u2028'


class Page(HTMLParser):
    """What a browser would make of the page: its elements and the contents of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.lasttag == "script":
            self.scripts[-1] += data

    @property
    def rows(self) -> list[dict]:
        return [row for script in self.scripts[:-1] for row in json.loads(script)]


@pytest.fixture
def page(tmp_path):
    def make(rows, **options) -> Page:
        write_report(rows, tmp_path / "report.html", **options)
        return Page((tmp_path / "report.html").read_text(encoding="utf-8"))

    return make


def test_it_shows_pictures_words_and_where_the_network_looked(captioner, photos, page):
    options = {"thumbnails": True, "keep_attention": True, "n_best": 2}
    rows = list(caption_images([*photos, "gone.jpg"], captioner, **options))
    made = page(rows).rows
    assert [row["path"] for row in made] == [row.source for row in rows]
    assert [row["caption"] for row in made] == [row.text or None for row in rows]
    assert made[-1]["error"] == "no such file or directory"
    for shown, row in zip(made[:-1], rows, strict=False):
        with Image.open(BytesIO(b64decode(shown["thumbnail"]))) as small:
            assert small.size == (72, 72)
        shape, levels = shown["attention"]
        assert shape == list(row.attention.shape)
        maps = np.frombuffer(b64decode(levels), np.uint8).reshape(shape)
        assert (maps.argmax() % maps[0].size) == (maps[0].argmax())
        assert len(shown["words"]) == shape[0]
        assert len(shown["alternatives"]) == 1


def test_whatever_a_name_holds_it_stays_text(page):
    row = CaptionRow(HOSTILE, HOSTILE, -1.0, (HOSTILE,), (-1.0,))
    made = page([row, CaptionRow.failed(HOSTILE, HOSTILE)])
    clean = page([replace(row, source="a", text="b", words=("c",))] * 2)
    assert [tag for tag, _ in made.elements] == [tag for tag, _ in clean.elements]
    assert made.rows[0]["path"] == made.rows[1]["error"] == HOSTILE


def test_it_needs_no_network(page):
    made = page([])
    links = [
        value
        for _, attributes in made.elements
        for key, value in attributes.items()
        if key in {"src", "href", "action", "data"}
    ]
    assert links == []
    (policy,) = (a["content"] for tag, a in made.elements if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not re.search(r"innerHTML|https?://|fetch\(|import\(", made.scripts[-1])


def test_its_index_has_a_score_for_each_row_in_order(page):
    rows = [CaptionRow(f"{n}.jpg", "x", -n / 8) for n in range(ROWS_AT_A_TIME + 20)]
    rows[3] = CaptionRow.failed("3.jpg", "is empty")
    rows[5] = rows[5].sure(-0.1)
    made = page(rows)
    pieces = [a["data-scores"].split(",") for _, a in made.elements if "data-scores" in a]
    assert [len(piece) for piece in pieces] == [ROWS_AT_A_TIME, 20]
    scores = [score and float(score) for piece in pieces for score in piece]
    assert scores == ["" if row.error else row.score for row in rows]


@pytest.mark.parametrize("crop", [True, False])
def test_attention_lies_over_what_the_network_saw(page, crop):
    (html,) = (a for tag, a in page([], crop=crop).elements if tag == "html")
    assert html["data-crop"] == str(int(crop))

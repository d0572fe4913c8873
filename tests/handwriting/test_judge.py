"""A judge reads back what is written, and what is misread is written anew."""

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.handwriting import chunks as module
from multimodal.handwriting.chunks import TextChunk, write_chunks
from multimodal.handwriting.generation import WrittenLine
from multimodal.handwriting.layout import Layout
from multimodal.handwriting.options import HandwritingOptions
from multimodal.handwriting.style import Style
from multimodal.strokes import Drawing
from pipelines.handwrite import EDGE, _cut_to, read_back, text_width
from pipelines.numerals import numeral, width_of

STYLE = Style("1", (0.0,), 10.0)


def line_of(width: float) -> WrittenLine:
    """Two letters, a stroke each."""
    rows = np.array([[0, 0, 0], [width / 2, 1, 1], [0, 1, 0], [width / 2, 1, 1]], np.float32)
    return WrittenLine(rows, np.array([0, 0, 1, 1]), True, np.zeros(4, np.float32))


@pytest.fixture
def drafted(monkeypatch):
    """Every draft is a little wider than the one before; gives how many there were of each text."""
    counts = {}

    def written(self, *_):
        lines = []
        for piece in self.pieces:
            counts[piece.text] = counts.get(piece.text, 0) + 1
            lines.append(line_of(10.0 + counts[piece.text]))
        return lines, [0.0] * len(lines)

    monkeypatch.setattr(module._Candidates, "written", written)
    return counts


def test_only_what_is_misread_is_written_anew(drafted):
    def judge(drawings, texts):
        return [int(text == "ab" and drafted["ab"] < 6) for text in texts]

    options = HandwritingOptions(seed=1, num_candidates=2, max_candidates=8)
    write_chunks(None, [TextChunk("ab", STYLE), TextChunk("cd", STYLE)], 1.0, options, judge)
    assert drafted == {"ab": 6, "cd": 2}


def test_drafts_end_at_the_most_and_the_best_is_kept(drafted):
    def judge(drawings, texts):
        return [round(abs(drawing.bounds[2] - 15.0)) + 1 for drawing in drawings]

    options = HandwritingOptions(seed=1, num_candidates=2, max_candidates=8)
    (line,) = write_chunks(None, [TextChunk("ab", STYLE)], 1.0, options, judge)
    assert drafted == {"ab": 8}
    assert np.ptp(line.rows[:, 0].cumsum()) == pytest.approx(15.0)


def test_without_a_judge_two_drafts_are_enough(drafted):
    write_chunks(None, [TextChunk("ab", STYLE)], 1.0, HandwritingOptions(seed=1))
    assert drafted == {"ab": 2}


def test_a_reader_counts_the_letters_that_it_reads_otherwise():
    class Reader:
        def read(self, drawings, **_):
            return [type("Reading", (), {"text": text}) for text in ("Dea nr Anna", "1234!")]

    assert read_back(Reader())([None, None], ["Dear Anna", "1234!"]) == [2, 0]


# ---- paper as wide as was asked for ----


@pytest.mark.parametrize(
    ("align", "left"), [("left", EDGE), ("center", 40.0), ("right", 120.0 - EDGE - 40.0)]
)
def test_paper_is_as_wide_as_asked_for_with_equal_margins(align, left):
    width = text_width(120.0)
    free = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * (width - 40.0)
    line = Drawing([[(free, 5.0), (free + 40.0, 5.0)]])
    page = _cut_to(line, "ab", 10.0, width)
    assert page.paper.width == pytest.approx(120.0)
    assert page.pages[0].bounds[0] == pytest.approx(left)
    assert Layout(width=width, align=align).width == 110.0


def test_without_a_width_paper_is_as_wide_as_its_text():
    page = _cut_to(Drawing([[(0.0, 5.0), (40.0, 5.0)]]), "ab", 10.0)
    assert page.paper.width == pytest.approx(40.0 + 2 * EDGE)


def test_a_width_without_room_is_refused():
    with pytest.raises(UserError, match="--width 8: must be more than 10 mm"):
        text_width(8.0)
    assert text_width(None) is None


# ---- numbers of styles ----


def test_numerals_stand_on_the_baseline_and_differ():
    for number in range(100):
        left, top, right, bottom = numeral(number, 2.5).bounds
        assert left >= 0
        assert (top, bottom) == pytest.approx((-2.5, 0.0))
        assert right <= width_of(number, 2.5) + 1e-9
    shapes = {str([stroke.tolist() for stroke in numeral(n, 1.0)]) for n in range(10)}
    assert len(shapes) == 10

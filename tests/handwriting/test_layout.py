"""From a text to lines, pieces and pages."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.handwriting.layout import (
    LONGEST_WORD,
    PIECE,
    ROOM_FOR_CHANCE,
    UNITS_PER_LINE,
    Layout,
    batches_of,
    characters_in,
    chunks_of,
    on_page,
    paged,
    set_lines,
    stacked,
    wrapped,
)
from multimodal.handwriting.placing import (
    LEAST_GAP,
    USUAL_GAP,
    X_HEIGHT,
    PlacedLine,
    placed,
    usual_gap,
)
from multimodal.handwriting.written import WrittenLine
from multimodal.strokes import Drawing, Paper

words = st.text(alphabet="abcdefg.", min_size=1, max_size=12)
texts = st.lists(st.lists(words, max_size=12).map(" ".join), min_size=1, max_size=4).map("\n".join)


def test_lines_wrap_at_spaces_and_keep_their_breaks():
    assert wrapped("aa bb cc\n\ndd", 5) == ["aa bb", "cc", "", "dd"]
    assert wrapped("a  b\tc", None) == ["a b c"]
    assert wrapped("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]


@given(texts, st.integers(1, 30))
def test_wrapping_loses_nothing(text, characters):
    lines = wrapped(text, characters)
    assert all(len(line) <= characters for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert len(lines) >= text.count("\n") + 1


@given(texts)
def test_pieces_are_whole_words_of_about_the_same_length(text):
    line = " ".join(text.split())
    pieces = chunks_of(line)
    assert " ".join(pieces) == line
    if len(line) <= PIECE:
        assert len(pieces) <= 1
    assert all(len(piece) <= 2 * PIECE for piece in pieces)


def test_an_endless_word_is_cut():
    pieces = chunks_of("x" * 150)
    assert [len(piece) for piece in pieces] == [LONGEST_WORD, LONGEST_WORD, 150 - 2 * LONGEST_WORD]
    assert chunks_of("") == []


def test_how_many_characters_a_line_takes():
    layout = Layout(line_height=UNITS_PER_LINE, width=40 * ROOM_FOR_CHANCE * 10 + 1)
    assert characters_in(layout, pace=40.0) == 10
    assert characters_in(Layout(width=1.0), pace=400.0) == 1
    assert characters_in(Layout(), pace=40.0) is None


def line_of(looks, points, text, ended=True):
    rows = np.diff(np.array(points, dtype=float), axis=0, prepend=[points[0]])
    rows = np.column_stack([rows, np.zeros(len(points))]).astype(np.float32)
    return placed(
        WrittenLine(rows, np.array(looks), ended, np.zeros(len(rows), np.float32)), text, scale=1.0
    )


def letters(text, slope=0.0):
    """A stroke down and up for each letter, 40 wide; a "p" goes 20 below the others."""
    points, looks = [], []
    for number, letter in enumerate(text):
        if letter == " ":
            continue
        x, low = 40 * number, 20 if letter == "p" else 0
        points += [(x, -42), (x + 10, low), (x + 20, -42)]
        looks += [number] * 3
    return looks, [(x + 7, y + 13 + slope * x) for x, y in points]


def test_letters_stand_on_the_baseline():
    looks, points = letters("ape ab")
    line = line_of(looks, points, "ape ab")
    (stroke,) = line.drawing
    assert stroke[:, 1].max() == pytest.approx(20)  # the "p"
    assert sorted(stroke[:, 1])[-2] == pytest.approx(0)
    assert stroke[:, 0].min() == pytest.approx(0)
    assert line.width == pytest.approx(220)


def test_a_line_that_sinks_is_laid_level():
    looks, points = letters("abcdehab", slope=0.1)
    (stroke,) = line_of(looks, points, "abcdehab").drawing
    lowest = stroke[1::3, 1]
    assert np.ptp(lowest) < 0.5
    looks, points = letters("abc", slope=0.1)
    (stroke,) = line_of(looks, points, "abc").drawing
    assert np.ptp(stroke[1::3, 1]) == pytest.approx(8)  # too few letters to tell


def test_marks_float_and_dots_stand():
    looks, points = letters("--")
    (stroke,) = line_of(looks, points, "--").drawing
    assert stroke[:, 1].max() == pytest.approx(-X_HEIGHT / 2)
    looks, points = letters("..")
    (stroke,) = line_of(looks, points, "..").drawing
    assert stroke[:, 1].max() == pytest.approx(0)


def test_words_that_touch_are_moved_apart():
    looks, points = letters("ab cd")
    near = [(x - 55 if look > 2 else x, y) for look, (x, y) in zip(looks, points, strict=True)]
    rows = np.diff(np.array(near), axis=0, prepend=[near[0]])
    lifted = [look == 1 and following == 3 for look, following in pairwise([*looks, 9])]
    rows = np.column_stack([rows, lifted]).astype(np.float32)
    line = placed(
        WrittenLine(rows, np.array(looks), True, np.zeros(len(rows), np.float32)),
        "ab cd",
        scale=1.0,
    )
    first, second = line.drawing
    assert second[:, 0].min() - first[:, 0].max() == pytest.approx(LEAST_GAP, abs=6)
    joined_up = line_of(looks, near, "ab cd")  # one stroke: it stays as it is
    assert joined_up.width == pytest.approx(np.ptp(np.array(near)[:, 0]))


def test_gaps_are_those_between_words():
    looks, points = letters("ab cd ef")
    assert line_of(looks, points, "ab cd ef").gap == pytest.approx(60)
    looks, points = letters("ab")
    assert line_of(looks, points, "ab").gap is None
    blank = PlacedLine(Drawing([]), 0.0, None)
    assert usual_gap([blank]) == USUAL_GAP
    assert usual_gap([PlacedLine(Drawing([]), 0.0, 1.0)]) == LEAST_GAP


BOX = PlacedLine(Drawing([[(0, -40), (100, 0)]]), 100.0, None)
UNIT = Layout(line_height=UNITS_PER_LINE)  # a millimetre a unit


def test_pieces_stand_side_by_side():
    (line,) = set_lines([[BOX, BOX]], UNIT)
    assert [stroke[0, 0] for stroke in line] == [0, 100 + USUAL_GAP]
    assert set_lines([[]], UNIT) == [Drawing([])]


@pytest.mark.parametrize(("align", "left"), [("left", 0), ("center", 50), ("right", 100)])
def test_lines_are_aligned(align, left):
    (line,) = set_lines([[BOX]], Layout(UNITS_PER_LINE, 200, align))
    assert line.bounds == pytest.approx((left, -40, left + 100, 0))


def test_a_line_that_is_too_wide_is_squeezed_but_stays_as_high():
    (line,) = set_lines([[BOX]], Layout(UNITS_PER_LINE, 80))
    assert line.bounds == pytest.approx((0, -40, 80, 0))


def test_lines_below_each_other_and_on_pages():
    lines = set_lines([[BOX], [], [BOX]], Layout(line_height=10))
    under = stacked(lines, Layout(line_height=10))
    assert [stroke[1, 1] for stroke in under] == pytest.approx([7, 27])
    paper = Paper(60, 40, margin=10, spacing=10)  # two lines a page
    page = on_page(lines, paper)
    assert len(page) == 1
    assert page.bounds[0] == pytest.approx(10)
    assert page.bounds[3] == pytest.approx(17)


def test_texts_of_pages():
    paper = Paper(60, 40, margin=10, spacing=10)  # two lines a page
    assert paged(["a", "", "b"], paper) == ["a\n", "b"]
    assert paged(["", "", "", "b"], paper) == ["\nb"]
    assert paged(["", ""], paper) == []


@pytest.mark.parametrize(
    ("lengths", "batches"),
    [([], []), ([9000, 1, 2], [[9000], [1, 2]]), ([4096] * 3, [[4096, 4096], [4096]])],
)
def test_pages_are_written_some_thousand_characters_at_once(lengths, batches):
    found = batches_of(["a" * length for length in lengths])
    assert [[len(page) for page in batch] for batch in found] == batches


@pytest.mark.parametrize(
    ("how", "named"),
    [({"line_height": 0}, "line_height"), ({"width": -1}, "width"), ({"align": "top"}, "align")],
)
def test_layouts_that_cannot_be(how, named):
    with pytest.raises(UserError, match=named):
        Layout(**how)

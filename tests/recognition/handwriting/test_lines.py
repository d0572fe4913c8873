import numpy as np
import pytest

from multimodal.recognition.handwriting.lines import cut_lines


def lines_of(drawing):
    return cut_lines(drawing.strokes)


def test_no_stroke_no_line():
    assert cut_lines([]) == []


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.05])
def test_a_page_is_cut_into_its_lines(writer, slope):
    drawing = writer.page("lvnlv nlnnl", "vvnln", "nlvnlvnl", slope=slope)
    assert lines_of(drawing) == [list(range(10)), list(range(10, 15)), list(range(15, 23))]


def test_the_uppermost_line_comes_first_whenever_it_was_written(writer):
    below, above = writer.written("lvn"), writer.written("nn")
    strokes = [*below, *(stroke - [0, 90] for stroke in above)]
    assert cut_lines(strokes) == [[3, 4], [0, 1, 2]]


def test_one_line_is_one_line_however_long(writer):
    assert lines_of(writer.page("lvnlvnlvnlvnlvnlvnlvnlvn", slope=0.1)) == [list(range(24))]


def test_a_late_dot_goes_to_the_line_of_its_letter(writer):
    first, second = writer.written("nvnvn"), [s + np.array([0, 90]) for s in writer.written("vvnv")]
    dot = np.array([(40.0, -30.0), (41.0, -29.0)])
    low_dot = np.array([(40.0, 62.0), (41.0, 63.0)])  # between the lines, over the second
    assert cut_lines([*first, dot, *second, low_dot]) == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
    ]
    assert cut_lines([*first, *second, dot])[0] == [0, 1, 2, 3, 4, 9]


def test_a_dash_before_the_first_letter_opens_no_line_of_its_own(writer):
    dash = np.array([(-40.0, -10.0), (-25.0, -10.0)])
    assert cut_lines([dash, *writer.written("nvl")]) == [[0, 1, 2, 3]]


def test_dots_alone_are_a_line():
    dots = [np.array([(x, 0.0), (x, 0.5)]) for x in (0.0, 5.0, 10.0)]
    assert cut_lines(dots) == [[0, 1, 2]]


def test_the_unit_of_the_page_does_not_matter(writer):
    drawing = writer.page("lvnlv", "vvnln")
    for scale in (0.01, 300):
        assert lines_of(drawing.scaled(scale)) == lines_of(drawing)

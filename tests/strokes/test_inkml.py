"""InkML as programs and data sets write it."""

import pytest

from multimodal.errors import UserError
from multimodal.strokes import read_drawings
from multimodal.strokes.inkml import read_inkml

OPEN = '<ink xmlns="http://www.w3.org/2003/InkML">'


def read(tmp_path, body):
    path = tmp_path / "note.inkml"
    path.write_text(f"<?xml version='1.0'?>\n{OPEN}\n{body}\n</ink>", encoding="utf-8")
    return read_inkml(path)


def strokes(record):
    return [stroke.tolist() for stroke in record.drawing]


def test_traces_are_strokes_and_the_truth_is_the_word(tmp_path):
    record = read(
        tmp_path,
        '<annotation type="truth">Dear Anna</annotation>'
        "<trace>12 30, 14.5 33,17 -4e1</trace><traceGroup><trace>1 2</trace></traceGroup>",
    )
    assert strokes(record) == [[[12, 30], [14.5, 33], [17, -40]], [[1, 2]]]
    assert record.word == "Dear Anna"
    assert record.drawing.times is None


def test_channels_in_any_order(tmp_path):
    record = read(
        tmp_path,
        '<definitions><context><inkSource><traceFormat><channel name="T"/><channel name="Y"/>'
        '<channel name="OTx"/><channel name="X"/><channel name="F"/></traceFormat></inkSource>'
        "</context></definitions><trace>7 2 9 1 0.5, 8 4 9 3 0.25</trace>",
    )
    assert strokes(record) == [[[1, 2], [3, 4]]]
    assert record.drawing.times[0].tolist() == [7, 8]
    assert record.drawing.pressures[0].tolist() == [0.5, 0.25]


def test_differences_and_differences_of_differences(tmp_path):
    """By the standard's own meaning: ' gives velocities, " accelerations, ! plain values again."""
    record = read(tmp_path, "<trace>1125 18432,'23'43,\"7\"-8,3-5,!7!9</trace>")
    assert strokes(record) == [[[1125, 18432], [1148, 18475], [1178, 18510], [1211, 18540], [7, 9]]]


def test_a_pen_in_the_air_draws_nothing(tmp_path):
    record = read(tmp_path, '<trace>0 0</trace><trace type="penUp">5 5</trace><trace> </trace>')
    assert strokes(record) == [[[0, 0]]]


def test_it_is_known_by_its_ending(tmp_path):
    path = tmp_path / "note.inkml"
    path.write_text(f"{OPEN}<trace>0 0, 1 1</trace></ink>")
    assert strokes(read_drawings(path)[0]) == [[[0, 0], [1, 1]]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"note\.inkml:1: no InkML, or broken"),
        ("<svg/>", r"note\.inkml: no InkML: another kind of XML"),
        (f"{OPEN}</ink>", r"note\.inkml: holds no trace"),
        (f"{OPEN}\n<trace>1 2, 3</trace></ink>", r"note\.inkml:2: a point of this trace lacks"),
        (
            f'{OPEN}<traceFormat><channel name="X"/></traceFormat><trace>1</trace></ink>',
            r"note\.inkml: its traces have no X and Y",
        ),
        (f"{OPEN}<trace>1e300 2</trace></ink>", r"note\.inkml: stroke 1 holds a value"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, text, complaint):
    path = tmp_path / "note.inkml"
    path.write_text(text)
    with pytest.raises(UserError, match=complaint):
        read_inkml(path)

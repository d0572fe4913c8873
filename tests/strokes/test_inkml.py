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


FORMATS = """<definitions>
<context xml:id="c0"><inkSource xml:id="s0"><traceFormat><channel name="X"/><channel name="Y"/>
<channel name="F"/></traceFormat></inkSource></context>
<context xml:id="c1"><inkSource xml:id="s1"><traceFormat><channel name="T"/><channel name="X"/>
<channel name="Y"/></traceFormat></inkSource></context>
<traceFormat xml:id="f2"><channel name="Y"/><channel name="X"/></traceFormat>
<context xml:id="c2" traceFormatRef="#f2"/><context xml:id="c3" contextRef="#c1"/>
<context xml:id="c4" inkSourceRef="#s0"/></definitions>"""


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        ('<trace contextRef="#c0">1 2 9, 3 4 9</trace><trace contextRef="#c1">0 5 6, 1 7 8</trace>',
         [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ('<trace contextRef="#c2">1 2, 3 4</trace><trace contextRef="#c3">0 5 6</trace>',
         [[[2, 1], [4, 3]], [[5, 6]]]),
        ('<trace contextRef="#c4">1 2 9</trace><trace>3 4 9</trace>', [[[1, 2]], [[3, 4]]]),
        ('<traceGroup contextRef="#c1"><trace>0 5 6</trace><trace contextRef="#c2">1 2</trace>'
         "</traceGroup><trace>7 8 0</trace>", [[[5, 6]], [[2, 1]], [[7, 8]]]),
        ('<context contextRef="#c2"/><trace>1 2</trace>', [[[2, 1]]]),
    ],
)  # fmt: skip
def test_each_trace_has_the_format_of_its_context(tmp_path, traces, expected):
    assert strokes(read(tmp_path, FORMATS + traces)) == expected


def test_a_page_of_a_note_program_with_three_contexts(tmp_path):
    """As OneNote writes it: pens that tell five, three and two things."""
    contexts = ""
    for name, channels in (("a", "X Y F OTx OTy"), ("b", "X Y F"), ("c", "X Y")):
        each = "".join(f'<channel name="{c}" units="himetric"/>' for c in channels.split())
        contexts += (
            f'<context xml:id="{name}"><inkSource><traceFormat>{each}</traceFormat></inkSource>'
            "</context>"
        )
    record = read(
        tmp_path,
        f'<definitions>{contexts}</definitions><traceGroup><trace contextRef="#a">1 2 3 4 5,'
        '6 7 8 9 10</trace><trace contextRef="#b">11 12 3</trace></traceGroup>'
        '<trace contextRef="#c">21 22, 23 24</trace>',
    )
    assert strokes(record) == [[[1, 2], [6, 7]], [[11, 12]], [[21, 22], [23, 24]]]
    assert record.drawing.pressures is None  # not all pens tell it


def test_lengths_in_different_units_become_those_of_the_first(tmp_path):
    both = "".join(
        f'<context xml:id="{unit}"><traceFormat><channel name="X" units="{unit}"/>'
        f'<channel name="Y" units="{unit}"/></traceFormat></context>'
        for unit in ("mm", "himetric")
    )
    record = read(
        tmp_path,
        f"<definitions>{both}</definitions>"
        '<trace contextRef="#mm">1 2</trace><trace contextRef="#himetric">300 400</trace>',
    )
    assert record.drawing.strokes[1].round(9).tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("trace", "points"),
    [
        ("10 5, 20 *, 30 *", [[10, 5], [20, 5], [30, 5]]),
        ("0 0,'3'0,* *,* *", [[0, 0], [3, 0], [6, 0], [9, 0]]),
        ("0 0,'1'0,\"2\"0,* *", [[0, 0], [1, 0], [4, 0], [9, 0]]),
        ("0 0,'1'1,!9*", [[0, 0], [1, 1], [9, 2]]),
        ("#1F -#a, - 5 + 6,", [[31, -10], [-5, 6]]),
        ("1 2, ? 9, 5 6", [[1, 2], [5, 6]]),
        ("1.5e1.5,-.5-5.", [[15, 0.5], [-0.5, -5]]),
        ("1\n2\n,\n3\t4", [[1, 2], [3, 4]]),
    ],
)
def test_the_grammar_of_traces(tmp_path, trace, points):
    assert strokes(read(tmp_path, f"<trace>{trace}</trace>")) == [points]


@pytest.mark.parametrize(
    ("trace", "complaint"),
    [
        ("1 2, 3 x", "holds 'x'"),
        ("1 2; 3 4", "holds '; 3 4'"),
        ("1 2 3", "a value too many"),
        ("* 2", "begins with"),
        ("1 2, 3 '", "a sign of difference without its value"),
        ("1 2, 3 #", "holds '#'"),
    ],
)
def test_what_is_no_trace_is_an_error_with_its_line(tmp_path, trace, complaint):
    with pytest.raises(UserError, match=r"note\.inkml:4: .*" + complaint):
        read(tmp_path, f"<trace>1 1</trace>\n<trace>{trace}</trace>")


def test_axes_may_count_the_other_way(tmp_path):
    head = '<traceFormat><channel name="X"/><channel name="Y" orientation="-ve"/></traceFormat>'
    assert strokes(read(tmp_path, f"{head}<trace>1 2, 3 4</trace>")) == [[[1, -2], [3, -4]]]


@pytest.mark.parametrize(
    "traces",
    [
        '<trace xml:id="a" continuation="begin">0 0, 1 1</trace>'
        '<trace continuation="end" priorRef="#a">2 2, 3 3</trace>',
        '<trace xml:id="a" continuation="begin">0 0</trace><trace xml:id="b"'
        ' continuation="middle" priorRef="#a">1 1</trace>'
        '<trace continuation="end" priorRef="#b">2 2, 3 3</trace>',
        "<trace>0 0, 1 1</trace><trace>1 1, 2 2, 3 3</trace>",
        '<trace continuation="begin">0 0, 1 1</trace><trace continuation="end">1 1, 2 2, 3 3'
        "</trace>",
    ],
)
def test_what_goes_on_is_one_stroke(tmp_path, traces):
    assert strokes(read(tmp_path, traces)) == [[[0, 0], [1, 1], [2, 2], [3, 3]]]


def test_another_brush_is_another_pen(tmp_path):
    traces = '<trace brushRef="#a">0 0, 1 1</trace><trace brushRef="#b">1 1, 2 2</trace>'
    assert len(strokes(read(tmp_path, traces))) == 2


def test_definitions_are_no_ink(tmp_path):
    body = '<definitions><trace xml:id="t">0 0, 9 9</trace></definitions><trace>1 1, 2 2</trace>'
    assert strokes(read(tmp_path, body)) == [[[1, 1], [2, 2]]]


@pytest.mark.parametrize("reference", ['contextRef="#no"', 'continuation="end" priorRef="#no"'])
def test_what_refers_to_nothing_is_an_error(tmp_path, reference):
    with pytest.raises(UserError, match=r"note\.inkml:3: .*#no"):
        read(tmp_path, f"<trace {reference}>1 2</trace>")


def test_contexts_in_a_circle(tmp_path):
    circle = '<context xml:id="a" contextRef="#b"/><context xml:id="b" contextRef="#a"/>'
    with pytest.raises(UserError, match="circle"):
        read(tmp_path, f'<definitions>{circle}</definitions><trace contextRef="#a">1 2</trace>')


def test_times_that_are_not_known_lie_between_their_neighbours(tmp_path):
    head = '<traceFormat><channel name="X"/><channel name="Y"/><channel name="T"/></traceFormat>'
    record = read(tmp_path, f"{head}<trace>1 2 10, 3 4 ?, 5 6 30</trace>")
    assert record.drawing.times[0].tolist() == [10, 20, 30]

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, from_points, read_drawings, to_points
from multimodal.strokes.joining import joined_drawing
from multimodal.strokes.points import encode_points, read_points

TIMED = Drawing([[(1, 2), (3, 4)], [(5, 6)]], times=[[0, 8], [20]])


def read(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return [record.drawing for record in read_drawings(path)]


def test_the_forms_of_a_browser(tmp_path):
    path = tmp_path / "pad.json"
    bare = [[[1, 2], [3, 4]], [[5, 6]]]
    timed = [[[1, 2, 0], [3, 4, 8]], [[5, 6, 20]]]
    pressed = [[[1, 2, 0, 0.5], [3, 4, 8, 1]], [[5, 6, 20, 0.25]]]
    assert read(path, bare) == [Drawing(TIMED.strokes)]
    assert read(path, timed) == [TIMED]
    assert read(path, {"strokes": pressed}) == [
        Drawing(TIMED.strokes, TIMED.times, [[0.5, 1], [0.25]])
    ]
    assert read(path, {"drawings": [{"strokes": timed}, bare]}) == [TIMED, Drawing(TIMED.strokes)]


def test_pressure_without_time():
    drawing = Drawing([[(1, 2)]], pressures=[[0.5]])
    assert to_points(drawing) == [[[1, 2, None, 0.5]]]
    assert from_points(to_points(drawing)) == drawing


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.from_type(Drawing), min_size=1, max_size=3))
def test_all_comes_back_exactly(tmp_path, drawings):
    path = tmp_path / "any.json"
    path.write_bytes(b"".join(encode_points(drawings)))
    assert read_points(path) == drawings
    assert [record.drawing for record in read_drawings(path)] == [*map(joined_drawing, drawings)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (5, "no list of strokes"),
        ({}, "no list of strokes"),
        ({"strokes": None}, "no list of strokes"),
        ([], "without strokes"),
        ({"drawings": []}, "holds no drawing"),
        ({"drawings": [{"strokes": []}]}, "without strokes"),
        ([[]], "stroke 1 is no list of points"),
        ([[[1, 2]], 7], "stroke 2 is no list of points"),
        ([[[1]]], "stroke 1: a point is"),
        ([[[1, 2, 3, 4, 5]]], "stroke 1: a point is"),
        ([[{"x": 1, "y": 2}]], "stroke 1: a point is"),
        ([[[1, 2], [1, 2, 3]]], "differ"),
        ([[["a", "b"]]], "else than numbers"),
        ([[[None, 1]]], "else than numbers"),
        ([[[1, 2, None, 1], [1, 2, 3, 1]]], "times"),
        ([[[1e200, 2]]], "beyond"),
        ([[[float("nan"), 2]]], "not finite"),
    ],
)
def test_anything_else_is_one_clear_line(tmp_path, content, reason):
    path = tmp_path / "pad.json"
    with pytest.raises(UserError, match=reason) as caught:
        read(path, content)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_json(tmp_path):
    path = tmp_path / "pad.json"
    with pytest.raises(UserError, match="cannot be read"):
        read_drawings(path)
    for data in (b"", b"{", b"\xff\xfe\0", b"[" * 100_000):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"pad.json: not JSON"):
            read_drawings(path)


def test_times_may_count_since_1970(tmp_path):
    path = tmp_path / "pad.json"
    start = 1646737591551
    (drawing,) = read(path, [[[1, 2, start], [3, 4, start + 12]]])
    assert drawing.times[0].tolist() == [start, start + 12]
    assert drawing.strokes[0].tolist() == [[1, 2], [3, 4]]
    (drawing,) = read(path, [[[1, 2, start * 10**6]]])  # nanoseconds
    assert drawing.times[0].tolist() == [float(start * 10**6)]
    with pytest.raises(UserError, match="times 1 holds a value"):
        read(path, [[[1, 2, 1e300]]])
    with pytest.raises(UserError, match="stroke 1 holds a value"):
        read(path, [[[start, 2, 0]]])


def test_a_stroke_in_pieces_is_one(tmp_path):
    pieces = [[[1, 2, 0], [3, 4, 8]], [[3, 4, 8], [5, 6, 20]], [[5, 6.5, 30], [7, 7, 40]]]
    (drawing,) = read(tmp_path / "pad.json", pieces)
    assert [stroke.tolist() for stroke in drawing] == [[[1, 2], [3, 4], [5, 6]], [[5, 6.5], [7, 7]]]
    assert [times.tolist() for times in drawing.times] == [[0, 8, 20], [30, 40]]

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Record, read_drawings, read_ndjson
from multimodal.strokes.ndjson import encode_ndjson

GOOD = '{"word":"cat","key_id":"1","drawing":[[[0,9],[5,5]]]}'
TEXT = st.text(max_size=8)
RECORDS = st.builds(
    Record,
    st.from_type(Drawing),
    word=TEXT,
    key_id=TEXT,
    recognized=st.sampled_from([None, True, False]),
    country=TEXT,
    timestamp=TEXT,
)


def test_simplified_and_raw_lines(tmp_path):
    path = tmp_path / "cat.ndjson"
    raw = {
        "key_id": "5891796615823360",
        "word": "nose",
        "countrycode": "AE",
        "timestamp": "2017-03-01 20:41:36.70725 UTC",
        "recognized": True,
        "drawing": [[[129.5, 128], [34, 35], [0, 28]], [[5], [6], [90]]],
    }
    path.write_text(f"{GOOD}\n\n{json.dumps(raw)}\n", encoding="utf-8")
    simplified, full = read_ndjson(path)
    assert simplified == Record(Drawing([[(0, 5), (9, 5)]]), "cat", "1")
    assert full == Record(
        Drawing([[(129.5, 34), (128, 35)], [(5, 6)]], times=[[0, 28], [90]]),
        "nose",
        "5891796615823360",
        True,
        "AE",
        "2017-03-01 20:41:36.70725 UTC",
    )


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_all_comes_back_exactly(tmp_path, records):
    path = tmp_path / "any.ndjson"
    path.write_bytes(encode_ndjson(records))
    assert list(read_ndjson(path)) == records


def test_whole_numbers_stay_whole():
    line = encode_ndjson([Record(Drawing([[(1, 2.5), (3, 4)]]), "dot")])
    assert line == b'{"word":"dot","drawing":[[[1,3],[2.5,4.0]]]}\n'


DAMAGED = {
    '{"drawing": [[[0,9],[5': "not JSON",
    "[1, 2]": "no object",
    '{"word": "cat"}': '"drawing"',
    '{"drawing": {"a": 1}}': '"drawing"',
    '{"drawing": []}': "no strokes",
    '{"drawing": [[[],[]]]}': "stroke 1",
    '{"drawing": [5]}': "stroke 1",
    '{"drawing": [[1, 2]]}': "xs and ys are lists",
    '{"drawing": [[[1,2],[3]]]}': "stroke 1 has 2 xs and 1 ys",
    '{"drawing": [[["a"],[3]]]}': "else than numbers",
    '{"drawing": [[[[1]],[3]]]}': "else than numbers",
    '{"drawing": [[[null],[3]]]}': "else than numbers",
    '{"drawing": [[[NaN],[3]]]}': "not finite",
    '{"drawing": [[[1e999],[3]]]}': "not finite",
    '{"drawing": [[[' + "9" * 5000 + "],[3]]]}": "not JSON",
    '{"drawing": [[[1],[2],[3,4]]]}': "times",
    '{"drawing": [[[1],[2],[3]],[[1],[2]]]}': "times",
    '{"drawing": [[[1],[2],[3],[4],[5]]]}': "stroke 1",
    '{"drawing": [[[1],[2]]], "word": 5}': '"word"',
    '{"drawing": [[[1],[2]]], "recognized": "yes"}': '"recognized"',
    "[" * 100_000: "not JSON",
}


@pytest.mark.parametrize("line", DAMAGED, ids=[str(number) for number in range(len(DAMAGED))])
def test_a_damaged_line_is_skipped_and_counted(tmp_path, line):
    path = tmp_path / "ünï.ndjson"
    path.write_text(f"{GOOD}\n{line}\n{GOOD}\n", encoding="utf-8")
    skipped = []
    assert len(list(read_ndjson(path, skipped))) == 2
    (note,) = skipped
    assert note.startswith(f"{path}:2: ")
    assert DAMAGED[line] in note
    assert "\n" not in note
    assert len(note) < len(str(path)) + 200


def test_without_a_list_one_warning_counts_them(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_bytes(GOOD.encode() + b"\nnonsense\n\xff\xfe\n")
    with pytest.warns(UserWarning, match=r"2 damaged lines were skipped, first .*cat.ndjson:2: "):
        assert len(list(read_ndjson(path))) == 1


def test_nothing_usable_is_an_error(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_bytes(b"")
    with pytest.raises(UserError, match="holds no drawing"):
        list(read_ndjson(path))
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(UserError, match=r"cat.ndjson:1: not JSON"):
        list(read_ndjson(path))
    with pytest.raises(UserError, match=r"none.ndjson: cannot be read"):
        list(read_ndjson(tmp_path / "none.ndjson"))


def test_a_key_may_be_a_number(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_text(GOOD.replace('"1"', "5891796615823360"))
    assert [record.key_id for record in read_ndjson(path)] == ["5891796615823360"]
    path.write_text(GOOD.replace('"1"', "true"))
    with pytest.raises(UserError, match="key_id"):
        list(read_ndjson(path))


def test_pieces_are_joined_where_a_file_is_read_as_somebodys_drawings(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_text(GOOD.replace("[[[0,9],[5,5]]]", "[[[0,9],[5,5]],[[9,8],[5,1]]]"))
    (record,) = read_drawings(path)
    assert [stroke.tolist() for stroke in record.drawing] == [[[0, 5], [9, 5], [8, 1]]]
    assert len(next(read_ndjson(path)).drawing) == 2  # a data set stays as it was published

import struct

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Record, read_drawings
from multimodal.strokes.binary import read_binary

HEAD = struct.pack("<Q2sBIH", 5891796615823360, b"AE", 1, 1488400896, 2)
STROKES = struct.pack("<H3B3B", 3, 0, 127, 255, 9, 8, 7) + struct.pack("<HBB", 1, 4, 5)


def test_records_follow_each_other(tmp_path):
    path = tmp_path / "nose.bin"
    path.write_bytes((HEAD + STROKES) * 2)
    first, second = read_binary(path)
    assert first == second
    assert first == Record(
        Drawing([[(0, 9), (127, 8), (255, 7)], [(4, 5)]]),
        "nose",
        "5891796615823360",
        True,
        "AE",
        "2017-03-01 20:41:36+00:00",
    )


def test_cut_off_anywhere_is_an_error(tmp_path):
    path = tmp_path / "nose.bin"
    whole = HEAD + STROKES
    for size in range(1, len(whole)):
        path.write_bytes(whole + whole[:size])
        with pytest.raises(UserError, match=r"nose.bin: record 2, before byte \d+: .*cut off"):
            list(read_binary(path))


def test_empty_and_missing_files(tmp_path):
    path = tmp_path / "nose.bin"
    with pytest.raises(UserError, match=r"nose.bin: cannot be read"):
        list(read_binary(path))
    path.write_bytes(b"")
    with pytest.raises(UserError, match="holds no drawing"):
        list(read_binary(path))


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(["bin", "npz", "json", "ndjson", "svg"]), st.binary(max_size=200))
@example("bin", HEAD[:-2] + b"\0\0")
@example("svg", "<svg>ü</svg>".encode("utf-16"))
@example("npz", b"PK\3\4" + b"\0" * 100)
def test_garbage_is_one_line_that_names_the_file(tmp_path, ending, data):
    path = tmp_path / f"garbage.{ending}"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_drawings(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, read_drawings, read_npz, to_stroke3
from multimodal.strokes.npz import encode_npz

DRAWING = Drawing([[(1, 2), (3, 4)], [(5, 5)]])


def archive(path, pickled, name="train.npy", shape="(1,)"):
    header = f"{{'descr': '|O', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            name, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + pickled
        )
    return path


def objects(*entries):
    array = np.empty(len(entries), dtype=object)
    for number, entry in enumerate(entries):
        array[number] = entry
    return array


def test_numpy_reads_what_is_written():
    data = np.load(io.BytesIO(encode_npz([DRAWING], [], [DRAWING, DRAWING])), allow_pickle=True)
    assert {part: len(data[part]) for part in data} == {"train": 1, "valid": 0, "test": 2}
    assert data["train"][0].dtype == np.int16
    assert data["train"][0].tolist() == [[1, 2, 0], [2, 2, 1], [2, 1, 1]]


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.from_type(Drawing), min_size=1, max_size=3))
def test_all_comes_back(tmp_path, drawings):
    small = [Drawing([np.rint(stroke / 100) for stroke in drawing]) for drawing in drawings]
    path = tmp_path / "any.npz"
    path.write_bytes(encode_npz(small))
    assert [record.drawing for record in read_drawings(path)] == small


def test_fractions_are_kept_as_floats(tmp_path):
    path = tmp_path / "small.npz"
    fine = Drawing([[(0.25, 0.5), (0.75, 0.125)]])
    path.write_bytes(encode_npz([fine, DRAWING]))
    assert read_npz(path, "train") == [fine, DRAWING]
    with pytest.raises(UserError, match="scale the drawing down"):
        encode_npz([Drawing([[(0, 0), (40_000, 0)]])])


def test_parts_are_read_apart_and_in_order(tmp_path):
    path = tmp_path / "parts.npz"
    one, two = DRAWING.scaled(2), DRAWING.scaled(3)
    path.write_bytes(encode_npz([DRAWING], [one], [two]))
    assert [read_npz(path, part) for part in ("train", "valid", "test")] == [
        [DRAWING],
        [one],
        [two],
    ]
    assert [record.drawing for record in read_drawings(path)] == [DRAWING, one, two]
    assert read_npz(path, "dev") == read_npz(path, "validation") == [one]
    with pytest.raises(UserError, match=r"parts.npz: no split 'all': choose one of train, dev, "):
        read_npz(path, "all")
    np.savez(path, train=np.load(path, allow_pickle=True)["train"])
    with pytest.raises(UserError, match=r"parts.npz: no part 'valid'; it has train$"):
        read_npz(path, "dev")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["<i2", ">i2", "<f4", "<f8", "|i1", "<i8"])
def test_every_protocol_and_type_of_number(tmp_path, protocol, kind):
    entry = to_stroke3(DRAWING).astype(kind)
    path = archive(tmp_path / "old.npz", pickle.dumps(objects(entry), protocol))
    if protocol == 5:  # which NumPy writes in another way, and no archive uses
        with pytest.raises(UserError, match="refused"):
            read_npz(path, "train")
    else:
        assert read_npz(path, "train") == [DRAWING]


def test_arrays_by_columns_and_without_objects(tmp_path):
    entry = np.asfortranarray(to_stroke3(DRAWING))
    path = archive(tmp_path / "columns.npz", pickle.dumps(objects(entry), 2))
    assert read_npz(path, "train") == [DRAWING]
    np.savez(tmp_path / "plain.npz", train=np.stack([to_stroke3(DRAWING)] * 2))
    assert read_npz(tmp_path / "plain.npz", "train") == [DRAWING] * 2


@pytest.mark.parametrize("name", ["aaron_sheep", "kanji.rdp200"])
def test_published_files_as_numpy_reads_them(shared, name):
    path = shared / "data" / "sketch-rnn" / f"{name}.npz"
    with np.load(path, allow_pickle=True, encoding="latin1") as data:
        expected = data["test"]
    drawings = read_npz(path, "test")
    assert len(drawings) == len(expected)
    for drawing, steps in zip(drawings, expected, strict=True):
        assert np.array_equal(to_stroke3(drawing)[:, :2], steps[:, :2])
        assert np.array_equal(to_stroke3(drawing)[:-1, 2], steps[:-1, 2])


class Hostile:
    """Runs a command when a plain unpickler meets it."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("function", [os.system, eval, exec, print, pickle.loads, np.load, getattr])
def test_no_pickle_is_ever_run(tmp_path, capfd, monkeypatch, protocol, function):
    monkeypatch.chdir(tmp_path)
    command = "touch owned" if function is os.system else "__import__('os').mkdir('owned')"
    hostile = Hostile(function, command)
    for payload in (hostile, objects(hostile), [hostile]):
        path = archive(tmp_path / "hostile.npz", pickle.dumps(payload, protocol))
        with pytest.raises(UserError, match=r"hostile.npz: refused: it asks to run '\w+"):
            read_drawings(path)
    assert not (tmp_path / "owned").exists()
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "payload",
    [
        pickle.dumps(5),
        pickle.dumps([[1, 2, 3]]),
        pickle.dumps(objects("text"), 2),
        pickle.dumps(objects(None), 2),
        pickle.dumps(objects(np.array(["a"])), 2),
        pickle.dumps(objects(objects(5)), 2),
        pickle.dumps(objects(np.zeros((2, 4))), 2),
        pickle.dumps(objects(np.array([[1, 2, np.nan]])), 2),
        pickle.dumps(objects(to_stroke3(DRAWING)), 2)[:-30],
        b"cnumpy\nndarray\n.",
        b"cnumpy\nndarray\n)R(tb.",
        b"cnumpy\nndarray\n}S'told'\nS'all'\nsb.",
        b"cnumpy\nndarray\n(N}S'told'\nS'all'\nstb.",
        b"cnumpy\ndtype\n(tR.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"(" * 1000,
        b"",
    ],
)
def test_other_pickles_are_one_clear_line(tmp_path, payload):
    path = archive(tmp_path / "odd.npz", payload)
    with pytest.raises(UserError, match=r"odd.npz: ") as caught:
        read_npz(path, "train")
    assert "\n" not in str(caught.value)


def test_broken_archives(tmp_path):
    path = tmp_path / "broken.npz"
    with pytest.raises(UserError, match="no such file"):
        read_npz(path, "train")
    whole = encode_npz([DRAWING])
    for data in (b"", b"PK", whole[:-40], whole[:60] + b"\0" * 20 + whole[80:]):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"broken.npz: "):
            read_npz(path, "train")
    archive(path, b"", name="other.txt")
    with pytest.raises(UserError, match="no part 'train'; it has none"):
        read_drawings(path)


@pytest.mark.parametrize(
    "stacked",
    [
        np.array([[[1, 2, 0], [3, 4, 1]], [[5, 6, 0], [7, 8, 1]]], dtype=object),
        np.array(
            [np.array([[1, 2, 0], [3, 4, 1]]), np.array([[5, 6, 0], [7, 8, 1]])], dtype=object
        ),
        np.array([[[np.int16(1), 2, 0], [3, 4, 1]], [[5, np.float32(6), 0], [7, 8, 1]]], object),
        np.asfortranarray(np.array([[[1, 2, 0], [3, 4, 1]], [[5, 6, 0], [7, 8, 1]]], object)),
    ],
)
def test_drawings_of_one_length_that_numpy_stacked(tmp_path, stacked):
    path = tmp_path / "equal.npz"
    np.savez(path, train=stacked)
    first, second = read_npz(path, "train")
    assert first.strokes[0].tolist() == [[1, 2], [4, 6]]
    assert second.strokes[0].tolist() == [[5, 6], [12, 14]]


def test_drawings_whose_numbers_are_objects(tmp_path):
    rows = np.empty(2, dtype=object)
    rows[0], rows[1] = np.array([[1, 2, 1]], object), np.array([[1, 2, 0], [3, 4, 1]], object)
    path = tmp_path / "objects.npz"
    np.savez(path, train=rows)
    assert [drawing.points for drawing in read_npz(path, "train")] == [1, 2]

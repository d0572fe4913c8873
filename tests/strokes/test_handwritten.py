"""UNIPEN's samples: labels, the rules of cleaning, the split by writer."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multimodal.errors import UserError
from multimodal.strokes.handwritten import Handwritten, kinds_in, read_handwriting, writer_split
from multimodal.strokes.handwritten_samples import believable, clean_text


def letter(x: float, y: float = 0.0) -> np.ndarray:
    """A letter 20 units wide and 40 high, at a place of the page."""
    shape = np.array([(0, 0), (0, -20), (10, -40), (20, -20), (20, 0)])
    return shape + np.array([x, y])


def offsets_of(strokes) -> np.ndarray:
    points = np.concatenate(strokes)
    steps = np.diff(points, axis=0, prepend=points[:1])
    lifted = np.zeros(len(points))
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = 1
    return np.column_stack([steps, lifted]).astype(np.int16)


def line(count: int = 4) -> np.ndarray:
    return offsets_of([letter(40 * n) for n in range(count)])


def write(path, rows):
    """rows: (text, writer, offsets)."""
    columns = {
        "text": [text for text, _, _ in rows],
        "writer": pa.array([writer for _, writer, _ in rows], pa.int16()),
        "contributor": ["abc"] * len(rows),
        "dx": pa.array([o[:, 0] for _, _, o in rows], pa.list_(pa.int16())),
        "dy": pa.array([o[:, 1] for _, _, o in rows], pa.list_(pa.int16())),
        "pen_lifted": pa.array([o[:, 2] != 0 for _, _, o in rows], pa.list_(pa.bool_())),
    }
    pq.write_table(pa.table(columns), path, row_group_size=2)


def kept(text, offsets) -> bool:
    return bool(believable([text], offsets, np.array([0, len(offsets)]))[0])


def test_samples_come_back_as_they_were_written(tmp_path):
    write(tmp_path / "lines.parquet", [("abcd", 12, line()), ("ab", 3, line(2))])
    write(tmp_path / "words.parquet", [("xy", 2, line(2))])
    samples = read_handwriting(tmp_path, ["lines", "words"], "train")
    assert [(s.text, s.writer) for s in samples] == [("abcd", 12), ("ab", 3), ("xy", 2)]
    assert samples[0].offsets.dtype == np.int16
    assert samples[0].offsets.tolist() == line().tolist()
    assert [stroke.tolist() for stroke in samples[1].strokes] == [
        letter(40 * n).tolist() for n in range(2)
    ]
    assert len(samples[0].drawing) == 4
    assert kinds_in(tmp_path) == ["lines", "words"]


def test_no_writer_is_in_two_parts(tmp_path):
    rows = [("abcd", writer, line()) for writer in range(40)]
    write(tmp_path / "lines.parquet", rows)
    parts = {
        split: {s.writer for s in read_handwriting(tmp_path, ["lines"], split)}
        for split in ("train", "dev", "test")
    }
    assert parts["test"] == {0, 10, 20, 30}
    assert parts["dev"] == {1, 11, 21, 31}
    assert parts["train"] == set(range(40)) - parts["test"] - parts["dev"]
    assert [writer_split(n) for n in (0, 1, 2, 319)] == ["test", "dev", "train", "train"]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (r"t\@h\@e\@", "the"),
        (r"a\\b", r"a\b"),
        (r"\\@", r"\@"),
        ("  two   words\t", "two words"),
        (r"\@", ""),
        ("caf\xe9", ""),
        ("bell\x07", ""),
    ],
)
def test_labels_are_unescaped_and_printable(label, text):
    assert clean_text(label) == text


def test_a_plain_line_is_believed():
    assert kept("abcd", line())


def test_too_few_points_or_too_little_ink_for_the_label():
    assert kept("abcdef", line())  # 20 points
    assert not kept("abcdefg", line())
    dots = offsets_of([np.array([(0, 0), (1, 0), (0, 1), (0, 0), (1, 1)])] * 4)
    assert not kept("abcd", dots)


def test_too_much_ink_for_the_label():
    assert kept("a", line(2))
    scribble = offsets_of([letter(0)] * 5)  # 5 letters of ink where one is written
    assert not kept("a", scribble)


def test_too_wide_or_too_high():
    wide = offsets_of([letter(0), letter(300)])
    assert not kept("ab", wide)
    high = offsets_of([letter(0), letter(40, -260)])
    assert not kept("ab", high)
    assert kept("ab", offsets_of([letter(0), letter(40, -20)]))


def test_a_line_that_wraps_is_left_out_but_late_dots_are_not():
    first, second = [letter(40 * n) for n in range(6)], [letter(40 * n, 90) for n in range(3)]
    assert not kept("abcdefghi", offsets_of(first + second))
    dot = np.array([(10.0, -55.0), (11.0, -54.0), (10.0, -54.0)])
    assert kept("abcdef", offsets_of([*first, dot]))
    comma_below = np.array([(10.0, 12.0), (9.0, 16.0), (8.0, 18.0)])
    again = [*first, *(letter(40 * n) for n in range(3)), comma_below]  # written over
    assert kept("abcdefabc", offsets_of(again))


def test_leaving_out_one_sample_leaves_its_neighbours_alone(tmp_path):
    rows = [("abcd", 2, line()), ("\xe9", 2, line(3)), ("abc", 2, line(3))]
    write(tmp_path / "lines.parquet", rows)
    samples = read_handwriting(tmp_path, ["lines"], "train")
    assert [sample.text for sample in samples] == ["abcd", "abc"]
    assert samples[1].offsets.tolist() == line(3).tolist()


def test_what_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"lines\.parquet: no such file"):
        read_handwriting(tmp_path, ["lines"], "train")
    with pytest.raises(UserError, match="no split 'all'"):
        read_handwriting(tmp_path, ["lines"], "all")
    with pytest.raises(UserError, match="no 'pages' here"):
        read_handwriting(tmp_path, ["pages"], "train")
    (tmp_path / "lines.parquet").write_bytes(b"no parquet")
    with pytest.raises(UserError, match=r"lines\.parquet: cannot be read as handwriting"):
        read_handwriting(tmp_path, ["lines"], "train")
    pq.write_table(pa.table({"text": ["a"], "writer": [1]}), tmp_path / "lines.parquet")
    with pytest.raises(UserError, match=r"lines\.parquet: no column dx"):
        read_handwriting(tmp_path, ["lines"], "train")
    columns = {"text": ["a"], "writer": [2], "dx": [1], "dy": [1], "pen_lifted": [True]}
    pq.write_table(pa.table(columns), tmp_path / "lines.parquet")
    with pytest.raises(UserError, match=r"lines\.parquet: a column is not of its kind"):
        read_handwriting(tmp_path, ["lines"], "train")


def test_columns_of_different_lengths_are_refused(tmp_path):
    columns = {"text": ["a"], "writer": [2], "dx": [[1, 2]], "dy": [[1]], "pen_lifted": [[True]]}
    pq.write_table(pa.table(columns), tmp_path / "lines.parquet")
    with pytest.raises(UserError, match="differ in length"):
        read_handwriting(tmp_path, ["lines"], "train")


def test_a_sample_never_changes():
    sample = Handwritten("a", 1, line(1))
    with pytest.raises(AttributeError):
        sample.text = "b"


def test_the_real_set(shared):
    lines = read_handwriting(shared / "data" / "unipen", ["lines"], "dev")
    assert len(lines) > 600
    assert all(sample.text.isprintable() and sample.text.isascii() for sample in lines)
    assert {sample.writer % 10 for sample in lines} == {1}

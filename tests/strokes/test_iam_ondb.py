"""IAM-OnDB's own layout, made up here line by line."""

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.strokes.handwritten import kinds_in, read_handwriting

LETTER = np.array([(0, 0), (0, -200), (100, -400), (200, -200), (200, 0)])


def write_page(folder, name, texts, *, writer=None, lines=None):
    """A page such as a01-000u: its texts, and the strokes of each, 10 units an UNIPEN unit."""
    form, letter = name[:7], name[7:]
    place = f"{name[:3]}/{form}"
    ascii_file = folder / "ascii" / place / f"{name}.txt"
    ascii_file.parent.mkdir(parents=True, exist_ok=True)
    ascii_file.write_text("OCR:\n\nscanned badly\n\nCSR:\n\n" + "\n".join(texts) + "\n")
    strokes = folder / "lineStrokes" / place
    strokes.mkdir(parents=True, exist_ok=True)
    for number in range(1, (lines or len(texts)) + 1):
        letters = [LETTER + np.array([400 * n + 1000, 5000]) for n in range(4)]
        body = "".join(
            "<Stroke colour='black'>"
            + "".join(f"<Point x='{x}' y='{y}' time='1.5'/>" for x, y in one)
            + "</Stroke>"
            for one in letters
        )
        (strokes / f"{name}-{number:02d}.xml").write_text(
            "<?xml version='1.0' encoding='ISO-8859-1'?><WhiteboardCaptureSession>"
            f"<StrokeSet>{body}</StrokeSet></WhiteboardCaptureSession>"
        )
    if writer is not None:
        original = folder / "original" / place
        original.mkdir(parents=True, exist_ok=True)
        (original / f"strokes{letter}.xml").write_text(
            "<WhiteboardCaptureSession><General><Form id='1' "
            f"writerID='{writer}'/></General></WhiteboardCaptureSession>"
        )


def test_lines_with_their_texts_and_writers(tmp_path):
    write_page(tmp_path, "a01-000u", ["abcd", "ab cd"], writer=10123)
    write_page(tmp_path, "a01-001w", ["dcba"], writer=10121)
    lines = read_handwriting(tmp_path, ["lines", "words"], "train")
    assert [(line.text, line.writer) for line in lines] == [("abcd", 10123), ("ab cd", 10123)]
    assert len(lines[0].strokes) == 4
    assert lines[0].offsets[0].tolist() == [0, 0, 0]
    heights = lines[0].offsets[:, 1].cumsum()
    assert heights.std() == pytest.approx(20, abs=0.5)
    assert [line.text for line in read_handwriting(tmp_path, ["lines"], "dev")] == ["dcba"]
    assert kinds_in(tmp_path) == ["lines"]
    assert read_handwriting(tmp_path, ["words"], "train") == []


def test_the_official_parts_are_taken_where_they_are_listed(tmp_path):
    write_page(tmp_path, "a01-000u", ["abcd"])
    write_page(tmp_path, "a01-001", ["dcba"])
    (tmp_path / "task1").mkdir()
    (tmp_path / "task1" / "trainset.txt").write_text("  a01-001\n")
    (tmp_path / "task1" / "testset_v.txt").write_text("")
    (tmp_path / "task1" / "testset_f.txt").write_text("a01-000u\n")
    texts = {
        split: [line.text for line in read_handwriting(tmp_path, ["lines"], split)]
        for split in ("train", "dev", "test")
    }
    assert texts == {"train": ["dcba"], "dev": [], "test": ["abcd"]}


def test_a_form_without_a_writer_is_in_one_part_as_a_whole(tmp_path):
    for letter in "uwz":
        write_page(tmp_path, f"b02-017{letter}", ["abcd"])
    found = [len(read_handwriting(tmp_path, ["lines"], s)) for s in ("train", "dev", "test")]
    assert sorted(found) == [0, 0, 3]


def test_a_page_whose_lines_cannot_be_told_apart_is_left_out(tmp_path):
    write_page(tmp_path, "a01-000u", ["abcd", "dcba"], writer=2, lines=3)
    write_page(tmp_path, "a01-001u", ["abcd"], writer=2)
    assert len(read_handwriting(tmp_path, ["lines"], "train")) == 1


def test_what_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "lineStrokes").mkdir()
    (tmp_path / "ascii").mkdir()
    with pytest.raises(UserError, match=r"no page as ascii/a01/a01-000/a01-000u\.txt"):
        read_handwriting(tmp_path, ["lines"], "train")
    write_page(tmp_path, "a01-000u", ["abcd"], writer=2)
    broken = tmp_path / "lineStrokes/a01/a01-000/a01-000u-01.xml"
    broken.write_text(
        "<WhiteboardCaptureSession>\n<Stroke><Point x='1'/></Stroke>\n</WhiteboardCaptureSession>"
    )
    with pytest.raises(UserError, match=r"a01-000u-01\.xml:2: a point without x or y"):
        read_handwriting(tmp_path, ["lines"], "train")

from collections import Counter

import pytest

from multimodal.errors import UserError
from multimodal.strokes import Drawing, quickdraw_form, quickdraw_split, read_ndjson, read_quickdraw
from multimodal.strokes.ndjson import Record, encode_ndjson


def test_split_of_known_keys():
    assert quickdraw_split("b") == "test"
    assert quickdraw_split("e") == "dev"
    assert quickdraw_split("a") == "train"
    assert quickdraw_split("4505089353973760") == "train"


def test_one_in_ten_is_test_and_one_valid():
    parts = Counter(quickdraw_split(str(key)) for key in range(5000))
    assert parts["test"] == pytest.approx(500, abs=70)
    assert parts["dev"] == pytest.approx(500, abs=70)


def write(folder, category, keys):
    records = [Record(Drawing([[(0, 0), (n, 1)]]), category, key) for n, key in enumerate(keys)]
    (folder / f"{category}.ndjson").write_bytes(encode_ndjson(records))


def test_a_folder_by_category(tmp_path):
    write(tmp_path, "ice cream", "abcde")
    write(tmp_path, "duck", "ba")
    (tmp_path / "README.md").write_text("not data")
    assert list(read_quickdraw(tmp_path, "train")) == ["duck", "ice cream"]
    assert {c: len(d) for c, d in read_quickdraw(tmp_path, "train").items()} == {
        "duck": 1,
        "ice cream": 3,
    }
    assert read_quickdraw(tmp_path, "dev") == {
        "duck": [],
        "ice cream": [Drawing([[(0, 0), (4, 1)]])],
    }


def test_drawings_without_keys_are_split_by_what_they_are(tmp_path):
    write(tmp_path, "duck", [""] * 40)
    write(tmp_path, "swan", [""] * 40)
    parts = [read_quickdraw(tmp_path, split) for split in ("train", "dev", "test")]
    assert sum(len(part["duck"]) for part in parts) == 40
    assert all(part["duck"] == part["swan"] for part in parts)
    assert len(parts[0]["duck"]) < 40


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match=r"no <category>.ndjson"):
        read_quickdraw(tmp_path, "train")
    with pytest.raises(UserError, match="no <category>"):
        read_quickdraw(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match="choose one of train, dev, test"):
        read_quickdraw(tmp_path, "all")


def test_the_simplified_form():
    wide = Drawing([[(10, 20), (35.5, 20.5), (61, 20)], [(20, 30)]])
    line, dot = quickdraw_form(wide)
    assert line[[0, -1]].tolist() == [[0, 0], [255, 0]]
    assert line[1].tolist() in ([127, 2], [128, 2])
    assert dot.tolist() == [[50, 50]]
    assert quickdraw_form(Drawing([[(7, 7)]])) == Drawing([[(0, 0)]])
    assert quickdraw_form(Drawing(())) == Drawing(())


def test_the_published_drawings_are_in_that_form(shared):
    records = read_ndjson(shared / "data" / "quickdraw" / "angel.ndjson")
    for drawing in [record.drawing for record in records]:
        again = quickdraw_form(drawing)
        assert len(again) == len(drawing)
        assert again.points == pytest.approx(drawing.points, abs=2 + 0.1 * drawing.points)


def test_the_shared_drawings_are_read(shared):
    drawings = read_quickdraw(shared / "data" / "quickdraw", "train")
    assert len(drawings) == 345
    assert sum(map(len, drawings.values())) == 26_845

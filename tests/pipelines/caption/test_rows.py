"""Rows, and what becomes of them: JSON, tables, folders."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from multimodal.captioning.caption import Caption
from multimodal.captioning.naming import Recognition
from multimodal.errors import UserError
from pipelines.caption import CaptionRow, as_line, as_record
from pipelines.caption.items import Item
from pipelines.caption.outputs import Output
from pipelines.caption.rows import dump_json, from_journal, to_journal

GOOD = CaptionRow(
    "dög.jpg",
    "a dog",
    -1.5,
    ("a", "dog"),
    (-0.5, -1.0),
    alternatives=(Caption("dög.jpg", "the dog", -2.0),),
    objects=(Recognition("dog", 0.75),),
    unmentioned=(("cat", "cats"),),
)
BAD = CaptionRow.failed("gone.jpg", "no such file or directory")
ODD = replace(GOOD, source=os.fsdecode(b'caf\xe9,"\n<b>.jpg'), text="it's a dog")


# ---- rows ----


def test_every_picture_has_the_same_keys():
    assert as_record(GOOD) == {
        "path": "dög.jpg",
        "caption": "a dog",
        "score": -1.5,
        "words": [["a", -0.5], ["dog", -1.0]],
        "alternatives": [{"caption": "the dog", "score": -2.0}],
        "objects": [{"name": "dog", "probability": 0.75}],
        "unmentioned": [["cat", "cats"]],
        "error": None,
    }
    assert as_record(BAD) == {
        "path": "gone.jpg",
        "caption": None,
        "score": None,
        "words": [],
        "alternatives": [],
        "objects": [],
        "unmentioned": [],
        "error": "no such file or directory",
    }


def test_a_line_is_json_and_readable():
    line = as_line(GOOD)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert "dög.jpg" in line
    assert json.loads(as_line(BAD))["score"] is None  # JSON has no infinity


def test_a_name_that_is_no_unicode_can_be_written_and_opens_when_it_is_read():
    line = as_line(ODD).encode("utf-8")
    assert os.fsencode(json.loads(line)["path"]) == os.fsencode(ODD.source)


@given(
    st.text(st.characters(), max_size=20),
    st.lists(st.tuples(st.text(max_size=5), st.floats(-99, 0)), max_size=4),
    st.one_of(st.none(), st.integers(1, 5)),
    st.binary(max_size=9),
)
def test_the_journal_gives_a_row_back(name, words, side, thumbnail):
    attention = None
    if side:
        attention = np.random.default_rng(side).random((len(words) + 1, side, 2), dtype=np.float32)
    texts, scores = zip(*words, strict=True) if words else ((), ())
    more = {"digest": "abc", "thumbnail": thumbnail, "attention": attention}
    row = CaptionRow(name, "x", -1.25, texts, scores, **more)
    text = dump_json(to_journal(row))
    back = from_journal(json.loads(text.encode()))
    assert replace(back, attention=None) == replace(row, attention=None)
    assert dump_json(to_journal(back)) == text
    if attention is not None:
        brightest = attention / attention.max((1, 2), keepdims=True)
        np.testing.assert_allclose(back.attention, brightest, atol=1 / 255)


def test_a_caption_that_is_not_sure_enough_is_withheld_with_its_score():
    assert GOOD.sure(None) is GOOD.sure(-1.5) is GOOD
    assert BAD.sure(0.0) is BAD
    unsure = as_record(GOOD.sure(-1.25))
    assert (unsure["caption"], unsure["score"], unsure["words"]) == (None, -1.5, [])
    assert unsure["error"] == "not sure enough: its score -1.500 is below -1.25"


# ---- outputs ----


def write(path: Path, *rows: CaptionRow, items: list[Item] | None = None) -> Path:
    Output(path).write(rows, lambda: items or [])
    return path


def test_a_csv_has_a_row_for_each(tmp_path):
    path = write(tmp_path / "c.csv", GOOD, BAD, ODD)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["caption"] for row in rows] == ["a dog", "", "it's a dog"]
    assert rows[1]["error"] == "no such file or directory"
    assert json.loads(rows[0]["words"]) == [["a", -0.5], ["dog", -1.0]]
    assert rows[2]["path"] == 'caf\\udce9,"\n<b>.jpg'


def test_parquet_has_typed_columns(tmp_path):
    rows = pq.read_table(write(tmp_path / "c.parquet", GOOD, BAD, ODD)).to_pylist()
    assert rows[0] == as_record(GOOD) | {"words": ["a", "dog"], "word_scores": [-0.5, -1.0]}
    assert [row["score"] for row in rows] == [-1.5, None, -1.5]
    assert pq.read_table(write(tmp_path / "none.parquet")).num_rows == 0


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("COCO_val2014_000000391895.jpg", "x/000000000042.jpg", "7.png"), [391895, 42, 7]),
        (("1.jpg", "b.jpg", "3.jpg"), [1, 2, 3]),
        (("a/5.jpg", "b/5.jpg", "6.jpg"), [1, 2, 3]),
    ],
)
def test_coco_results_have_an_id_for_each_picture(tmp_path, names, ids):
    first, second, third = (replace(GOOD, source=name) for name in names)
    second = CaptionRow.failed(second.source, "is empty")
    results = json.loads(write(tmp_path / "c.json", first, second, third).read_text())
    assert [result["image_id"] for result in results] == ids
    assert [result["caption"] for result in results] == ["a dog", "", "a dog"]
    assert [result["file_name"] for result in results] == list(names)
    assert [result["error"] for result in results] == [None, "is empty", None]
    assert json.loads(write(tmp_path / "none.json").read_text()) == []


def sidecars(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_sidecars_lie_as_the_pictures_do(tmp_path):
    said = {"p/a.jpg": "1", "p/a.png": "2", "p/q/b.jpg": "3", "p/../p/q/b.jpg": "3"}
    said |= {"t.tar/c.png": "4", "t.parquet#3": "5"}
    rows = [replace(GOOD, source=name, text=text) for name, text in said.items()]
    folder = write(tmp_path / "texts", *rows, BAD)
    found = sidecars(folder)
    assert json.loads(found.pop("errors.jsonl"))["path"] == "gone.jpg"
    expected = {"p/a.txt": "1", "p/a.png.txt": "2", "p/q/b.txt": "3"}
    expected |= {"t.tar/c.txt": "4", "t.parquet#3.txt": "5"}
    assert found == {name: f"{text}\n" for name, text in expected.items()}


def test_no_sidecar_lies_outside_of_its_folder(tmp_path):
    names = ("x/0.tar/../../../../etc/cron.jpg", "x/1.jpg")
    (tmp_path / "in").mkdir()
    folder = write(tmp_path / "in" / "texts", *(replace(GOOD, source=name) for name in names))
    assert {path.name for path in folder.rglob("*.txt")} == {"cron.txt", "1.txt"}
    assert len(list(tmp_path.rglob("*.txt"))) == 2


def test_a_folder_that_is_there_keeps_what_else_it_holds(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_text("picture")
    (folder / "a.txt").write_text("old")
    (folder / "b.txt").write_text("mine")
    rows = [replace(GOOD, source=str(folder / "a.jpg"))]
    Output(folder).write(rows, list)
    assert sidecars(folder) == {"a.jpg": "picture", "a.txt": "a dog\n", "b.txt": "mine"}


def test_a_dataset_holds_the_pictures(tmp_path):
    picture = tmp_path / "dög.png"
    Image.new("RGB", (8, 6), "red").save(picture)
    (tmp_path / "bad.png").write_bytes(b"x")
    rows = [replace(GOOD, source=str(picture)), BAD, replace(GOOD, source="t.parquet#3")]
    items = [Item("", str(picture)), Item("", str(tmp_path / "bad.png")), Item("", b"")]
    items[2] = Item("", picture.read_bytes())
    folder = write(tmp_path / "c.dataset", *rows, items=items)
    picture.unlink()
    data = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert data["caption"][:] == ["a dog", None, "a dog"]
    assert data[1]["image"] is None
    assert data[1]["error"] == "no such file or directory"
    assert data[0]["image"].size == data[2]["image"].size == (8, 6)
    assert data[0]["word_scores"] == [-0.5, -1.0]


@pytest.mark.parametrize("name", ["c.txt", "c.jsonl/x", "no/folder/c.jsonl", "no/c.dataset"])
def test_an_output_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=Path(name).name):
        Output(tmp_path / name)


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.parquet", "c.json", "c.dataset", "c"])
def test_what_fails_midway_leaves_nothing(tmp_path, name):
    def rows():
        yield GOOD
        raise OSError(28, "No space left on device")

    class Rows:
        def __iter__(self):
            return rows()

    with pytest.raises(UserError, match=rf"{name}: cannot be written: No space left on device"):
        Output(tmp_path / name).write(Rows(), lambda: [Item("", b"")] * 2)
    assert list(tmp_path.iterdir()) == []

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
from pipelines.caption.outputs import Output
from pipelines.caption.rows import dump_json, from_journal, to_journal
from pipelines.caption.sidecars import INDEX

GOOD = CaptionRow(
    "dög.jpg",
    "a dog",
    -1.5,
    ("a", "dog"),
    (-0.5, -1.0),
    support=(1.0, 0.7),
    confidence=0.8,
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
        "support": [1.0, 0.7],
        "confidence": 0.8,
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
        "support": [],
        "confidence": None,
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


def write(path: Path, *rows: CaptionRow, **options) -> Path:
    Output(path, **options).write(rows)
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


def coco(tmp_path: Path, *names: str, **options) -> list[dict]:
    first, second, third = (replace(GOOD, source=name) for name in names)
    second = CaptionRow.failed(second.source, "is empty")
    return json.loads(write(tmp_path / "c.json", first, second, third, **options).read_text())


def test_coco_results_are_numbered_by_the_names_of_files(tmp_path):
    names = ["COCO_val2014_000000391895.jpg", "x/000000000042.jpg", "7.png"]
    results = coco(tmp_path, *names)
    assert [result["image_id"] for result in results] == [391895, 42, 7]
    assert [result["caption"] for result in results] == ["a dog", "", "a dog"]
    assert [result["file_name"] for result in results] == names
    assert [result["error"] for result in results] == [None, "is empty", None]
    assert json.loads(write(tmp_path / "none.json").read_text()) == []


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("000000000003.jpg", "cover.jpg", "000000000005.jpg"), r"cover\.jpg: has no number"),
        (("a/5.jpg", "b/5.jpg", "6.jpg"), r"b/5\.jpg: has the image_id 5, as a/5\.jpg has"),
        (("1.jpg", "t.parquet#1", "2.jpg"), "t.parquet#1: has no number"),
    ],
)
def test_a_picture_without_a_number_gets_none(tmp_path, names, problem):
    with pytest.raises(UserError, match=problem):
        coco(tmp_path, *names)
    assert list(tmp_path.iterdir()) == []


def test_coco_results_are_numbered_by_annotations(tmp_path):
    file = tmp_path / "annotations.json"
    images = [{"file_name": f"{name}.jpg", "id": n} for n, name in enumerate("abc", 7)]
    file.write_text(json.dumps({"images": images}))
    results = coco(tmp_path, "x/c.jpg", "a.jpg", "b.jpg", annotations=file)
    assert [result["image_id"] for result in results] == [9, 7, 8]
    with pytest.raises(UserError, match=r"d\.jpg: is not among the images of the --annotations"):
        coco(tmp_path, "a.jpg", "d.jpg", "b.jpg", annotations=file)
    file.write_text("[]")
    with pytest.raises(UserError, match="holds no images"):
        coco(tmp_path, "a.jpg", "d.jpg", "b.jpg", annotations=file)


def sidecars(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != INDEX)
    return {str(path.relative_to(folder)): path.read_text() for path in files}


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


@pytest.fixture
def folder(tmp_path) -> Path:
    """Pictures of somebody who has written one text, with room for ours."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_text("picture")
    (folder / "c.txt").write_text("mine")
    return folder


def rows_of(folder: Path, **texts: str | None) -> list[CaptionRow]:
    rows = []
    for name, text in texts.items():
        source = str(folder / f"{name}.jpg")
        failed = CaptionRow.failed(source, "is empty")
        rows.append(failed if text is None else replace(GOOD, source=source, text=text))
    return rows


def texts(folder: Path) -> dict[str, str]:
    return {name: said for name, said in sidecars(folder).items() if not name.endswith(".jpg")}


def test_what_people_wrote_stays(folder):
    write(folder, *rows_of(folder, a="1", b="2", c="3"))
    assert texts(folder) == {"a.txt": "1\n", "b.txt": "2\n", "c.txt": "mine", "c.jpg.txt": "3\n"}


def test_what_a_run_does_not_say_again_goes_and_what_people_changed_stays(folder):
    write(folder, *rows_of(folder, a="1", b="2"))
    (folder / "b.txt").write_text("2, but better")
    write(folder, *rows_of(folder, a=None, b=None))
    found = texts(folder)
    assert json.loads(found.pop("errors.jsonl").splitlines()[0])["path"].endswith("a.jpg")
    assert found == {"b.txt": "2, but better", "c.txt": "mine"}
    write(folder, *rows_of(folder, a="4"))
    assert texts(folder) == {"a.txt": "4\n", "b.txt": "2, but better", "c.txt": "mine"}


def test_a_run_leaves_what_other_runs_said_of_other_pictures(folder):
    write(folder, *rows_of(folder, a="1"))
    write(folder, *rows_of(folder, b="2"))
    assert texts(folder) == {"a.txt": "1\n", "b.txt": "2\n", "c.txt": "mine"}


def test_fill_writes_only_where_there_is_none(folder):
    write(folder, *rows_of(folder, a="1"))
    write(folder, *rows_of(folder, a="new", b="2", c="3"), fill=True)
    assert texts(folder) == {"a.txt": "1\n", "b.txt": "2\n", "c.txt": "mine"}
    write(folder, *rows_of(folder, a=None, b="newer"), fill=True)
    assert texts(folder).keys() == {"a.txt", "b.txt", "c.txt", "errors.jsonl"}
    with pytest.raises(UserError, match="--fill is for a folder"):
        Output(folder / "c.jsonl", fill=True)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_translation_shares_no_file_with_a_caption(folder, order):
    menu = replace(GOOD, source=str(folder / "menu.jpg"), text="a menu", language="de")
    other = replace(GOOD, source=str(folder / "menu.de.jpg"), text="eine karte", language="de")
    rows = [replace(row, translation="eine karte") for row in (menu, other)]
    write(folder, *(rows[n] for n in order))
    found = texts(folder)
    assert found["menu.txt"] == "a menu\n"
    assert found["menu.de.txt"] == "eine karte\n"
    assert found["menu.jpg.de.txt"] == found["menu.de.de.txt"] == "eine karte\n"


def test_a_file_lies_beside_its_picture_also_where_all_are_below(tmp_path):
    source = tmp_path / "photos" / "deep" / "a.jpg"
    source.parent.mkdir(parents=True)
    source.touch()
    write(tmp_path / "photos", replace(GOOD, source=str(source)))
    assert source.with_suffix(".txt").read_text() == "a dog\n"


def test_a_dataset_holds_the_pictures(tmp_path):
    picture = tmp_path / "dög.png"
    Image.new("RGB", (8, 6), "red").save(picture)
    kept = {"picture": picture.read_bytes()}
    rows = [replace(GOOD, source=str(picture), **kept), BAD]
    rows.append(replace(GOOD, source="t.parquet#3", **kept))
    folder = write(tmp_path / "c.dataset", *rows)
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
        yield replace(GOOD, source="1.jpg")
        raise OSError(28, "No space left on device")

    class Rows:
        def __iter__(self):
            return rows()

    with pytest.raises(UserError, match=rf"{name}: cannot be written: No space left on device"):
        Output(tmp_path / name).write(Rows())
    assert list(tmp_path.iterdir()) == []

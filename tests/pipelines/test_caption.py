import errno
import json
import math
from pathlib import Path

import pytest

from multimodal.captioning.captioner import Caption
from multimodal.errors import UserError
from pipelines import caption as job
from pipelines.caption import (
    JsonLines,
    as_line,
    as_record,
    caption_pictures,
    find_pictures,
    sample_pictures,
)
from pipelines.output import require_place, write_text, written_aside

GOOD = Caption(
    "dög.jpg",
    "a dog",
    -1.5,
    ("a", "dog"),
    (-0.5, -1.0),
    alternatives=(Caption("dög.jpg", "the dog", -2.0),),
)
BAD = Caption("gone.jpg", "", -math.inf, error="No such file or directory")


# ---- which pictures ----


def test_files_stay_in_their_order_and_a_folder_becomes_the_pictures_below_it(tmp_path):
    for name in ("b.png", "a.jpg", "notes.txt", "deep/c.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_pictures(["z.jpg", tmp_path, "y.jpg"])
    inside = [tmp_path / name for name in ("a.jpg", "b.png", "deep/c.webp")]
    assert found == [Path("z.jpg"), *inside, Path("y.jpg")]


def test_nothing_to_caption_is_said(tmp_path):
    with pytest.raises(UserError, match="--samples"):
        find_pictures([])
    with pytest.raises(UserError, match="no picture"):
        find_pictures([tmp_path])


def test_the_samples_are_on_every_machine():
    names = [path.name for path in sample_pictures()]
    assert {"bus.png", "lion.jpg", "tower.jpg"} <= set(names)
    assert all(path.is_file() for path in sample_pictures())


def test_captions_come_in_the_order_of_the_pictures(checkpoint, photos, tmp_path):
    pictures = [photos[0], tmp_path / "gone.jpg", photos[1]]
    captions = list(caption_pictures(checkpoint, pictures, batch_size=2, beam_size=1))
    assert [caption.source for caption in captions] == [str(path) for path in pictures]
    assert [caption.error is None for caption in captions] == [True, False, True]


# ---- JSON lines ----


def test_every_picture_has_the_same_keys():
    assert as_record(GOOD) == {
        "path": "dög.jpg",
        "caption": "a dog",
        "score": -1.5,
        "words": [["a", -0.5], ["dog", -1.0]],
        "alternatives": [{"caption": "the dog", "score": -2.0}],
        "error": None,
    }
    assert as_record(BAD) == {
        "path": "gone.jpg",
        "caption": None,
        "score": None,
        "words": [],
        "alternatives": [],
        "error": "No such file or directory",
    }


def test_a_line_is_json_and_readable():
    line = as_line(GOOD)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert "dög.jpg" in line
    assert json.loads(as_line(BAD))["score"] is None  # JSON has no infinity


def test_captions_are_written_as_they_pass(tmp_path):
    path = tmp_path / "captions.jsonl"
    assert list(JsonLines(path, overwrite=False).write([GOOD, BAD])) == [GOOD, BAD]
    assert path.read_text(encoding="utf-8") == as_line(GOOD) + as_line(BAD)
    assert list(tmp_path.iterdir()) == [path]


def test_the_output_appears_when_all_is_written(tmp_path):
    path = tmp_path / "captions.jsonl"
    captions = JsonLines(path, overwrite=False).write([GOOD, BAD])
    next(captions)
    assert not path.exists()
    captions.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text("precious")
    with pytest.raises(UserError, match=r"captions\.jsonl: is there already.*--overwrite"):
        JsonLines(path, overwrite=False)
    list(JsonLines(path, overwrite=True).write([GOOD]))
    assert path.read_text(encoding="utf-8") == as_line(GOOD)


@pytest.mark.parametrize("name", ["captions.csv", "captions", "no/folder/captions.jsonl"])
def test_an_output_that_cannot_be_is_refused_before_the_work(tmp_path, name):
    with pytest.raises(UserError, match=name):
        JsonLines(tmp_path / name, overwrite=False)


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "captions.jsonl"
    path.write_text("precious")
    lines = iter([as_line(GOOD)])

    def fill(caption: Caption) -> str:
        for line in lines:
            return line
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(job, "as_line", fill)
    captions = JsonLines(path, overwrite=True).write([GOOD, GOOD])
    assert next(captions) == GOOD
    with pytest.raises(UserError, match=r"captions\.jsonl: cannot be written: No space left"):
        next(captions)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


# ---- files, whole or not at all ----


def test_a_text_replaces_a_file_whole(tmp_path):
    path = tmp_path / "scores.json"
    write_text(path, "old")
    write_text(path, "nëw")
    assert path.read_text(encoding="utf-8") == "nëw"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_midway_leaves_nothing(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")

    def fail() -> None:
        with written_aside(path) as aside:
            aside.write_text("half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_is_refused_in_one_line(tmp_path):
    with pytest.raises(UserError, match="its folder does not exist"):
        require_place(tmp_path / "gone" / "scores.json")
    with pytest.raises(UserError, match="is a folder"):
        require_place(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write_text(tmp_path / "file" / "scores.json", "{}")

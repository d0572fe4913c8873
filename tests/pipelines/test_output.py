"""Files that a job writes: whole, or not at all."""

import pytest

from multimodal.errors import UserError
from pipelines.output import require_place, write_text, written_aside


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

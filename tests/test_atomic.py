"""Files and folders that are written whole, or not at all."""

import pytest

from multimodal.atomic import atomic_write, temporary_folder, write_text
from multimodal.errors import UserError


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
        with atomic_write(path) as temporary:
            temporary.write_text("half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_synced_file_is_the_same_file(tmp_path):
    path = tmp_path / "weights"
    with atomic_write(path, synced=True) as temporary:
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_aside_is_empty_and_goes_at_the_end(tmp_path):
    path = tmp_path / "site"
    (tmp_path / ".unfinished-site").mkdir()
    (tmp_path / ".unfinished-site" / "left over").touch()
    with temporary_folder(path) as temporary:
        assert list(temporary.iterdir()) == []
        (temporary / "page").touch()
        temporary.replace(path)
    assert [file.name for file in path.iterdir()] == ["page"]

    def fail() -> None:
        with temporary_folder(path) as temporary:
            (temporary / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [file.name for file in path.iterdir()] == ["page"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_disk_refuses_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"scores\.json: cannot be written"):
        write_text(tmp_path / "file" / "scores.json", "{}")
    with (
        pytest.raises(UserError, match="site: cannot be written"),
        temporary_folder(tmp_path / "file" / "site"),
    ):
        pass

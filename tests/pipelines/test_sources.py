"""What people name as an input."""

import pytest

from multimodal.errors import UserError
from pipelines.sources import looks_like_path, path_exists, require_file


def test_what_is_no_file_is_said_with_what_is_wanted(tmp_path):
    require_file(__file__, "a file")
    with pytest.raises(UserError, match="is a folder; name a text file"):
        require_file(tmp_path, "a text file")
    with pytest.raises(UserError, match=r"gone\.txt: no such file; name a text file"):
        require_file(tmp_path / "gone.txt", "a text file")
    with pytest.raises(UserError, match="an empty name is no file; name a text file"):
        require_file("", "a text file")


@pytest.mark.parametrize("said", ["x.txt", "data/x.jsonl", "photo.JPG", "photos/"])
def test_names_of_files(said):
    assert looks_like_path(said)


@pytest.mark.parametrize("said", ["good", "so good.", "10.5", "10/10", "Not bad.", "e.g. this"])
def test_texts(said):
    assert not looks_like_path(said)


def test_what_is_too_long_for_a_name_is_not_there(tmp_path):
    assert path_exists(str(tmp_path))
    assert not path_exists("a" * 10_000)
    assert not path_exists("a\0b")

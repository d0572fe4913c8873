"""What people name as an input."""

import pytest

from multimodal.errors import UserError
from pipelines.sources import is_there, reads_like_file, require_file


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
    assert reads_like_file(said)


@pytest.mark.parametrize("said", ["good", "so good.", "10.5", "10/10", "Not bad.", "e.g. this"])
def test_texts(said):
    assert not reads_like_file(said)


def test_what_is_too_long_for_a_name_is_not_there(tmp_path):
    assert is_there(str(tmp_path))
    assert not is_there("a" * 10_000)
    assert not is_there("a\0b")

"""What a source names: a repository, files, a pattern."""

from pathlib import Path

import pytest

from multimodal.errors import UserError
from multimodal.hub import names_repository
from multimodal.text_files import find_files


def test_only_owner_and_name_mean_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert names_repository("owner/name-1.0")
    for other in ("name", "a/b/c", "../name", "/owner/name", ".owner/name", "owner/", "ówner/name"):
        assert not names_repository(other)
    assert not names_repository(Path("owner/name"))
    Path("owner").mkdir()
    assert not names_repository("owner/name")  # a misspelt path stays at home


def test_files_of_a_folder_a_pattern_and_one(tmp_path):
    for name in ("b.txt", "a.csv", "in/c.txt", ".hidden.txt", ".git/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(source: object, *endings: str) -> list[str]:
        return [file.relative_to(tmp_path).as_posix() for file in find_files(source, endings)]

    assert names(tmp_path) == ["a.csv", "b.txt", "in/c.txt"]
    assert names(tmp_path, ".txt") == ["b.txt", "in/c.txt"]
    assert names(f"{tmp_path}/*.txt") == ["b.txt"]
    assert names(f"{tmp_path}/**/*.txt") == ["b.txt", "in/c.txt"]
    assert names(tmp_path / "a.csv", ".txt") == ["a.csv"]
    with pytest.raises(UserError, match=r"holds no drawing; they end in \.npz$"):
        find_files(tmp_path, [".npz"], "drawing")
    with pytest.raises(UserError, match=r"no such file, folder or data set$"):
        find_files(tmp_path / "gone")

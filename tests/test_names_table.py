"""What the documentation prints is what the shipped models say."""

from pathlib import Path

import pytest

from demo.remake import NAMED, main, named_rows, photo_of, table_in
from multimodal.errors import UserError

PAGE = Path(__file__).parents[1] / "docs" / "captioning.md"


def test_the_table_of_names_is_what_the_shipped_captioner_says():
    printed = table_in(PAGE.read_text(encoding="utf-8"))
    there = [(package, file) for package, file in NAMED if photo_of(package, file)]
    names = {Path(file).name for _, file in there}
    if not there:
        pytest.skip("no package with one of the photos is installed")
    now = list(named_rows(there))
    shown = [row for row in printed if row.split(" | ")[0].rpartition(", ")[2] in names]
    assert sorted(shown) == sorted(now), "run: python -m demo.remake table"


def test_a_part_that_there_is_not_is_named(monkeypatch, tmp_path):
    with pytest.raises(UserError, match="poem: no such part; there are table, captions"):
        main(["poem"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="in the checkout"):
        main(["table"])

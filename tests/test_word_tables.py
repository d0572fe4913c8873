"""The tables of words that ship: their form, and what reads them."""

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from multimodal import word_tables
from multimodal.word_tables import read_table, split_list

ROOT = Path(str(files("multimodal")))
TABLES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.tsv"))
KEYS = {
    "captioning/coco_objects.tsv": 1,
    "captioning/imagenet_groups.tsv": 1,
    "captioning/imagenet_names.tsv": 3,
    "recognition/texts/opinions.tsv": 3,
    "sketching/lexicon.tsv": 2,
    "sketching/natural_sizes.tsv": 1,
    "translation/donors.tsv": 5,
    "translation/names.tsv": 4,
}
"""How many of a table's first columns together are different in every row."""


def test_these_are_all_tables():
    assert set(KEYS) == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_plain_text_without_stray_spaces(name):
    data = (ROOT / name).read_bytes()
    assert b"\r" not in data
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    for row in read_table(name):
        for cell in row:
            assert cell == " ".join(cell.split())
            assert ",," not in cell


@pytest.mark.parametrize("name", TABLES)
def test_no_row_comes_twice(name):
    rows = Counter(tuple(row[: KEYS[name]]) for row in read_table(name))
    assert [row for row, count in rows.items() if count > 1] == []


def test_the_kinds_of_the_lexicon_are_those_that_are_explained():
    from multimodal.sketching import lexicon

    explained = {
        kind
        for line in (lexicon.__doc__ or "").splitlines()
        if line.startswith("- ")
        for kind in line[2:].partition(":")[0].split(", ")
    }
    assert {kind for kind, _, _ in read_table("sketching/lexicon.tsv")} == explained


def test_no_lexicon_phrase_has_two_meanings_within_a_kind():
    said = Counter(
        (kind, text)
        for kind, _, texts in read_table("sketching/lexicon.tsv")
        if kind not in ("related", "plural", "opposite")
        for text in split_list(texts)
    )
    assert [row for row, count in said.items() if count > 1] == []


def test_every_thing_has_its_group_and_the_cells_say_what_they_may():
    groups = {row[0] for row in read_table("captioning/imagenet_groups.tsv")}
    for group, _, name, _, sayable in read_table("captioning/imagenet_names.tsv"):
        assert group in groups
        assert sayable in ("yes", "no")
        assert name.count("/") <= 1
    for *_, seldom_missed in read_table("captioning/imagenet_groups.tsv"):
        assert seldom_missed in ("yes", "no")


def test_a_row_with_a_cell_too_few_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(word_tables, "files", lambda _: tmp_path)
    (tmp_path / "short.tsv").write_text("# remark\na\tb\n1\t2\n3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"short\.tsv: \['3'\] has 1 cells in place of 2"):
        read_table("short.tsv")
    (tmp_path / "whole.tsv").write_text("# remark\na\tb\n1\t2\n3\t\n", encoding="utf-8")
    assert read_table("whole.tsv") == [["1", "2"], ["3", ""]]
    assert split_list("") == []
    assert split_list("a, b c") == ["a", "b c"]

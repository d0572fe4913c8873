"""Parallel text from every layout, and what is wrong with it named by file and line."""

import gzip
import json

import pytest

from multimodal.errors import UserError
from multimodal.splits import split_by_hash
from multimodal.translation.data import ParallelText, read_parallel

ROWS = [{"en": f"dog {n}", "de": f"Hund {n}"} for n in range(60)]


def write(path, rows, code, pack=False):
    data = "".join(f"{row[code]}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if pack else data)


@pytest.fixture
def folder(tmp_path):
    for split, part in (("train", ROWS[:50]), ("val", ROWS[50:55]), ("test_2016", ROWS[55:])):
        for code in ("en", "de"):
            ending = ".gz" if code == "de" else ""
            write(tmp_path / f"{split}.{code}{ending}", part, code, pack=code == "de")
    (tmp_path / "train.txt").write_text("1.jpg\n" * 50)
    return tmp_path


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", ROWS[:50]),
        ("dev", ROWS[50:55]),
        ("val", ROWS[50:55]),
        ("test", ROWS[55:]),
        ("test_2016", ROWS[55:]),
    ],
)
def test_text_files_plain_or_packed(folder, split, expected):
    text = read_parallel(folder, split)
    assert text.languages == ("de", "en")
    assert text.rows == expected


def test_files_by_what_their_names_begin_with(folder):
    assert read_parallel(folder / "test_2016", "test_2016").rows == ROWS[55:]
    for code in ("en", "de"):
        write(folder / f"corpus.{code}", ROWS, code)
    parts = [read_parallel(folder / "corpus", split).rows for split in ("train", "dev", "test")]
    assert sorted(row["en"] for part in parts for row in part) == sorted(r["en"] for r in ROWS)
    assert all(split_by_hash(row["de"]) == "train" for row in parts[0])


def test_lines_that_do_not_match_are_named(folder):
    (folder / "train.en").write_text("one\n")
    with pytest.raises(UserError, match=r"train.* lines, but .*train.* has"):
        read_parallel(folder, "train")
    (folder / "train.en").write_bytes(b"one\nt\xffo\n")
    with pytest.raises(UserError, match=r"train\.en: line 2: not UTF-8"):
        read_parallel(folder, "train")
    (folder / "train.de.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match=r"train\.de\.gz: cannot be read"):
        read_parallel(folder, "train")


def test_an_empty_line_leaves_its_row_out(folder):
    lines = (folder / "train.en").read_text().splitlines()
    lines[3] = "  "
    (folder / "train.en").write_text("\n".join(lines) + "\n")
    assert len(read_parallel(folder, "train").rows) == 49


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".csv.gz"])
def test_tables(tmp_path, ending):
    path = tmp_path / f"pairs{ending}"
    rows = [
        {"id": str(n), **row, "split": ["train", "validation", "test"][n % 3]}
        for n, row in enumerate(ROWS)
    ]
    if "jsonl" in ending:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        comma = "\t" if ending == ".tsv" else ","
        lines = [comma.join(rows[0]), *(comma.join(row.values()) for row in rows)]
        text = "\n".join(lines) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if ending.endswith(".gz") else data)
    assert read_parallel(path, "dev").rows == ROWS[1::3]
    assert read_parallel(path, "test").languages == ("de", "en")


def test_columns_of_other_names_and_quoted_cells(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text('English,German,split\n"a dog, a cat","ein ""Hund""\neine Katze",train\n')
    with pytest.raises(UserError, match=r"no two columns .* English, German, split; .*--languages"):
        read_parallel(path, "train")
    text = read_parallel(path, "train", ["en=English", "de=German"])
    assert text.rows == [{"en": "a dog, a cat", "de": 'ein "Hund" eine Katze'}]
    with pytest.raises(UserError, match="no column 'French'"):
        read_parallel(path, "train", ["en=English", "fr=French"])
    with pytest.raises(UserError, match="two or more"):
        read_parallel(path, "train", ["en=English"])
    with pytest.raises(UserError, match="no code"):
        read_parallel(path, "train", ["English", "de"])


def test_a_table_without_splits_is_divided_by_hash(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("en\tde\n" + "".join(f"{r['en']}\t{r['de']}\n" for r in ROWS))
    parts = {split: read_parallel(path, split).rows for split in ("train", "dev", "test")}
    assert sum(map(len, parts.values())) == len(ROWS)
    assert all(split_by_hash(row["de"]) == split for split in parts for row in parts[split])


def test_data_sets_with_columns_or_pairs(tmp_path):
    import datasets

    plain = datasets.DatasetDict(
        {
            "train": datasets.Dataset.from_list(ROWS[:40]),
            "validation": datasets.Dataset.from_list(ROWS[40:]),
        }
    )
    plain.save_to_disk(tmp_path / "plain")
    assert read_parallel(tmp_path / "plain", "dev").rows == ROWS[40:]
    paired = datasets.Dataset.from_list([{"translation": row} for row in ROWS])
    paired.save_to_disk(tmp_path / "paired")
    parts = [read_parallel(tmp_path / "paired", s).rows for s in ("train", "dev", "test")]
    assert sum(map(len, parts)) == len(ROWS)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("not json\n", r"line 1: not an object"),
        ('{"en": "a", "de": "b"}\n[1]\n', r"line 2: not an object"),
        ('{"en": "a", "id": 3}\n', r"no two columns named by languages, but en, id"),
        ('{"en": "a", "de": "", "split": "train"}\n', r"no sentences in two languages"),
        ('{"en": "a", "de": "b", "split": "test"}\n', r"no split 'train'; there are test"),
    ],
)
def test_broken_tables_are_named(tmp_path, content, named):
    path = tmp_path / "pairs.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=named):
        read_parallel(path, "train")


def test_too_many_cells_and_other_files_are_named(tmp_path, folder):
    path = tmp_path / "pairs.csv"
    path.write_text("en,de\na,b,c\n")
    with pytest.raises(UserError, match="line 2: more cells"):
        read_parallel(path, "train")
    with pytest.raises(UserError, match="without the languages"):
        read_parallel(folder / "train.en", "train")
    with pytest.raises(UserError, match="no such folder"):
        read_parallel(tmp_path / "nothing", "train")
    with pytest.raises(UserError, match=r"no split 'dev2'; there are test_2016, train, val"):
        read_parallel(folder, "dev2")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no text files"):
        read_parallel(tmp_path / "empty", "train")


def test_directions_go_through_the_pivot_or_everywhere():
    text = ParallelText(("de", "en", "fr"), [{"de": "a", "en": "b"}])
    assert text.directions("en") == [("de", "en"), ("en", "de"), ("en", "fr"), ("fr", "en")]
    assert len(text.directions()) == 6
    assert text.pairs("en", "de") == (["b"], ["a"])
    assert text.pairs("en", "fr") == ([], [])
    with pytest.raises(UserError, match="no such language"):
        text.directions("it")


def test_multi30k(shared):
    sizes = {"train": 29_000, "dev": 1_014, "test_2016_flickr": 1_000}
    for split, size in sizes.items():
        text = read_parallel(shared / "data" / "multi30k", split)
        assert len(text.rows) == size
        assert text.languages == ("de", "en", "fr")


def test_a_sentence_that_is_empty_in_one_language_is_named_for_those_who_measure(tmp_path):
    (tmp_path / "test.en").write_text("a dog\na cat\n\n")
    (tmp_path / "test.de").write_text("ein Hund\n  \n\n")  # the last line is empty in both
    (tmp_path / "test.fr").write_text("un chien\nun chat\n\n")
    text = read_parallel(tmp_path, "test")
    assert text.pairs("en", "de") == (["a dog"], ["ein Hund"])
    text.require_whole("en", "fr")
    for source, target, other in (("en", "de", "en"), ("de", "fr", "fr")):
        with pytest.raises(
            UserError, match=f"test.de: line 2: empty in 'de', but not in '{other}'"
        ):
            text.require_whole(source, target)


def test_a_cell_that_holds_nothing_was_never_meant_to(tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"en": "a", "de": "b", "fr": None, "split": "test"},
        {"en": "c", "de": "", "fr": "d", "split": "test"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = read_parallel(path, "test")
    text.require_whole("en", "fr")
    with pytest.raises(UserError, match=r"pairs.jsonl, row 2: empty in 'de'"):
        text.require_whole("en", "de")

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multimodal.errors import UserError
from multimodal.recognition.texts.tables import Columns, read_rows


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def cells(path, columns=None, **options):
    rows = read_rows(path, columns or Columns(), **options)
    return [(row.text, row.label, row.error) for row in rows]


def test_a_header_tells_which_column_is_which(tmp_path):
    path = write(tmp_path / "a.csv", 'id,Comment,label\n1,"so, so",x\n2,fine,y\n')
    assert cells(path) == [("so, so", "x", None), ("fine", "y", None)]
    assert [row.source for row in read_rows(path, Columns())] == [f"{path}#1", f"{path}#2"]


def test_columns_are_told_by_name_or_number(tmp_path):
    path = write(tmp_path / "a.csv", "q,w\nhello,1\n")
    assert cells(path, Columns("q", "w")) == [("hello", "1", None)]
    assert cells(path, Columns("1", "2")) == [("q", "w", None), ("hello", "1", None)]
    for told in ("nope", "3", "0"):
        with pytest.raises(UserError, match=rf"{path}: no column '{told}'; there are q, w"):
            cells(path, Columns(told))


def test_without_a_header_the_column_with_fewer_different_cells_is_the_label(tmp_path):
    texts = write(tmp_path / "a.tsv", "one film\t0\na second\t1\nthe third\t0\n")
    assert cells(texts)[1] == ("a second", "1", None)
    turned = write(tmp_path / "b.tsv", "0\tone\n1\ttwo\n0\tthree\n")
    assert cells(turned, labelled=True)[2] == ("three", "0", None)


def test_quotes_are_letters_in_a_tsv(tmp_path):
    path = write(tmp_path / "a.tsv", 'text\tlabel\n"so\t1\nwell"\t0\n')
    assert cells(path) == [('"so', "1", None), ('well"', "0", None)]


def test_a_table_of_many_columns_must_say_which(tmp_path):
    path = write(tmp_path / "a.csv", "a,b,c\n1,2,3\n")
    with pytest.raises(UserError, match="no column of texts; name it with --text-column"):
        cells(path)
    path = write(tmp_path / "b.csv", "text,b,c\n1,2,3\n")
    with pytest.raises(UserError, match="no column of labels; name it with --label-column"):
        cells(path, labelled=True)


def test_odd_rows_are_rows_with_a_reason(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n1\n2,caf\xe9\n3,\n\n4,fine\n")
    rows = cells(path)
    assert rows[0] == (None, None, "has 1 columns, and no text among them")
    assert rows[1][2] == "is not UTF-8 text"
    assert rows[2] == ("", None, None)
    assert rows[3] == ("fine", None, None)


def test_json_lines(tmp_path):
    lines = '{"text": "a", "label": 1.0}\n\nnope\n{"text": 3}\n{"other": 1}\n[]\n'
    rows = cells(write(tmp_path / "a.jsonl", lines))
    assert rows[0] == ("a", "1", None)
    assert [row[2] for row in rows] == [
        None,
        "is no JSON object",
        "has no text",
        "has no text",
        "is no JSON object",
    ]


def test_parquet_and_lines(tmp_path, monkeypatch):
    pq.write_table(pa.table({"review": ["a", None], "stars": [4, 5]}), tmp_path / "a.parquet")
    assert cells(tmp_path / "a.parquet") == [("a", "4", None), (None, "5", "has no text")]
    assert cells(write(tmp_path / "a.txt", "one, two\n\nthree")) == [
        ("one, two", None, None),
        ("", None, None),
        ("three", None, None),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("typed\n"))
    assert cells("-") == [("typed", None, None)]


def test_damage_is_one_line(tmp_path):
    write(tmp_path / "a.parquet", "no parquet")
    with pytest.raises(UserError, match=r"a\.parquet: damaged or cut off"):
        cells(tmp_path / "a.parquet")
    with pytest.raises(UserError, match="No such file"):
        cells(tmp_path / "gone.csv")
    with pytest.raises(UserError, match="not a table that can be read"):
        cells(write(tmp_path / "a.xlsx", ""))
    with pytest.raises(UserError, match="not a table that can be read"):
        cells(write(tmp_path / "b.txt", "x"), labelled=True)

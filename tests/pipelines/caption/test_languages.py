"""Captions in another language: one more column, translated once, resumable as before."""

import csv
import json
import sys

import pyarrow.parquet as pq
import pytest

from multimodal.errors import UserError
from pipelines import cli
from pipelines.caption.journal import Journal
from pipelines.caption.languages import RowTranslator
from pipelines.caption.report import write_report
from pipelines.caption.rows import CaptionRow, as_record, from_journal, to_journal
from pipelines.caption.run import Files, caption_to_files
from pipelines.sheet import contact_sheet

SAID = [("a.jpg", "a red man runs"), ("b.jpg", "the blue dog sings"), ("c.jpg", "a red man runs")]
GERMAN = ["ein roter Mann läuft", "der blaue Hund singt", "ein roter Mann läuft"]


@pytest.fixture
def german(translator):
    return RowTranslator(translator, "de")


@pytest.fixture
def rows():
    failed = CaptionRow.failed("gone.jpg", "no such file")
    return [*(CaptionRow(name, text, -0.5) for name, text in SAID), failed]


def test_every_row_has_the_language_and_equal_captions_are_translated_once(
    german, rows, monkeypatch
):
    asked = []
    translate = german._translator.translate
    monkeypatch.setattr(
        german._translator,
        "translate",
        lambda texts, **k: asked.append(texts) or translate(texts, **k),
    )
    found = german(rows)
    assert [row.translation for row in found] == [*GERMAN, ""]
    assert {row.language for row in found} == {"de"}
    assert asked == [[SAID[0][1], SAID[1][1]]]
    assert as_record(found[0])["caption_de"] == GERMAN[0]
    assert as_record(found[3])["caption_de"] is None
    assert "caption_de" not in as_record(rows[0])


def test_a_journal_keeps_them(german, rows):
    for row in [*german(rows), *rows]:
        assert from_journal(json.loads(json.dumps(to_journal(row)))) == row


def test_the_report_and_the_sheet_show_them(german, photos, tmp_path):
    plain = [CaptionRow(str(photos[0]), SAID[0][1], -0.5)]
    write_report(german(plain), tmp_path / "report.html")
    assert GERMAN[0] in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert contact_sheet(german(plain)).height > contact_sheet(plain).height


@pytest.mark.parametrize(("language", "named"), [("en", "English already"), ("it", "de, en, fr")])
def test_languages_that_cannot_be(translator, language, named):
    with pytest.raises(UserError, match=named):
        RowTranslator(translator, language)


# ---- whole runs ----


def test_every_output_has_one_more_column(photos, captioner, german, tmp_path):
    inputs = [tmp_path / f"{number}.jpg" for number in range(4)]
    for photo, name in zip(photos[:3], inputs, strict=False):
        name.write_bytes(photo.read_bytes())
    for ending in (".jsonl", ".csv", ".parquet", ".json"):
        files = Files(tmp_path / f"captions{ending}")
        list(caption_to_files(inputs, captioner, files, translate=german))
    rows = [json.loads(line) for line in (tmp_path / "captions.jsonl").read_text().splitlines()]
    assert list(rows[0])[:4] == ["path", "caption", "caption_de", "score"]
    assert all(row["caption_de"] for row in rows[:3])
    assert rows[3]["caption_de"] is None
    with (tmp_path / "captions.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["caption_de"] or None for row in table] == [row["caption_de"] for row in rows]
    columns = pq.read_table(tmp_path / "captions.parquet").to_pydict()
    assert columns["caption_de"] == [row["caption_de"] for row in rows]
    coco = json.loads((tmp_path / "captions.json").read_text())
    assert [row["caption_de"] for row in coco[:3]] == [row["caption_de"] for row in rows[:3]]


def test_text_files_have_a_second_beside(photos, captioner, german, tmp_path):
    list(caption_to_files(photos[:2], captioner, Files(tmp_path / "texts"), translate=german))
    plain = sorted((tmp_path / "texts").rglob("*.txt"))
    assert len(plain) == 4
    assert len([path for path in plain if path.name.endswith(".de.txt")]) == 2


def test_an_interrupted_run_goes_on_with_the_same_translator(
    photos, captioner, german, translator, tmp_path
):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    options = {"batch_size": 2, "translate": german}
    list(caption_to_files(photos, captioner, Files(whole), **options))
    run = caption_to_files(photos, captioner, Files(broken), **options)
    for _ in range(3):
        next(run)
    run.close()
    assert Journal.path_beside(broken).exists()
    resumed = Files(broken, resume=True)
    for other in (None, RowTranslator(translator, "fr")):
        with pytest.raises(UserError, match="was begun with language"):
            list(caption_to_files(photos, captioner, resumed, batch_size=2, translate=other))
    list(caption_to_files(photos, captioner, resumed, **options))
    assert broken.read_text() == whole.read_text()


def test_the_command_prints_both(monkeypatch, capsys, photos, checkpoint, translator_run):
    arguments = ["caption", photos[0], "--model", checkpoint, "--language", "fr"]
    arguments += ["--translator", translator_run / "best"]
    monkeypatch.setattr(sys, "argv", ["multimodal", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
    (line,) = capsys.readouterr().out.splitlines()
    path, english, french, score = line.split("\t")
    assert path == str(photos[0])
    assert english
    assert french not in ("", english)
    assert float(score) < 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--translator", "x"], "name one, such as de"),
        (["--language", "de", "--translator", "no-such-folder"], "no-such-folder"),
    ],
)
def test_what_cannot_be_is_one_line(monkeypatch, capsys, photos, arguments, named):
    monkeypatch.setattr(sys, "argv", ["multimodal", "caption", str(photos[0]), *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == cli.USER_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line

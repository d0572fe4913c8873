"""Labels for files of texts, and the commands of text classification."""

import csv
import io
import json
import os
import re

import pyarrow.parquet as pq
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.texts.classifier import Influence, TextClassifier
from multimodal.recognition.texts.model import TextConfig, TextNetwork
from multimodal.recognition.texts.tokenizer import Tokenizer
from multimodal.training.report import Report
from pipelines import classify_text as jobs
from pipelines import cli
from pipelines.classify_text import MoodFiles, classify_texts, classify_to_file, coloured

COMMENTS = 'id,comment\n1,"so good, so warm"\n2,\n3,bad\n4\n5,😀 été\n'


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    tokenizer = Tokenizer.build(["so good , so warm", "bad"], "words", buckets=32, min_count=1)
    config = TextConfig(num_encoders=2, embedding_size=6, hidden_size=6)
    network = TextNetwork(config, len(tokenizer), 32, 2)
    classifier = TextClassifier(network, tokenizer, ("0", "1"), names=("sad", "glad"))
    return classifier.save_pretrained(tmp_path_factory.mktemp("models") / "moods")


@pytest.fixture
def classifier(model):
    return TextClassifier.from_pretrained(model)


@pytest.fixture
def comments(tmp_path):
    path = tmp_path / "comments.csv"
    path.write_text(COMMENTS)
    return path


def complaint(left: tuple[int, str, str]) -> str:
    code, _, err = left
    assert code == cli.USER_ERROR
    (line,) = err.splitlines()
    return line


def read_table(path, **options):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, **options))


# ---- classify-text ----


def test_every_row_of_the_input_has_one_in_the_output(run, model, comments, tmp_path, classifier):
    out = tmp_path / "moods.csv"
    code, _, err = run("classify-text", comments, "-o", out, "--model", model)
    assert code == 3
    assert "3 labelled, 2 failed" in err
    rows = read_table(out)
    assert [row["source"] for row in rows] == [f"{comments}#{n}" for n in range(1, 6)]
    assert [row["text"] for row in rows] == ["so good, so warm", "", "bad", "", "😀 été"]
    assert [bool(row["error"]) for row in rows] == [False, True, False, True, False]
    prediction = classifier.predict("so good, so warm")
    assert rows[0]["label"] == prediction.label
    assert float(rows[0]["probability"]) == pytest.approx(prediction.probability)
    assert set(json.loads(rows[0]["probabilities"])) == {"sad", "glad"}
    assert rows[1]["label"] == rows[1]["probability"] == ""
    assert (
        run("classify-text", comments, "-o", tmp_path / "b.csv", "--model", model, "--strict")[0]
        == 1
    )


@pytest.mark.parametrize("ending", [".tsv", ".jsonl", ".parquet"])
def test_all_kinds_of_output_say_the_same(classifier, comments, tmp_path, ending):
    out = tmp_path / f"moods{ending}"
    rows = list(classify_to_file([comments], classifier, MoodFiles(out)))
    if ending == ".tsv":
        records = read_table(out, delimiter="\t")
    elif ending == ".jsonl":
        records = [json.loads(line) for line in out.read_text().splitlines()]
        assert records[0]["probabilities"] == rows[0].probabilities
    else:
        records = pq.read_table(out).to_pylist()
        assert {pair["label"] for pair in records[0]["probabilities"]} == {"sad", "glad"}
    assert [record["label"] or None for record in records] == [row.label for row in rows]
    assert [record["error"] or None for record in records] == [row.error for row in rows]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comments.csv", out.name]


def test_batches_do_not_change_a_row_and_memory_holds_only_one(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 3)
    path = tmp_path / "many.txt"
    path.write_text("so good\nbad\nso\n\n" * 5)
    rows = list(classify_texts([path], classifier))
    assert len(rows) == 20
    for row in rows:
        if row.error is None:
            expected = classifier.predict(row.text)
            assert row.label == expected.label
            assert row.probability == pytest.approx(expected.probability, rel=1e-4)
    twice = [(row.source, row.label) for row in classify_texts([path, path], classifier)]
    assert twice == 2 * [(row.source, row.label) for row in rows]


def test_an_interrupted_run_goes_on(classifier, comments, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    whole = tmp_path / "whole.jsonl"
    list(classify_to_file([comments], classifier, MoodFiles(whole)))
    out = tmp_path / "out.jsonl"
    stopped = classify_to_file([comments], classifier, MoodFiles(out))
    next(stopped)
    stopped.close()
    assert not out.exists()
    with pytest.raises(UserError, match="an interrupted run left this"):
        list(classify_to_file([comments], classifier, MoodFiles(out)))
    list(classify_to_file([comments], classifier, MoodFiles(out, resume=True)))
    assert out.read_bytes() == whole.read_bytes()
    assert MoodFiles(out, resume=True).finished
    with pytest.raises(UserError, match="is there already"):
        list(classify_to_file([comments], classifier, MoodFiles(out)))


def test_a_run_does_not_go_on_with_other_texts_or_another_model(
    classifier, comments, tmp_path, monkeypatch
):
    monkeypatch.setattr(jobs, "BATCH", 2)
    out = tmp_path / "out.csv"
    stopped = classify_to_file([comments], classifier, MoodFiles(out))
    next(stopped)
    stopped.close()
    classifier.temperatures = {1: 2.0}
    with pytest.raises(UserError, match="was begun with model"):
        list(classify_to_file([comments], classifier, MoodFiles(out, resume=True)))
    classifier.temperatures = {1: 1.0}
    comments.write_text(COMMENTS.replace("so good", "so bad"))
    with pytest.raises(UserError, match="the inputs have changed"):
        list(classify_to_file([comments], classifier, MoodFiles(out, resume=True)))


def test_sentences_and_lines_are_shown(run, model, monkeypatch):
    code, out, _ = run("classify-text", "so good", "bad, so bad", "--model", model)
    assert code == 0
    assert [line.split("\t")[2] for line in out.splitlines()] == ["so good", "bad, so bad"]
    assert re.fullmatch(r"(sad|glad)\t[01]\.\d\d\tso good", out.splitlines()[0])
    monkeypatch.setattr("sys.stdin", io.StringIO("so\n\nbad\n"))
    code, out, err = run("classify-text", "-", "--model", model)
    assert code == 3
    assert len(out.splitlines()) == 2
    assert err.splitlines()[0] == "-#2: holds no word"


def test_every_word_is_shown(run, model, classifier):
    code, out, _ = run("classify-text", "so good , so bad", "--every-word", "--model", model)
    assert code == 0
    _, probability, words = out.rstrip("\n").split("\t")
    assert re.fullmatch(r"so \([+-]0\.\d\d\) good \(.*\) , \(.*\) so \(.*\) bad \(.*\)", words)
    moved = sum(map(float, re.findall(r"[+-]\d\.\d\d", words)))
    assert moved == pytest.approx(float(probability) - 0.5, abs=0.05)


def test_words_are_coloured_by_what_they_did():
    text = coloured([Influence("up", 0.4), Influence("down", -0.1), Influence("flat", 0.001)])
    assert text.plain == "up down flat "
    up, down, flat = (span.style for span in text.spans)
    assert up.bold
    assert not down.bold
    assert up.color.triplet.green > up.color.triplet.red
    assert down.color.triplet.red > down.color.triplet.green
    assert flat.color is None
    assert flat.dim


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["gone.csv"], "gone.csv: no such file"),
        (["{comments}", "-o", "{folder}/moods.doc"], "unknown ending"),
        (["{comments}", "-o", "{comments}"], "is an input"),
        (["{comments}", "-o", "{folder}/gone/moods.csv"], "its folder does not exist"),
        (["{comments}", "--resume"], "--resume: only what goes to an --output"),
        (["{comments}", "a sentence"], "'a sentence' is a text and "),
        (["a sentence", "-o", "{folder}/moods.csv"], "is for files of texts"),
        (["{comments}", "--text-column", "nope"], "no column 'nope'; there are id, comment"),
        (["{comments}", "--model", "{folder}"], "no checkpoint"),
    ],
)
def test_what_cannot_be_is_one_line(run, model, comments, arguments, reason):
    places = {"comments": comments, "folder": comments.parent}
    words = [argument.format(**places) for argument in arguments]
    words += [] if "--model" in words else ["--model", model]
    assert reason in complaint(run("classify-text", *words))
    assert os.listdir(comments.parent) == ["comments.csv"]  # noqa: PTH208


# ---- train and evaluate ----


@pytest.fixture
def labelled(tmp_path):
    folder = tmp_path / "moods"
    folder.mkdir()
    for split, count in {"train": 24, "dev": 8, "test": 8}.items():
        lines = [f"so {('bad', 'good')[n % 2]} number {n}\t{n % 2}" for n in range(count)]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def test_training_leaves_a_classifier_that_can_be_measured(run, labelled, tmp_path, monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)
    tiny = ["num_encoders=1", "embedding_size=6", "hidden_size=6", "buckets=32", "epochs=2"]
    names = ["label_names=0=sad,1=glad", "batch_size=4", "min_count=1"]
    settings = [part for setting in [*tiny, *names] for part in ("--set", setting)]
    code, out, _ = run(
        "train", "text-classifier", "--data", labelled, "--output", tmp_path / "run", *settings
    )
    assert code == 0
    best = tmp_path / "run" / "best"
    assert out.startswith(f"{best}: the best")
    scores = tmp_path / "scores.json"
    code, _, _ = run(
        *("evaluate", "text-classifier", "--data", labelled, "--model", best, "--json", scores)
    )
    assert code == 0
    figures = json.loads(scores.read_text())
    assert {"accuracy", "ece", "per_class", "sentences", "seconds"} <= set(figures)
    assert figures["sentences"] == 8
    classifier = TextClassifier.from_pretrained(best)
    texts = [line.split("\t") for line in (labelled / "test.tsv").read_text().splitlines()]
    right = [
        {"sad": "0", "glad": "1"}[classifier.predict(text).label] == label for text, label in texts
    ]
    assert figures["accuracy"] == pytest.approx(sum(right) / 8)
    assert set(figures["per_class"]) == {"sad", "glad"}
    assert sum(figures["per_class"].values()) / 2 == pytest.approx(figures["accuracy"])
    assert "1.0" in figures["accuracy_after_fraction"]


def test_labels_of_the_data_may_be_the_names_that_are_shown(run, model, tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("text,mood\nso good,glad\nbad,0\n")
    code, out, _ = run(
        *("evaluate", "text-classifier", "--data", tmp_path, "--model", model),
    )
    assert code == 0
    assert json.loads(out)["sentences"] == 2
    path.write_text("text,mood\nso good,odd\n")
    line = complaint(run("evaluate", "text-classifier", "--data", tmp_path, "--model", model))
    assert "the label 'odd' is not known; known are 0, 1" in line

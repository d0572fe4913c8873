import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.handwriting.metrics import error_rates
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.strokes import Drawing, save_drawings
from multimodal.strokes.handwritten import read_handwriting
from pipelines import cli
from pipelines.benchmark.handwriting_recognizer import benchmark_handwriting_recognizer
from pipelines.benchmark.products import Products
from pipelines.commands import SOME_FAILED
from pipelines.evaluate.handwriting_recognizer import (
    evaluate_handwriting_recognizer,
    reading_errors,
)

_FIXTURES = runpy.run_path(
    str(Path(__file__).parents[1] / "recognition" / "handwriting" / "conftest.py")
)
recognizer, checkpoint = _FIXTURES["recognizer"], _FIXTURES["checkpoint"]
page, samples = _FIXTURES["page"], _FIXTURES["samples"]


@pytest.fixture
def data(tmp_path) -> Path:
    """Lines and words by three writers, one for each part."""
    folder = tmp_path / "data"
    folder.mkdir()
    for kind, seed in (("lines", 1), ("words", 1000)):
        written = [each for n in (0, 1, 2) for each in samples(12, n, seed + 100 * n)]
        columns = {
            "text": [each.text for each in written],
            "writer": pa.array([each.writer for each in written], pa.int16()),
            "dx": pa.array([each.offsets[:, 0] for each in written], pa.list_(pa.int16())),
            "dy": pa.array([each.offsets[:, 1] for each in written], pa.list_(pa.int16())),
            "pen_lifted": pa.array(
                [each.offsets[:, 2] != 0 for each in written], pa.list_(pa.bool_())
            ),
        }
        pq.write_table(pa.table(columns), folder / f"{kind}.parquet")
    return folder


# ---- read ----


def test_one_line_for_every_drawing(run, checkpoint, tmp_path):
    note = page("lvn", "nl").save(tmp_path / "note.svg")
    several = save_drawings([page("v"), page("ln")], tmp_path / "several.ndjson")
    out = tmp_path / "read.jsonl"
    code, said, _ = run("read", note, several, "--model", checkpoint, "-o", out)
    assert code == 0
    loaded = HandwritingRecognizer.from_pretrained(checkpoint)
    expected = loaded.read(page("lvn", "nl"))
    names, texts = zip(*(line.split("\t") for line in said.splitlines()), strict=True)
    assert names == (str(note), f"{several}:1", f"{several}:2")
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["file"] for row in rows] == list(names)
    assert [" / ".join(row["text"].splitlines()) for row in rows] == list(texts)
    assert rows[0]["text"] == expected.text
    assert [line["strokes"] for line in rows[0]["lines"]] == [[0, 1, 2], [3, 4]]
    assert rows[0]["score"] == pytest.approx(expected.score, abs=0.05)  # in 16 bits


def test_alternatives_are_told(run, checkpoint, tmp_path):
    note = page("lvn").save(tmp_path / "note.json")
    out = tmp_path / "read.jsonl"
    _, said, _ = run("read", note, "--model", checkpoint, "--n-best", 2, "-o", out)
    best = (
        HandwritingRecognizer.from_pretrained(checkpoint)
        .read(page("lvn"), alternatives=2)
        .lines[0]
        .alternatives
    )
    told = [line.split("\t")[1:] for line in said.splitlines()[1:]]
    assert [text for _, text in told] == [text for text, _ in best]
    (line,) = json.loads(out.read_text())["lines"]
    assert [text for text, _ in line["alternatives"]] == [text for text, _ in best]


def test_a_single_line_is_not_cut(run, checkpoint, tmp_path):
    note = page("lvn", "nl").save(tmp_path / "note.svg")
    out = tmp_path / "read.jsonl"
    run("read", note, "--model", checkpoint, "--one-line", "-o", out)
    assert len(json.loads(out.read_text())["lines"]) == 1


def test_what_cannot_be_read_is_one_line(run, checkpoint, tmp_path):
    empty = tmp_path / "empty.npz"
    steps = np.empty(1, object)
    steps[0] = np.zeros((0, 3), np.int16)
    np.savez(empty, train=steps)
    missing = tmp_path / "missing.svg"
    note = page("l").save(tmp_path / "note.svg")
    nowhere = tmp_path / "nowhere" / "x.jsonl"
    for expected, arguments, complaint in (
        (SOME_FAILED, (empty,), f"{empty}: has no stroke to read"),
        (SOME_FAILED, (missing,), f"{missing}: no such file"),
        (cli.USER_ERROR, (note, "-o", nowhere), "its folder does not exist"),
    ):
        code, _, said = run("read", *arguments, "--model", checkpoint)
        assert code == expected
        assert complaint in said
        assert len(said.splitlines()) == 1


def test_a_file_that_cannot_be_read_does_not_stop_the_others(run, checkpoint, tmp_path):
    missing, note = tmp_path / "missing.svg", page("lvn").save(tmp_path / "note.svg")
    torn = tmp_path / "torn.svg"
    torn.write_text('<svg width="9" height="9"><path d="M1 1L2 8 3 1 4 9L" stroke="red"/></svg>')
    several = tmp_path / "several.npz"
    steps = np.empty(2, object)
    steps[:] = [np.array([[1, 2, 0], [9, 9, 1]]), np.zeros((0, 3), int)]
    np.savez(several, train=steps)
    out = tmp_path / "read.jsonl"
    code, said, told = run("read", missing, note, torn, several, "--model", checkpoint, "-o", out)
    assert code == 3
    names = [str(missing), str(note), str(torn), f"{several}:1", f"{several}:2"]
    assert [line.split("\t")[0] for line in said.splitlines()] == names[1:4]
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["file"] for row in rows] == names
    assert [row.get("error") is not None for row in rows] == [True, False, False, False, True]
    lines = told.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"multimodal: {missing}: no such file")
    assert lines[1].startswith(f"multimodal: warning: {torn}:1: path data")
    assert lines[2] == f"multimodal: {several}:2: has no stroke to read"


# ---- train and evaluate ----


def test_a_reader_is_trained_and_measured(run, data, tmp_path):
    out = tmp_path / "run"
    small = ("channels=4", "hidden_size=4", "layers=1", "epochs=1", "precision=fp32")
    settings = [word for setting in small for word in ("--set", setting)]
    code, said, _ = run(
        "train", "handwriting-recognizer", "--data", data, "--output", out, *settings
    )
    assert code == 0
    assert f"{out / 'best'}: the best handwriting recognizer" in said
    scores_file = tmp_path / "scores.json"
    code, said, _ = run(
        "evaluate",
        "handwriting-recognizer",
        "--data",
        data,
        "--model",
        out / "best",
        "--json",
        scores_file,
    )
    assert code == 0
    scores = json.loads(scores_file.read_text())
    assert scores == json.loads(said)
    assert {"cer", "wer", "lines"} < set(scores)
    assert (scores["lines"], scores["words"]["words"], scores["writers"]) == (12, 12, 1)


def test_the_figures_are_those_of_the_readings(checkpoint, data):
    scores = evaluate_handwriting_recognizer(checkpoint, data, "dev")
    loaded = HandwritingRecognizer.from_pretrained(checkpoint)
    for kind, figures in (("lines", scores), ("words", scores["words"])):
        held_out = read_handwriting(data, [kind], "dev")
        readings = loaded.read([each.drawing for each in held_out], one_line=True)
        read = [reading.text for reading in readings]
        rates = error_rates([each.text for each in held_out], read)
        assert figures["cer"] == pytest.approx(rates.cer)
        assert figures["wer"] == pytest.approx(rates.wer)
        assert figures["exact"] == pytest.approx(rates.exact)


def test_lines_alone_are_measured_too(checkpoint, data):
    (data / "words.parquet").unlink()
    assert "words" not in evaluate_handwriting_recognizer(checkpoint, data)
    (data / "lines.parquet").unlink()
    with pytest.raises(UserError, match=r"lines\.parquet: no such file"):
        evaluate_handwriting_recognizer(checkpoint, data)


def test_the_judge_counts_what_is_not_read_as_meant(recognizer):
    drawings = [page("lvn"), Drawing(())]
    said = recognizer.read(drawings[0]).text
    assert reading_errors(recognizer, drawings, [said, ""]).cer == 0
    assert reading_errors(recognizer, drawings, [f"{said}xx", ""]).cer == pytest.approx(
        2 / (len(said) + 2)
    )
    assert reading_errors(recognizer, drawings, [said, "abc"]).texts == 2


# ---- benchmark ----


def test_the_benchmark_tells_what_it_timed(checkpoint, data):
    for source in (data, None):
        lines = list(benchmark_handwriting_recognizer(checkpoint, 3, source))
        assert lines[0].startswith("3 lines, ")
        assert lines[1].startswith("a live reading: ")
        rows = [line.split() for line in lines[3:6]]
        assert [int(row[0]) for row in rows] == [1, 32, 256]
        assert all(float(figure) > 0 for row in rows for figure in row[1:])


def test_the_bare_products_are_those_of_the_network(recognizer):
    """Two convolutions, the readout, and for each of two layers and two directions one product
    for all inputs and one a step."""
    products = Products(recognizer.network, lambda: recognizer.read(page("l")))
    frames = 64 // 4  # what the shortest track is padded to
    assert len(products._products) == 2 + 1 + 2 * 2 * (1 + frames)
    with torch.inference_mode():
        shapes = {tuple(product().shape) for product in products._products}
    assert (1, frames, 1 + len(recognizer.alphabet)) in shapes

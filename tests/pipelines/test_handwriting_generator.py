"""From handwriting to a writer, its figures and its speed, as the command line goes about it."""

import json
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from multimodal.errors import UserError
from multimodal.handwriting.generator import HandwritingGenerator
from pipelines.benchmark import handwriting_generator as benchmark
from pipelines.cli import commands
from pipelines.evaluate import handwriting_generator as evaluation

_FIXTURES = runpy.run_path(str(Path(__file__).parents[1] / "handwriting" / "conftest.py"))
handwriting_data = _FIXTURES["handwriting_data"]
make_generator = _FIXTURES["make_generator"]
generator = _FIXTURES["generator"]

SMALL = {
    **dict.fromkeys(
        ("character_embedding_size", "writer_embedding_size", "components", "windows"), 4
    ),
    **dict.fromkeys(("window_size", "hidden_size"), 12),
    **{"words": 5, "characters": 5, "epochs": 1, "batch_points": 1024, "dev_lines": 4},
}
SETTINGS = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]


def run(*arguments):
    return CliRunner().invoke(commands.app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(handwriting_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "writer"
    result = run(
        "train", "handwriting-generator", "--data", handwriting_data, "--output", out, *SETTINGS
    )
    assert result.exit_code == 0, result.output
    return out / "best"


@pytest.fixture(scope="module")
def reader(handwriting_data, tmp_path_factory):
    """A judge that has hardly learnt anything."""
    out = tmp_path_factory.mktemp("runs") / "reader"
    small = ("epochs=1", "hidden_size=8", "batch_points=2048")
    settings = [word for each in small for word in ("--set", each)]
    result = run(
        "train", "handwriting-recognizer", "--data", handwriting_data, "--output", out, *settings
    )
    assert result.exit_code == 0, result.output
    return out / "best"


def test_training_leaves_a_writer_that_writes(trained):
    loaded = HandwritingGenerator.from_pretrained(trained)
    assert loaded.write("ab", seed=1, attempts=1)
    assert loaded.network.config.num_writers == 4


def test_scores(trained, reader, handwriting_data, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "SENTENCES", 4)
    monkeypatch.setattr(evaluation, "RANDOM", 3)
    monkeypatch.setattr("multimodal.handwriting.options.HandwritingOptions.attempts", 1)
    place = tmp_path / "scores.json"
    result = run(
        *("evaluate", "handwriting-generator", "--data", handwriting_data, "--model", trained),
        *("--recognizer", reader, "--split", "test", "--json", place),
    )
    assert result.exit_code == 0, result.output
    scores = json.loads(place.read_text())
    assert scores["nats_per_line"] > scores["nats_per_point"] > 0
    assert scores["lines"] == 14
    assert scores["sentences"] == scores["real_sentences"] == 4
    assert scores["random_sentences"] == 3
    assert 0 <= scores["failed_ends"] <= 3
    assert scores["character_error_rate_real"] > 0
    expected = scores["character_error_rate_generated"] / scores["character_error_rate_real"]
    assert scores["ratio"] == pytest.approx(expected)


def test_scores_of_hands(trained, handwriting_data, monkeypatch):
    monkeypatch.setattr(evaluation, "STYLE_LINES", 3)
    monkeypatch.setattr(evaluation, "HELD_OUT", 2)
    monkeypatch.setattr(evaluation, "LEAST_TEXT", 4)
    monkeypatch.setattr("multimodal.handwriting.styles.STEPS", 2)
    monkeypatch.setattr("multimodal.handwriting.options.HandwritingOptions.attempts", 1)
    result = run(
        "evaluate",
        "handwriting-generator",
        "--data",
        handwriting_data,
        "--model",
        trained,
        "--styles",
    )
    assert result.exit_code == 0, result.output
    scores = json.loads(result.stdout[result.stdout.index("{") :])
    assert scores["writers"] == 2
    assert scores["chance"] == 0.5
    for way in ("real", "primer", "embedding", "both"):
        assert 1 <= scores[way]["mean_place"] <= 2
    assert set(scores["embedding"]["nats_per_point"]) == {"own", "others", "nobody"}


def test_new_sentences_are_new(handwriting_data):
    from multimodal.strokes.handwritten import read_handwriting

    lines = read_handwriting(handwriting_data, ["lines"], "test")
    known = {lines[0].text}
    chosen = evaluation.new_sentences([*lines, *lines], known, 5)
    texts = [one.text for one in chosen]
    assert len(set(texts)) == 5
    assert not known & set(texts)
    sentences = evaluation.random_sentences(lines, 6)
    assert sentences == evaluation.random_sentences(lines, 6)
    assert all(2 <= len(sentence.split()) <= 10 for sentence in sentences)


def test_reordered_sentences_say_nothing_that_is_known():
    texts = ["one two three four five six", "alpha beta", "alone"]
    found = evaluation.reordered(texts, {"beta alpha"}, 9)
    assert found
    assert not {*texts, "beta alpha"} & set(found)
    assert len(set(found)) == len(found) <= 9
    assert {" ".join(sorted(text.split())) for text in found} == {"five four one six three two"}
    assert evaluation.reordered(texts, set(), 0) == []


def test_too_few_writers(trained, handwriting_data):
    with pytest.raises(UserError, match="fewer than two writers"):
        evaluation.evaluate_styles(trained, handwriting_data, "test")


def test_speed(generator, tmp_path, monkeypatch):
    folder = generator.save_pretrained(tmp_path / "mine")
    monkeypatch.setattr(benchmark, "LINES", 2)
    monkeypatch.setattr(benchmark, "LINE", "ab cd")
    monkeypatch.setattr(benchmark, "STEPS", 8)
    monkeypatch.setattr("multimodal.handwriting.options.HandwritingOptions.attempts", 1)
    result = run("benchmark", "handwriting-generator", "--model", folder)
    assert result.exit_code == 0, result.output
    for part in ("a page at once", "line after line", "products alone", "training"):
        assert part in result.output

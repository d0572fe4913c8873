"""The jobs of text, and their commands."""

import gzip
import json
import lzma
import math
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.language.data import SplitFractions
from multimodal.language.language_model import LanguageModel
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.training.report import Report
from multimodal.vocabulary import CharacterVocabulary
from pipelines import cli
from pipelines.benchmark.language_model import benchmark_language_model
from pipelines.evaluate.baselines import baseline_figures, ngram_bits
from pipelines.evaluate.language_model import CONTEXT, evaluate_form, evaluate_language_model

TEXT = 'if (x[0] == "a") { y = f(x); }\n' * 60
TINY = ["layers=1", "embedding_size=4", "hidden_size=8", "streams=2", "steps=5", "precision=fp32"]


RESIDENT = """
import re, sys
from pathlib import Path
import pipelines.cli  # which lets the C library keep what is freed
from multimodal import training
from pipelines.train import train_model

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

found = []
training.train = lambda learning, out: found.append(resident())
for text in sys.argv[1:]:
    train_model("language-model", text, Path(text).with_suffix(".run"))
print(found[1] - found[0])
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    vocabulary = CharacterVocabulary("".join(sorted(set(TEXT))))
    network = LanguageNetwork(LanguageConfig(embedding_size=4, hidden_size=8), len(vocabulary))
    language_model = LanguageModel(network, vocabulary, SplitFractions(0.1, 0.2))
    return language_model.save_pretrained(tmp_path_factory.mktemp("language-model") / "tiny")


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "code.c"
    path.write_text(TEXT)
    return path


def complaint(left: tuple[int, str, str]) -> str:
    code, _, err = left
    assert code == cli.USER_ERROR
    (line,) = err.splitlines()
    return line


# ---- train ----


def test_training_leaves_an_author(run, data, tmp_path, monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)
    settings = [part for setting in [*TINY, "epochs=1"] for part in ("--set", setting)]
    places = ("--data", data, "--output", tmp_path / "run")
    code, out, _ = run("train", "language-model", *places, "--set", "cell=gru", *settings)
    assert code == 0
    best = tmp_path / "run" / "best"
    assert out.startswith(f"{best}: the best language model")
    config = LanguageModel.from_pretrained(best).network.config
    assert (config.hidden_size, config.cell) == (8, "gru")
    assert "— at first" in (tmp_path / "run" / "samples.txt").read_text()


@pytest.mark.parametrize(
    ("setting", "named"),
    [("cells=2", "did you mean cell?"), ("cell=x", "rnn, gru, lstm"), ("steps=0", "at least 1")],
)
def test_a_bad_setting_is_named(run, data, tmp_path, setting, named):
    left = run(
        "train", "language-model", "--data", data, "--output", tmp_path / "run", "--set", setting
    )
    assert named in complaint(left)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident")
def test_a_text_that_was_read_is_given_back_before_training(tmp_path):
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text(TEXT * 20)
    large.write_text(TEXT * 20_000)
    command = [sys.executable, "-c", RESIDENT, str(small), str(large)]
    grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < 1.5 * large.stat().st_size  # one byte a character: the ids


# ---- evaluate ----


def test_scores_are_those_of_the_split(run, checkpoint, data, tmp_path):
    path = tmp_path / "scores.json"
    command = ["evaluate", "language-model", "--model", checkpoint, "--data", data]
    code, out, _ = run(*command, "--split", "test", "--json", path)
    assert code == 0
    assert out == path.read_text()
    scores = json.loads(out)
    assert set(scores) == {
        *("nats_per_character", "bits_per_character", "perplexity", "characters"),
        *("seconds", "split", "adapt"),
    }
    test = TEXT[int(len(TEXT) * 0.8) :]
    expected = LanguageModel.from_pretrained(checkpoint, precision="fp32").score(test).scores
    assert scores["characters"] == len(test)
    assert scores["nats_per_character"] == pytest.approx(expected.nats_per_character, rel=1e-4)
    assert scores["perplexity"] == pytest.approx(math.exp(scores["nats_per_character"]))
    adapted = json.loads(run(*command, "--split", "test", "--adapt")[1])
    assert (scores["adapt"], adapted["adapt"]) == (False, True)
    expected = (
        LanguageModel.from_pretrained(checkpoint, precision="fp32").score(test, adapt=True).scores
    )
    assert adapted["nats_per_character"] == pytest.approx(expected.nats_per_character, rel=1e-4)
    assert adapted["nats_per_character"] != pytest.approx(scores["nats_per_character"], rel=1e-4)


def test_a_split_that_there_is_not_is_named(checkpoint, data):
    with pytest.raises(UserError, match=r"'holdout'.*train, dev, test, whole"):
        evaluate_language_model(checkpoint, data, "holdout")


def test_form_is_of_what_is_written_not_followed(run, checkpoint, data):
    command = [
        "evaluate",
        "language-model",
        "--model",
        checkpoint,
        "--data",
        data,
        "--form",
        "c",
        "--adapt",
    ]
    assert "--form and --adapt: give one" in complaint(run(*command))


def test_form_is_compared_with_real_windows(checkpoint, data):
    options = {"samples": 5, "length": 100, "temperature": 1.5, "seed": 1}
    figures = evaluate_form(checkpoint, data, "whole", "c", **options)
    assert figures["brackets_balanced"]["text"] == 1
    assert figures["no_token_error"]["samples"] < 1
    for measure in ("brackets_balanced", "no_token_error"):
        found = figures[measure]
        assert found["ratio"] == found["samples"] / found["text"]
    assert figures["windows"] == 5
    with pytest.raises(UserError, match="choose one of c, latex, sonnet"):
        evaluate_form(checkpoint, data, "whole", "haiku")
    with pytest.raises(UserError, match=f"shorter than {CONTEXT + 2000}"):
        evaluate_form(checkpoint, data, "whole", "c")


# ---- baselines ----


def test_a_unigram_by_hand():
    # Of the lowest order counts after how many characters a character was seen:
    # a at first and after b; b after a; c after a. Discounts of 1/2, the text is short.
    bits = ngram_bits("abaca"[:4], "b", orders=(1,))
    counts = {"a": 2, "b": 1, "c": 1}
    plain = (counts["b"] - 0.5 + 3 * 0.5 / 3) / 4
    assert bits == [pytest.approx(-math.log2(plain))]


def counted_grams(text: str, length: int, highest: int) -> dict[str, int]:
    """How often each gram counts: of the highest order all, else one for each left neighbour."""
    places = range(len(text) - length + 1)
    if length == highest:
        return Counter(text[i : i + length] for i in places)
    pairs = {(text[i - 1 : i], text[i : i + length]) for i in places}
    return Counter(gram for _, gram in pairs)


def kneser_ney_by_dictionary(train: str, held_out: str, highest: int) -> float:
    """Bits per character by the textbook's formulas, with discounts of 1/2."""
    bits = 0.0
    for end in range(len(held_out)):
        p = 1 / len(set(train + held_out))
        for length in range(1, min(highest, end + 1) + 1):
            counts = counted_grams(train, length, highest)
            gram = held_out[end + 1 - length : end + 1]
            of_context = [n for other, n in counts.items() if other[:-1] == gram[:-1]]
            if of_context:
                own = max(counts[gram] - 0.5, 0)
                p = (own + 0.5 * len(of_context) * p) / sum(of_context)
        bits -= math.log2(p) / len(held_out)
    return bits


@pytest.mark.parametrize("highest", [1, 2, 3, 6])
def test_ngrams_are_kneser_neys(highest):
    train, held_out = "abracadabra abba", "a cab bard"
    expected = kneser_ney_by_dictionary(train, held_out, highest)
    assert ngram_bits(train, held_out, (highest,)) == [pytest.approx(expected)]


def test_the_probabilities_of_what_may_follow_sum_to_one(shared):
    text = (shared / "data" / "text" / "sonnets.txt").read_text()[:3000]
    alphabet = sorted(set(text))
    for context in ("beauty's ro", "zzzzz"):
        for order in (1, 4):
            ends = np.array([ngram_bits(text, context + c, (order,))[0] for c in alphabet])
            alone = ngram_bits(text, context, (order,))[0] * len(context)
            logs = alone - ends * (len(context) + 1)
            assert np.exp2(logs).sum() == pytest.approx(1, abs=1e-6)


def test_longer_contexts_foretell_better_until_they_are_rare(shared):
    text = (shared / "data" / "text" / "tinyshakespeare.txt").read_text()
    train, held_out = text[:60_000], text[60_000:66_000]
    one, three, five, twenty = ngram_bits(train, held_out, (1, 3, 5, 20))
    assert one > three > five
    assert five == pytest.approx(twenty, abs=0.1)
    assert 2 < five < 3


def test_compressors_are_charged_for_what_a_text_adds():
    train, held_out = "abcdefg" * 50, "gfedcba!" * 9
    figures = baseline_figures(train, held_out)
    assert figures.keys() == {"5-gram", "20-gram", "gzip", "xz"}
    both, known = (train + held_out).encode(), train.encode()
    xz = len(lzma.compress(both, preset=9)) - len(lzma.compress(known, preset=9))
    assert figures["xz"] == 8 * xz / len(held_out)
    added = len(gzip.compress(both, 9)) - len(gzip.compress(known, 9))
    assert figures["gzip"] == 8 * added / len(held_out)


# ---- write ----


def test_a_text_goes_to_the_terminal_with_its_beginning(run, checkpoint):
    options = ["--length", 40, "--temperature", 0.8, "--seed", 1]
    code, out, _ = run("generate-text", "--model", checkpoint, "--prompt", "if (x", *options)
    assert code == 0
    written = LanguageModel.from_pretrained(checkpoint).generate(
        "if (x", length=40, temperature=0.8, seed=1
    )
    assert out == f"if (x{written}\n"


def test_surprise_changes_the_colours_alone(run, checkpoint):
    options = ["generate-text", "--model", checkpoint, "--length", 40, "--seed", 1]
    assert run(*options, "--surprise") == run(*options)


def test_several_texts_go_into_files(run, checkpoint, tmp_path):
    folder = tmp_path / "samples"
    command = [
        "generate-text",
        "--model",
        checkpoint,
        "-n",
        10,
        "--length",
        20,
        "--seed",
        1,
        "-o",
        folder,
    ]
    code, _, err = run(*command, "--prompt", "f(")
    assert (code, err) == (0, f"10 texts in {folder}\n")
    files = sorted(folder.iterdir())
    assert [file.name for file in files[::9]] == ["01.txt", "10.txt"]
    texts = [file.read_text() for file in files]
    assert len(set(texts)) == 10
    assert all(text.startswith("f(") and len(text) == 22 for text in texts)
    assert "01.txt: exists already" in complaint(run(*command))
    assert run(*command, "--overwrite")[0] == 0
    assert not (folder / "01.txt").read_text().startswith("f(")


def test_several_texts_without_files_are_numbered(run, checkpoint):
    _, out, _ = run("generate-text", "--model", checkpoint, "-n", 2, "--length", 5, "--seed", 1)
    assert out.startswith("— 1\n")
    assert "\n— 2\n" in out


def test_a_file_is_scored(run, checkpoint, data, tmp_path):
    path = tmp_path / "scores.jsonl"
    code, out, _ = run("generate-text", "--model", checkpoint, "--score", data, "-o", path)
    assert code == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert "".join(line["text"] for line in lines) == TEXT
    nats = -sum(line["log_prob"] for line in lines) / len(TEXT)
    assert out.startswith(f"{data}: {nats:.4f} nats")


def test_cells_are_drawn_over_a_file(run, checkpoint, data, tmp_path):
    page = tmp_path / "cells.html"
    command = ["generate-text", "--model", checkpoint, "--trace", data, "-o", page]
    code, out, _ = run(*command)
    assert code == 0
    features = [line.split(",")[0] for line in out.splitlines()]
    assert features == ["inside quotes", "place in line", "depth in brackets"]
    assert page.read_text().count("<pre>") == 3
    _, out, _ = run(*command, "--unit", "2:8")
    assert out == "layer 2, unit 8\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--model", "hamlet"], "hamlet: no such folder, and no shipped language-model; there are"),
        (["--score", "gone.txt"], "gone.txt: no such file"),
        (["--score", "new.txt"], "new.txt: line 1: .*'ß'"),
        (["--score", "empty.txt"], "empty.txt: there is no text"),
        (["--trace", "code.c"], "-o cells.html"),
        (["--trace", "code.c", "-o", "c.html", "--unit", "3:1"], "2 layers of 8 units"),
        (["--trace", "code.c", "-o", "c.html", "--unit", "x"], "write layer:unit"),
        (["--trace", "code.c", "--score", "code.c"], "give one of them"),
        (["--adapt"], "--adapt: .* give --score"),
        (["--prompt", "ß"], "prompt: line 1"),
        (["--temperature", "0"], "temperature must"),
        (["--top-p", "2"], "top_p must"),
    ],
)
def test_mistakes_are_named(run, checkpoint, data, monkeypatch, arguments, named):
    monkeypatch.chdir(data.parent)
    (data.parent / "new.txt").write_text("ß")
    (data.parent / "empty.txt").write_text("")
    line = complaint(run("generate-text", "--model", checkpoint, *arguments))
    assert re.search(named, line), line


# ---- benchmark ----


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_benchmark_prints_two_tables(cell):
    lines = list(benchmark_language_model([*TINY, f"cell={cell}"], characters=3))
    assert lines[0].startswith(f"1 x 8 {cell}")
    training = [line.split() for line in lines if line.startswith(("bf16", "fp32"))]
    assert all(float(row[1].replace(",", "")) > 0 for row in training)
    rows = [line.split() for line in lines[-3:]]
    assert [int(row[0]) for row in rows] == [1, 16, 256]
    assert all(
        float(figure.replace(",", "")) > 0 for row in rows for figure in row if figure != "x"
    )


def test_a_text_that_is_too_short_to_learn_from_is_said(tmp_path):
    from pipelines.train import train_model

    (tmp_path / "four.txt").write_text("abcd")
    with pytest.raises(UserError, match=r"four\.txt: 4 characters leave no dev split"):
        train_model("language-model", tmp_path / "four.txt", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [["--prompt", "ß"], ["--prompt", "if", "--temperature", 0]])
def test_what_is_wrong_is_told_before_anything_is_written(run, checkpoint, wrong):
    code, out, err = run("generate-text", "--model", checkpoint, *wrong)
    assert code == cli.USER_ERROR
    assert out == ""
    assert len(err.splitlines()) == 1

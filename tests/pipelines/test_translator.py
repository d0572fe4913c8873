"""The jobs of translation, and their commands."""

import gzip
import io
import json
import re
import sys

import pytest
from PIL import Image

from multimodal.errors import UserError
from multimodal.training.report import Report
from multimodal.translation.translator import Translator
from pipelines import cli
from pipelines.alignment import draw_alignment
from pipelines.benchmark import translator as benchmark
from pipelines.evaluate.translator import evaluate_translator
from pipelines.translate import names_file

TESTED, CHOSEN_BY = 5, 10  # sentences of the small data's test and dev splits


@pytest.fixture
def best(translator_run):
    return translator_run / "best"


def complaint(left: tuple[int, str, str]) -> str:
    code, _, err = left
    assert code == cli.USER_ERROR
    (line,) = err.splitlines()
    return line


# ---- translate ----


def test_a_sentence_is_printed(run, best):
    code, out, err = run("translate", "A red man runs.", "--to", "de", "--model", best)
    assert (code, out, err) == (0, "Ein roter Mann läuft.\n", "")


def test_n_best_and_words_never_seen(run, best):
    code, out, err = run(
        *("translate", "A red zqwxk runs.", "--to", "de", "--from", "en", "--n-best", 3),
        *("--model", best),
    )
    assert code == 0
    assert len(out.splitlines()) == 3
    assert all(re.search(r"\t-\d+\.\d\d$", line) for line in out.splitlines())
    unknown, unlike = err.splitlines()
    assert unknown == "never seen in training: zqwxk"
    assert unlike.startswith("this sentence is unlike all that the translator learnt from (perpl")


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_keeps_its_lines(run, best, tmp_path, pack):
    text = "A red man runs.\n\nthe blue dog sings\r\n  \nA red zqwxk.\nlast " + "red " * 99
    source = tmp_path / ("lines.txt.gz" if pack else "lines.txt")
    source.write_bytes(gzip.compress(text.encode()) if pack else text.encode())
    output = tmp_path / "out.txt"
    code, out, err = run(
        *("translate", source, "--from", "en", "--to", "fr", "-o", output, "--model", best)
    )
    assert code == 3
    assert out == ""
    lines = output.read_text(encoding="utf-8").split("\n")
    assert lines[:4] == ["Un homme rouge court.", "", "le chien bleu chante", ""]
    assert lines[4].endswith(".")
    assert lines[5:] == ["", ""]
    error, account = err.splitlines()
    assert "line 6: " in error
    assert "too long" in error
    assert account.startswith("6 lines, 1 not translated; 1 with words never seen")
    assert "zqwxk" in account
    assert not list(tmp_path.glob(".unfinished*"))


def test_how_much_it_counts_that_it_can_be_read_back(run, best):
    how = ("--to", "fr", "--from", "en", "--n-best", 5, "--beam-size", 5, "--model", best)
    texts = [
        f"A {one} {who} runs, a {other} {what} {does}."
        for one, other in (("red", "blue"), ("blue", "red"))
        for who, what in (("man", "dog"), ("dog", "man"), ("man", "man"))
        for does in ("sings", "runs")
    ]
    plain, weighed = (
        [run("translate", text, *how, "--channel-weight", weight)[1].splitlines() for text in texts]
        for weight in (0, 30)
    )
    assert all(len(lines) == 5 for lines in (*plain, *weighed))
    assert [sorted(lines[1:]) for lines in plain] != [sorted(lines[1:]) for lines in weighed]
    assert run("translate", texts[0], "--to", "fr", "--channel-weight", -1)[0] == 2


def test_the_standard_input_is_read_and_the_output_printed(run, best, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("A red man runs.\n\n"))
    code, out, err = run("translate", "-", "--to", "fr", "--model", best)
    assert (code, out) == (0, "Un homme rouge court.\n\n")
    assert err == "2 lines\n"


def test_what_breaks_half_way_leaves_what_was_there(run, best, tmp_path):
    source, output = tmp_path / "lines.txt", tmp_path / "out.txt"
    source.write_bytes(b"A red man runs.\n" * 3 + b"\xff\n")
    output.write_text("before")
    left = run("translate", source, "--to", "fr", "-o", output, "--model", best)
    assert "lines.txt: after line" in complaint(left)
    assert output.read_text() == "before"
    assert not list(tmp_path.glob(".unfinished*"))


def test_what_cannot_be_is_said_before_the_model_is_loaded(run, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("a\n")
    for arguments, named in [
        (("captions.txt",), "captions.txt: no such file"),
        (("a dog", "-o", tmp_path / "x"), "--output"),
        ((lines, "--n-best", 2), "for a single sentence"),
        ((lines, "--alignment", "a.png"), "for a single sentence"),
        (("a dog", "--alignment", tmp_path / "a.xyz"), "choose .png, .svg or .pdf"),
    ]:
        left = run("translate", *arguments, "--to", "de", "--model", tmp_path / "none")
        assert named in complaint(left)


def test_languages_and_models_that_there_are_not(run, best, tmp_path):
    assert "it knows de, en, fr" in complaint(run("translate", "a", "--to", "it", "--model", best))
    left = run("translate", "a", "--to", "de", "--model", tmp_path / "none")
    assert "no such folder" in complaint(left)
    lines = tmp_path / "lines.txt"
    lines.write_text("a\n")
    left = run("translate", lines, "--to", "de", "-o", tmp_path / "no" / "x", "--model", best)
    assert "its folder does not exist" in complaint(left)


def test_a_sentence_is_no_file(tmp_path):
    assert not names_file("Two dogs run on the beach.")
    assert not names_file("dog")
    assert not names_file("a " * 5000)
    assert names_file("-")


def test_an_alignment_is_drawn(run, best, tmp_path, translator):
    picture = tmp_path / "a.png"
    code, _, err = run(
        *("translate", "A red man runs.", "--to", "fr", "--model", best, "--alignment", picture)
    )
    assert code == 0
    assert str(picture) in err
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 100
        dark = sum(value < 128 for value in drawn.convert("L").get_flattened_data())
        assert dark > 500
    with pytest.raises(UserError, match="no alignment"):
        draw_alignment(translator.translate("", to="fr"), picture)


# ---- train ----


def test_training_leaves_a_translator(run, parallel_data, tmp_path, monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)
    small = ["vocabulary_size=300", "embedding_size=4", "encoder_size=4", "decoder_size=4"]
    small += ["epochs=1", "batch_size=40", "precision=fp32"]
    settings = [part for setting in small for part in ("--set", setting)]
    code, out, _ = run(
        *("train", "translator", "--data", parallel_data, "--output", tmp_path / "run"),
        *("--languages", "en,de", *settings),
    )
    assert code == 0
    best = tmp_path / "run" / "best"
    assert out.startswith(f"{best}: the best translator")
    assert tuple(Translator.from_pretrained(best).languages) == ("de", "en")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--set", "cell=x"), "rnn, gru, lstm"),
        (("--set", "words=3"), "no such setting; there are 31"),
        (("--languages", "en"), "two or more"),
        (("--languages", "en,it"), "no sentences in two languages"),
    ],
)
def test_a_bad_setting_is_named(run, parallel_data, tmp_path, arguments, named):
    left = run(
        "train", "translator", "--data", parallel_data, "--output", tmp_path / "r", *arguments
    )
    assert named in complaint(left)
    assert not (tmp_path / "r").exists()


# ---- evaluate ----


def test_every_direction_is_scored(run, best, parallel_data, tmp_path):
    path, written = tmp_path / "scores.json", tmp_path / "written"
    code, out, _ = run(
        *("evaluate", "translator", "--data", parallel_data, "--model", best),
        *("--json", path, "--translations", written),
    )
    assert code == 0
    assert out == path.read_text()
    scores = json.loads(out)
    assert set(scores) == {"de-en", "de-fr", "en-de", "en-fr", "fr-de", "fr-en"}
    figures = scores["en-de"]
    assert set(figures) == {
        *("bleu", "chrf", "signature", "sentences", "seconds", "sentences_per_second")
    }
    assert figures["sentences"] == TESTED
    assert figures["bleu"] > 80
    assert "case:lc" in figures["signature"]
    lines = (written / "en-de.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == figures["sentences"]


def test_some_directions_of_some_splits(best, parallel_data, tmp_path):
    scores = evaluate_translator(
        best, parallel_data, "dev", directions=["fr-en"], beam_size=1, batch_size=3
    )
    assert list(scores) == ["fr-en"]
    assert scores["fr-en"]["sentences"] == CHOSEN_BY
    with pytest.raises(UserError, match=r"en-it: there are de-en"):
        evaluate_translator(best, parallel_data, directions=["en-it"])
    with pytest.raises(UserError, match="no split 'holdout'"):
        evaluate_translator(best, parallel_data, "holdout")
    with pytest.raises(UserError, match="folder above"):
        evaluate_translator(best, parallel_data, translations=tmp_path / "no" / "x")


def test_a_missing_reference_is_refused_by_name(best, tmp_path):
    (tmp_path / "test.en").write_text("a dog runs\na cat sleeps\n")
    (tmp_path / "test.de").write_text("ein hund rennt\n\n")
    with pytest.raises(UserError, match=r"test\.de: line 2: empty in 'de', but not in 'en'"):
        evaluate_translator(best, tmp_path, directions=["en-de"])


# ---- benchmark ----


def test_speed_is_told_at_three_sizes(run, best):
    code, out, _ = run("benchmark", "translator", "--model", best, "--sentences", 3)
    assert code == 0
    head, _, *lines = out.splitlines()
    assert head.startswith("3 sentences, beam size 5")
    assert [lines[0], lines[4]] == ["channel weight 0", "channel weight 0.5"]
    for rows in (lines[1:4], lines[5:]):
        assert [int(row.split()[0]) for row in rows] == [1, 32, 256]
        assert rows[0].split()[2] == "1.0"
        assert all(float(row.split()[1]) > 0 for row in rows)


@pytest.fixture
def seen(monkeypatch):
    """What the benchmark notes of a run: by kind, what it takes the products of."""
    seen = {"reading": [], "writing": [], "predicting": []}

    def noting(kind, products_of):
        def note(*what):
            seen[kind].append(what[2:])
            return products_of(*what)

        return note

    for kind in seen:
        name = f"_of_{kind}"
        monkeypatch.setattr(benchmark, name, noting(kind, getattr(benchmark, name)))
    return seen


def test_the_bare_products_are_those_of_the_run(translator, seen):
    run = benchmark.Run(translator, ["A red man runs.", "The blue dog sings."], "de", 0.0, 2)
    ((memory,),) = seen["reading"]
    assert len(memory.values) == 2
    assert {hypotheses for _, hypotheses in seen["writing"]} == {1, 5}  # a beam widens by itself
    assert not seen["predicting"]
    ((products,),) = run._products
    reading = 2 * translator.network.config.encoder_layers * (1 + memory.values.shape[1]) + 3
    assert len(products) == reading + 8 * len(seen["writing"])
    run.multiply()
    assert not {"read", "forward"} & {*vars(translator.network)}


def test_what_is_read_back_is_among_the_bare_products(translator, monkeypatch, seen):
    monkeypatch.setattr("multimodal.translation.translator.CLOSE", 100.0)
    run = benchmark.Run(translator, ["A red man runs.", "The blue dog sings."], "de", 0.5, 2)
    ((memory, steps),) = seen["predicting"]
    assert [len(read.values) for (read,) in seen["reading"]] == [2, 2 * 3]
    assert memory is seen["reading"][1][0]
    layers = translator.network.config.encoder_layers
    reading = [2 * layers * (1 + read.values.shape[1]) + 3 for (read,) in seen["reading"]]
    ((products,),) = run._products
    assert len(products) == sum(reading) + 8 * len(seen["writing"]) + 2 * (1 + steps) + 5
    run.multiply()


def test_every_thread_has_its_own_products(translator, set_threads):
    texts = ["A red man runs."] * 8
    set_threads(1)
    ((alone,),) = benchmark.Run(translator, texts, "de", 0.0, 16)._products
    set_threads(2)
    (of_threads,) = benchmark.Run(translator, texts * 2, "de", 0.0, 16)._products
    assert [len(products) for products in of_threads] == [len(alone)] * 2


def test_a_file_to_time(run, best, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("\n")
    left = run("benchmark", "translator", lines, "--model", best)
    assert "no sentence in it" in complaint(left)
    left = run("benchmark", "translator", tmp_path / "none.txt", "--model", best)
    assert "cannot be read" in complaint(left)

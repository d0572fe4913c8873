"""Training: it learns, it goes on exactly, and it shows what it writes by now."""

import json
import math
from dataclasses import replace

import pytest
import torch

from multimodal.errors import UserError
from multimodal.language.data import Passage
from multimodal.language.language_model import LanguageModel
from multimodal.language.recipe import LanguageModelRecipe
from multimodal.language.training import (
    LanguageModelingStage,
    LanguageModelTask,
    sample_text,
    shows_after,
)
from multimodal.training import train
from multimodal.training.report import Report
from multimodal.vocabulary import CharacterVocabulary

TEXT = "the quick brown fox.\n" * 60
RECIPE = LanguageModelRecipe(
    layers=1,
    embedding_size=8,
    hidden_size=24,
    streams=4,
    steps=10,
    epochs=2,
    learning_rate=0.03,
    warmup_steps=2,
    precision="fp32",
)


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)


def splits(text: str = TEXT) -> dict[str, list[Passage]]:
    cut = len(text) * 9 // 10
    return {"train": [Passage(text[:cut], "text")], "dev": [Passage(text[cut:], "text")]}


def task(out, text: str = TEXT, **changes) -> LanguageModelTask:
    return LanguageModelTask(replace(RECIPE, **changes), splits(text), out)


def metrics(out) -> list[dict]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in line if name != "seconds"} for line in lines]


class Crash(BaseException):
    """Stands in for `kill -9`."""


def crash_at(reading: LanguageModelingStage, step: int) -> None:
    """Crash in the middle of a step; all before it was saved."""
    loss, taken = reading.loss, iter(range(10**6))
    reading.options = replace(reading.options, checkpoint_seconds=0.0)

    def crashing(model, batch):
        if next(taken) == step:
            raise Crash
        return loss(model, batch)

    reading.loss = crashing


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that nothing interrupted."""
    out = tmp_path_factory.mktemp("run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Report, "draw_curves", lambda self: None)
        train(task(out), out)
    return out


def test_it_learns_and_says_so_in_all_units(run):
    first, last = (line for line in metrics(run) if line["kind"] == "dev")
    assert last["nats_per_character"] < first["nats_per_character"] < 3
    assert last["nats_per_character"] < 0.9
    assert last["bits_per_character"] == pytest.approx(last["nats_per_character"] / math.log(2))
    assert last["perplexity"] == pytest.approx(math.exp(last["nats_per_character"]))
    (line, *_) = (line for line in metrics(run) if line["kind"] == "train")
    assert {"loss", "bits_per_character", "perplexity", "gradient_norm"} <= line.keys()


def test_what_it_writes_is_shown_at_growing_steps_in_one_log(run):
    log = (run / "samples.txt").read_text()
    titles = [line for line in log.splitlines() if line.startswith("— ")]
    steps = [title.removeprefix("— ").split(":")[0] for title in titles]
    assert steps == [
        "at first",
        "after 10 steps",
        "language-modeling, epoch 1/2",
        "after 30 steps",
        "language-modeling, epoch 2/2",
    ]
    assert log.split("— ")[-1].count("fox") > log.split("— ")[1].count("fox")
    assert [step for step in range(2000) if shows_after(step)] == [0, 10, 30, 100, 300, 1000]


@pytest.mark.parametrize("step", [1, 30])
def test_an_interrupted_run_ends_as_an_unbroken_one(run, tmp_path, step):
    out = tmp_path / "run"
    broken = task(out)
    crash_at(broken.stages[0], step)
    with pytest.raises(Crash):
        train(broken, out)
    again = task(out)
    again.stages[0].options = replace(again.stages[0].options, checkpoint_seconds=0.0)
    train(again, out)
    assert metrics(out) == metrics(run)
    assert (out / "samples.txt").read_text() == (run / "samples.txt").read_text()
    weights = [
        LanguageModel.from_pretrained(folder / "best").network.state_dict() for folder in (out, run)
    ]
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_every_epoch_cuts_the_streams_elsewhere(tmp_path):
    reading = task(tmp_path).stages[0]
    first, second = (next(iter(reading.batches(epoch, 0, 0, 1))) for epoch in (0, 1))
    assert first.chunk.first
    assert not torch.equal(first.chunk.tokens, second.chunk.tokens)
    halves = [next(iter(reading.batches(0, 0, rank, 2))) for rank in (0, 1)]
    assert torch.equal(halves[1].chunk.tokens, first.chunk.tokens[1::2])
    assert [half.shown_after for half in halves] == [0, None]
    with pytest.raises(UserError, match="streams=4: must be a multiple of the 3 processes"):
        next(iter(reading.batches(0, 0, 0, 3)))


def test_to_validate_or_show_does_not_disturb_the_streams(tmp_path):
    def losses(look) -> list[float]:
        learning = task(tmp_path)
        reading, model = learning.stages[0], learning.model.train()
        found = []
        for number, batch in zip(range(3), reading.batches(0, 0, 0, 1), strict=False):
            torch.manual_seed(number)  # as the loop does
            found.append(reading.loss(model, batch._replace(shown_after=None))["loss"].item())
            look(learning, model)
        return found

    def look(learning: LanguageModelTask, model) -> None:
        assert learning.validate(model.eval()).keys() >= {"nats_per_character"}
        sample_text(model.train(), learning.vocabulary)
        assert all(module.training for module in model.modules())

    assert losses(look) == losses(lambda *_: None)


def test_the_gradient_stops_at_the_chunk_but_the_state_goes_on(tmp_path):
    learning = task(tmp_path)
    reading, model = learning.stages[0], learning.model.eval()
    first, second, *_ = (b._replace(shown_after=None) for b in reading.batches(0, 0, 0, 1))
    reading.loss(model, first)["loss"].backward()
    carried = reading.loss(model, second)["loss"]
    reading.setup(model)
    assert reading.state_dict() == {}
    assert reading.loss(model, second)["loss"].item() != pytest.approx(carried.item(), abs=1e-4)


# ---- vocabularies and beginnings ----


@pytest.mark.parametrize("vocabulary", ["bytes", "words"])
def test_bytes_and_words_are_learnt_as_well(tmp_path, vocabulary):
    text = "Größe und Maß.\n" * 120
    learning = task(tmp_path / "run", text, vocabulary=vocabulary, epochs=1)
    best = train(learning, tmp_path / "run")
    (line,) = (line for line in metrics(tmp_path / "run") if line["kind"] == "dev")
    assert line["characters"] == len(text) - len(text) * 9 // 10
    tokens = learning.config["tokens"]["dev"]
    per_token = line["nats_per_character"] * line["characters"] / tokens
    assert math.log(line["perplexity"]) == pytest.approx(per_token, rel=1e-4)
    assert LanguageModel.from_pretrained(best).generate("Größe", length=20, seed=0)


def test_characters_of_all_splits_are_known_and_words_of_the_first(tmp_path):
    text = "a b c d e f g h i j " * 40 + "z\n" * 50
    assert "z" in task(tmp_path, text).vocabulary.characters
    words = task(tmp_path, text + "q\n" * 50, vocabulary="words").vocabulary
    assert " b" in words
    assert "q" not in words


def test_tied_embeddings_survive_a_run(tmp_path):
    changes = {"tied": True, "embedding_size": 24, "epochs": 1}
    best = train(task(tmp_path / "run", **changes), tmp_path / "run")
    network = LanguageModel.from_pretrained(best).network
    assert network.readout.weight is network.embedding.weight


def test_a_training_may_begin_with_another_author(run, tmp_path):
    before = LanguageModel.from_pretrained(run / "best", precision="fp32")
    text = "the quick brown fox (Vulpes)!\n" * 40
    tuned = task(tmp_path, text, init_from=str(run / "best"), hidden_size=99, weight_dropout=0.2)
    assert tuned.model.config == replace(before.network.config, weight_dropout=0.2)
    assert isinstance(tuned.vocabulary, CharacterVocabulary)
    assert set(tuned.vocabulary.characters) == set(TEXT) | set(text)
    known = "the quick brown fox.\n"
    new = tuned.pretrained(tuned.model).score(known).log_probs
    old = before.score(known).log_probs
    # New characters take a little probability from those that were known.
    assert -1.0 < float((new - old).min()) <= float((new - old).max()) <= 1e-3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"streams": 0}, "streams: must be at least 1"),
        ({"weight_dropout": 1.0}, "weight_dropout: must be from 0 to below 1"),
        ({"learning_rate": 0.0}, "learning_rate: must be above 0"),
        ({"min_lr_ratio": 2.0}, "min_lr_ratio: must be from 0 to 1"),
        ({"dev_fraction": 0.6, "test_fraction": 0.5}, "shares below 1"),
        ({"tied": True}, "embedding_size of 24"),
        ({"min_count": 2}, "min_count"),
        ({"streams": 64, "steps": 100}, "too few for streams=64 of steps=100"),
        ({"init_from": "no-such-model"}, "no-such-model"),
    ],
)
def test_what_cannot_be_learnt_is_named(tmp_path, changes, named):
    with pytest.raises(UserError, match=named):
        task(tmp_path, **changes)


def test_without_a_dev_split_there_is_nothing_to_choose_by(tmp_path):
    with pytest.raises(UserError, match="'dev'"):
        LanguageModelTask(RECIPE, {"train": splits()["train"]}, tmp_path)

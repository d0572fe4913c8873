"""Training: it learns, it goes on exactly, and it begins with another translator."""

import json
from dataclasses import replace

import pytest
import torch

from multimodal.checkpoints import quantize_rows, read_checkpoint
from multimodal.errors import UserError
from multimodal.training import train
from multimodal.training.report import Report
from multimodal.translation.data import ParallelText
from multimodal.translation.recipe import TranslatorRecipe
from multimodal.translation.training import TranslatorTask
from multimodal.translation.translator import Translator

from .conftest import RECIPE, texts

SHORT = replace(RECIPE, epochs=2, batch_size=24, dropout=0.2, word_dropout=0.1)


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)


def task(recipe=SHORT, **changes) -> TranslatorTask:
    parts = texts()
    return TranslatorTask(replace(recipe, **changes), parts["train"], parts["dev"])


def lines(out, kind) -> list[dict]:
    found = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{n: x for n, x in f.items() if n != "seconds"} for f in found if f["kind"] == kind]


def test_it_learns_every_direction(translator_run):
    first, *_, last = lines(translator_run, "dev")
    assert first["bleu"] < 50 < 80 < last["bleu"]
    directions = [name for name in last if name.startswith("bleu_")]
    assert sorted(directions) == ["bleu_de_en", "bleu_en_de", "bleu_en_fr", "bleu_fr_en"]
    assert last["bleu"] == pytest.approx(sum(last[name] for name in directions) / 4)
    log = (translator_run / "samples.txt").read_text()
    assert "    fr: Un " in log.split("— ")[-1]


class Crash(BaseException):
    """Stands in for `kill -9`."""


def test_an_interrupted_run_ends_as_an_unbroken_one(tmp_path):
    train(task(), tmp_path / "whole")
    broken = task()
    stage = broken.stages[0]
    stage.options = replace(stage.options, checkpoint_seconds=0.0)
    loss, taken = stage.loss, iter(range(99))

    def crashing(model, batch):
        if next(taken) == 13:
            raise Crash
        return loss(model, batch)

    stage.loss = crashing
    with pytest.raises(Crash):
        train(broken, tmp_path / "broken")
    again = task()
    again.stages[0].options = replace(again.stages[0].options, checkpoint_seconds=0.0)
    train(again, tmp_path / "broken")
    runs = [tmp_path / "broken", tmp_path / "whole"]
    assert lines(runs[0], "dev") == lines(runs[1], "dev")
    weights = [Translator.from_pretrained(run / "last").network.state_dict() for run in runs]
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_the_loss_is_the_mean_over_subwords_whatever_the_padding():
    learning = task(dropout=0.0, word_dropout=0.0, label_smoothing=0.0)
    stage, model = learning.stages[0], learning.model.eval()
    text = stage.text
    both = stage.loss(model, text.batch([0, 40]))
    alone = [stage.loss(model, text.batch([row])) for row in (0, 40)]
    total = sum(one["loss"] * one["weight"] for one in alone)
    assert both["weight"] == sum(one["weight"] for one in alone)
    assert both["loss"].item() == pytest.approx((total / both["weight"]).item(), rel=1e-4)


def test_all_directions_are_learnt_where_asked_or_without_english():
    assert len(task(directions="all").directions) == 6
    assert len(task().directions) == 4
    parts = {
        name: ParallelText(("de", "fr"), [{c: r[c] for c in ("de", "fr")} for r in part.rows])
        for name, part in texts().items()
    }
    without = TranslatorTask(SHORT, parts["train"], parts["dev"])
    assert without.directions == [("de", "fr"), ("fr", "de")]


def test_a_training_may_begin_with_another_translator(translator_run, translator):
    new = ParallelText(("de", "en"), [{"de": "Ein roter Zug.", "en": "A red train."}] * 4)
    start = str(translator_run / "best")
    tuned = TranslatorTask(replace(SHORT, init_from=start, decoder_size=99), new, new)
    assert tuned.model.config == replace(
        translator.network.config, dropout=SHORT.dropout, word_dropout=SHORT.word_dropout
    )
    assert tuned.vocabulary.merges == translator.vocabulary.merges
    assert "train" in tuned.languages["en"].words >= translator.languages["en"].words
    assert tuned.languages["de"].subwords > translator.languages["de"].subwords
    assert tuned.languages["fr"] == translator.languages["fr"]
    found = tuned.pretrained(tuned.model).translate("A red man runs.", to="fr")
    assert found.text == "Un homme rouge court."
    strange = ParallelText(("en", "it"), [{"en": "a", "it": "b"}])
    with pytest.raises(UserError, match="does not know the language 'it'"):
        TranslatorTask(replace(SHORT, init_from=start), strange, strange)


def test_a_few_parts_may_learn_and_the_rest_of_the_file_stays(translator_run, tmp_path):
    start = translator_run / "best"
    changes = {
        "init_from": str(start),
        "trainable_modules": "attention, features",
        "weight_bits": 4,
        "epochs": 1,
    }
    train(task(**changes), tmp_path / "tuned")
    before, after = (
        read_checkpoint(folder).tensors for folder in (start, tmp_path / "tuned" / "last")
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    matrices = {name for name in changed if before[name].dim() > 1}
    assert matrices == {
        "attention.memory_projection.weight",
        "attention.query_projection.weight",
        "attention.energy.weight",
        "features.weight",
    }
    assert "bias" in changed
    assert torch.equal(after["features.weight"].float(), quantize_rows(after["features.weight"], 4))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"batch_size": 0}, "batch_size: must be at least 1"),
        ({"word_dropout": 1.0}, "word_dropout: must be from 0 to below 1"),
        ({"learning_rate": 0.0}, "learning_rate: must be above 0"),
        ({"min_lr_ratio": 2.0}, "min_lr_ratio: must be from 0 to 1"),
        ({"vocabulary_size": 100}, "a vocabulary of 100"),
        ({"init_from": "no-such-translator"}, "no-such-translator"),
        (
            {"trainable_modules": "attention,eyes"},
            "trainable_modules: no part 'eyes'; there are embedding, encoder, ",
        ),
    ],
)
def test_what_cannot_be_learnt_is_named(changes, named):
    with pytest.raises(UserError, match=named):
        task(**changes)


def test_without_dev_sentences_there_is_nothing_to_choose_by():
    other = ParallelText(("en", "it"), [{"en": "a", "it": "b"}])
    with pytest.raises(UserError, match="dev split"):
        TranslatorTask(SHORT, texts()["train"], other)


def test_a_short_training_warms_up_for_a_fifth_of_it():
    assert TranslatorRecipe(epochs=1).options(50).warmup_steps == 10
    assert TranslatorRecipe().options(900).warmup_steps == TranslatorRecipe().warmup_steps

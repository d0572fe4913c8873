import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from multimodal.errors import UserError
from multimodal.recognition.texts.classifier import TextClassifier
from multimodal.recognition.texts.data import LabelledBatch, LabelledTexts
from multimodal.recognition.texts.recipe import TextClassifierRecipe
from multimodal.recognition.texts.tables import Columns
from multimodal.recognition.texts.training import TextClassifierTask
from multimodal.training import train
from multimodal.training.report import Report

TINY = TextClassifierRecipe(
    num_encoders=2,
    embedding_size=12,
    hidden_size=12,
    buckets=128,
    min_count=1,
    dropout=0.1,
    epochs=4,
    batch_size=8,
    label_smoothing=0.1,
    partial_loss_weight=0.3,
    learning_rate=2e-2,
    ema_decay=0.5,
    label_names="bad=sad,good=glad",
)


@pytest.fixture
def task(data) -> TextClassifierTask:
    return TextClassifierTask(
        TINY, *(LabelledTexts.read(data, split, Columns()) for split in ("train", "dev"))
    )


def test_a_classifier_learns_which_words_tell(task, data, tmp_path, monkeypatch):
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)
    best = train(task, tmp_path / "run")
    lines = map(json.loads, (tmp_path / "run" / "metrics.jsonl").read_text().splitlines())
    dev = [line for line in lines if line["kind"] == "dev"]
    assert {"accuracy", "nats", "ece", "accuracy_unfinished", "accuracy_readers"} < set(dev[0])
    classifier = TextClassifier.from_pretrained(best)
    held_out = LabelledTexts.read(data, "test", Columns())
    predictions = classifier.predict(held_out.texts)
    names = {"sad": "bad", "glad": "good"}
    right = [
        names[prediction.label] == label
        for prediction, label in zip(predictions, held_out.labels, strict=True)
    ]
    assert np.mean(right) > 0.95
    moved = {each.token: each.change for each in classifier.influences("the film was awful")}
    assert max(moved, key=lambda token: moved[token]) == "awful"
    assert classifier.predict("its lovelier music").label == "glad"  # never seen, but its letters
    assert (
        "awful" in (tmp_path / "run" / "samples.txt").read_text()
        or "bad: " in (tmp_path / "run" / "samples.txt").read_text()
    )


def test_every_reader_learns_by_its_own_loss(task):
    model = task.model.eval()
    tokens = task.tokenizer.encode([["the", "film"], ["awful"]])
    labels, weights = torch.tensor([1, 0]), torch.tensor([[0.3, 1.0], [1.0, 0.0]])
    with torch.no_grad():
        losses = task.stages[0].loss(model, LabelledBatch(tokens, labels, weights))
        logits = model(tokens)
    total = 0.0
    for encoder in logits:
        for row, label, weight in zip(encoder, labels, weights, strict=True):
            each = F.cross_entropy(row, label.repeat(2), reduction="none", label_smoothing=0.1)
            total += float((each * weight).sum()) / 2
    assert float(losses["loss"]) == pytest.approx(total / 2 / 1.3, rel=1e-5)
    assert float(losses["weight"]) == 2.0


def test_every_epoch_learns_from_other_opinions(data):
    recipe = replace(TINY, short_opinions=20, label_names="bad=negative,good=positive")
    train_texts, dev = (LabelledTexts.read(data, split, Columns()) for split in ("train", "dev"))
    stage = TextClassifierTask(recipe, train_texts, dev).stages[0]
    seen = [
        {
            tuple(token for token in row if token)
            for batch in stage.data.batches(epoch, 0, 0, 1)
            for row in batch.tokens.words.tolist()
        }
        for epoch in range(recipe.epochs)
    ]
    lasting = set.intersection(*seen)
    assert len(lasting) == len(set(train_texts.texts))
    assert len(set.union(*seen)) == len(lasting) + 20 * recipe.epochs


def test_one_label_is_nothing_to_tell_apart(data):
    same = LabelledTexts(("a", "b"), ("x", "x"))
    with pytest.raises(UserError, match="nothing to tell apart"):
        TextClassifierTask(TINY, same, same)
    two = LabelledTexts(("a", "b"), ("x", "y"))
    with pytest.raises(UserError, match="label_names: no label 'bad'"):
        TextClassifierTask(TINY, two, two)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"num_encoders": 0}, "num_encoders: must be at least 1"),
        ({"unk_dropout": 1.0}, "unk_dropout: must be from 0 to below 1"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"label_names": "0:no"}, "label_names: write for example"),
    ],
)
def test_a_recipe_out_of_range_is_refused_by_name(change, reason):
    with pytest.raises(UserError, match=reason):
        TextClassifierRecipe(**change)

import json

import pytest
import torch
import torch.nn.functional as F

from multimodal.errors import UserError
from multimodal.recognition.handwriting.recipe import HandwritingRecognizerRecipe
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.recognition.handwriting.training import HandwritingRecognizerTask
from multimodal.training import train

SMALL = {"channels": 8, "hidden_size": 16, "layers": 1, "dropout": 0.0, "precision": "fp32"}


def test_a_reader_learns_letters_without_being_told_where_they_are(writer, tmp_path):
    recipe = HandwritingRecognizerRecipe(
        **SMALL,
        slant_jitter=0.05,
        width_jitter=0.05,
        size_jitter=0.05,
        epochs=14,
        batch_points=1024,
        learning_rate=0.02,
        ema_decay=0.5,
    )
    valid = {"words": writer.samples(30, 1, seed=5000)}
    best = train(
        HandwritingRecognizerTask(recipe, writer.samples(200, 2, seed=1), valid), tmp_path / "run"
    )
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    dev = [line for line in map(json.loads, lines) if line["kind"] == "dev"]
    assert {"cer", "cer_words", "wer_words"} < set(dev[0])
    recognizer = HandwritingRecognizer.from_pretrained(best)
    unseen = writer.samples(30, 0, seed=9000)
    right = [recognizer.read(each.drawing).text == each.text for each in unseen]
    assert sum(right) > 25
    assert " | " in (tmp_path / "run" / "samples.txt").read_text()


def test_the_loss_is_nats_a_character(writer):
    task = HandwritingRecognizerTask(
        HandwritingRecognizerRecipe(**SMALL),
        writer.samples(9, 2, 1),
        {"words": writer.samples(2, 1, 2)},
    )
    batch = next(iter(task.stages[0].batches(0, 0, 0, 1)))
    with torch.no_grad():
        losses = task.stages[0].loss(task.model, batch)
        logits, frames = task.model(batch.tracks, batch.lengths)
    each = [
        F.ctc_loss(row.log_softmax(-1)[:count], text[:size], count, size, reduction="sum")
        for row, count, text, size in zip(logits, frames, batch.texts, batch.sizes, strict=True)
    ]
    assert losses["weight"] == batch.sizes.sum()
    assert losses["loss"] == pytest.approx(float(sum(each) / batch.sizes.sum()), rel=1e-4)


def test_the_mean_of_the_kinds_decides(writer, monkeypatch):
    valid = {"lines": writer.samples(3, 1, 2), "words": writer.samples(4, 1, 3)}
    task = HandwritingRecognizerTask(
        HandwritingRecognizerRecipe(**SMALL), writer.samples(9, 2, 1), valid
    )
    figures = task.validate(task.model.eval())
    assert figures["cer"] == pytest.approx((figures["cer_lines"] + figures["cer_words"]) / 2)
    assert not task.higher_is_better


def test_too_little_handwriting(writer):
    with pytest.raises(UserError, match="too little handwriting"):
        HandwritingRecognizerTask(
            HandwritingRecognizerRecipe(**SMALL), [], {"words": writer.samples(1, 1, 2)}
        )
    with pytest.raises(UserError, match="too little handwriting"):
        HandwritingRecognizerTask(
            HandwritingRecognizerRecipe(**SMALL), writer.samples(1, 1, 2), {"words": []}
        )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hidden_size": 0}, "hidden_size: must be at least 1"),
        ({"dropout": 1.0}, "dropout: must be from 0 to below 1"),
        ({"slant_jitter": -1.0}, "slant_jitter: must be at least 0"),
        ({"learning_rate": 0.0}, "learning_rate: must be above 0"),
    ],
)
def test_a_recipe_out_of_range(change, complaint):
    with pytest.raises(UserError, match=complaint):
        HandwritingRecognizerRecipe(**change)

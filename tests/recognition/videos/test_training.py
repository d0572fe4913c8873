import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from multimodal.errors import UserError
from multimodal.recognition.videos.data import LabelledFrames, read_labelled_videos
from multimodal.recognition.videos.recipe import VideoRecipe
from multimodal.recognition.videos.recognizer import VideoRecognizer
from multimodal.recognition.videos.training import VideoTask
from multimodal.training import train


@pytest.fixture
def recipe(copied) -> VideoRecipe:
    return VideoRecipe(
        encoder=str(copied),
        frames=6,
        embedding_size=16,
        hidden_size=16,
        dropout=0.1,
        epochs=12,
        batch_size=8,
        learning_rate=1e-2,
        ema_decay=0.5,
        precision="fp32",
    )


def test_a_recognizer_learns_what_only_the_order_tells(recipe, data, tmp_path):
    """The frames of both labels are the same ones: after one frame, chance; after all, nearly 1."""
    parts = read_labelled_videos(data, None, 1)
    # Six videos of a dev split can all be right by luck after one epoch; 66 cannot.
    task = VideoTask(recipe, parts["train"], parts["train"], tmp_path / "run")
    best = train(task, tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    dev = [line for line in map(json.loads, lines) if line["kind"] == "dev"]
    assert {"top1", "top5", "top1_half", "ece"} < set(dev[0])
    recognizer = VideoRecognizer.from_pretrained(best)
    held_out = [(label, video) for label, of_one in parts["test"].items() for video in of_one]
    right = [recognizer.predict(video.path).label == label for label, video in held_out]
    assert np.mean(right) > 0.9
    assert recognizer.temperatures != {1: 1.0}
    assert "rises: " in (tmp_path / "run" / "samples.txt").read_text()


def test_the_loss_weighs_guesses_by_what_they_have_seen(recipe, data, tmp_path):
    parts = read_labelled_videos(data, None, 1)
    task = VideoTask(recipe, parts["train"], parts["dev"], tmp_path)
    network = task.model.eval()
    seen, labels = torch.randn(2, 3, network.embedding[0].normalized_shape[0]), torch.tensor([0, 1])
    weights = torch.tensor([[0.1, 0.2, 1.0], [0.3, 0.3, 1.0]])
    with torch.no_grad():
        losses = task.stages[0].loss(network, LabelledFrames(seen, labels, weights))
        logits = network(seen)[0]
    each = [
        F.cross_entropy(row, label.repeat(3), reduction="none", label_smoothing=0.1)
        for row, label in zip(logits, labels, strict=True)
    ]
    expected = (torch.stack(each) * weights).sum() / weights.sum()
    torch.testing.assert_close(losses["loss"], expected)
    assert losses["weight"] == weights.sum()
    assert losses["accuracy"] == (logits[:, -1].argmax(-1) == labels).float().mean()


def test_nothing_to_learn_from_is_refused(recipe, data, tmp_path):
    videos = read_labelled_videos(data, None, 1)["train"]
    for learnt, valid in (({"a": []}, {}), (videos, {})):
        with pytest.raises(UserError, match="too few videos"):
            VideoTask(recipe, learnt, valid, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frames", 0),
        ("videos_per_category", 0),
        ("dropout", 1.0),
        ("learning_rate", 0.0),
        ("partial_loss_weight", -1.0),
    ],
)
def test_a_recipe_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(UserError, match=rf"^{name}: must be .*, not {value}$"):
        replace(VideoRecipe(), **{name: value})

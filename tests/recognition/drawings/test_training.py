import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from multimodal.errors import UserError
from multimodal.recognition.drawings.data import (
    ROUNDING,
    LabelledStrokes,
    TrainingDrawings,
    count_pieces,
    frequent_categories,
    inputs_at,
    pieces_of_drawings,
)
from multimodal.recognition.drawings.features import CHANNELS, PIECE_FEATURES, extract_features
from multimodal.recognition.drawings.recipe import RecognizerRecipe
from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.recognition.drawings.training import RecognizerTask
from multimodal.strokes import Drawing
from multimodal.training import train

RECIPE = RecognizerRecipe(
    embedding_size=16,
    hidden_size=24,
    layers=1,
    picture_size=16,
    picture_features=16,
    dropout=0.1,
    epochs=4,
    batch_size=20,
    learning_rate=1e-2,
    ema_decay=0.9,
    precision="fp32",
)
CATEGORIES = ["cross", "house", "wheel"]


@pytest.fixture
def labelled(drawings) -> LabelledStrokes:
    return LabelledStrokes.of(drawings, CATEGORIES)


def batches_of(labelled: LabelledStrokes, *place: int, **changes) -> list:
    options = {
        "batch_size": 50,
        "picture_size": 16,
        "partial_loss_weight": 0.5,
        "seed": 3,
    } | changes
    return list(TrainingDrawings(labelled, **options).batches(*place))


# ---- data ----


def test_labels_are_numbers_of_categories(drawings):
    some = {"wheel": drawings["wheel"][:2], "cross": [Drawing([]), drawings["cross"][0]]}
    labelled = LabelledStrokes.of(some, CATEGORIES)
    assert labelled.labels.tolist() == [2, 2, 0]
    assert labelled.ink.counts.tolist() == [3, 3, 2]


def test_an_unknown_category_is_named(drawings):
    with pytest.raises(UserError, match=r"^wheel: a category that the recognizer does not know"):
        LabelledStrokes.of(drawings, ["cross", "house"])


def test_every_batch_has_every_drawing_finished_and_before(labelled):
    batches = batches_of(labelled, 0, 0, 0, 1)
    assert [len(batch.moments.pieces) for batch in batches] == [40, 40, 40]
    finished = np.concatenate([batch.labels[:40] for batch in batches])
    assert np.bincount(finished).tolist() == [40, 40, 40]
    for moments, pictures, labels, weights in batches:
        assert moments.pieces.shape[1] % ROUNDING == 0
        assert moments.pieces.shape[2] == PIECE_FEATURES
        assert pictures.shape == (len(labels), CHANNELS, 16, 16)
        assert moments.row[:40].tolist() == list(range(40))
        assert labels[40:].tolist() == labels[moments.row[40:]].tolist()
        assert (moments.end[40:] < moments.end[moments.row[40:]]).all()
        assert weights[:40].tolist() == [1] * 40
        assert (weights[40:] < 0.5).all()  # half, times a share of the strokes below 1
        assert (weights[40:] >= 0.5 / 6).all()


def test_batches_are_a_function_of_their_place(labelled):
    whole = batches_of(labelled, 1, 0, 0, 1)
    again, later = batches_of(labelled, 1, 1, 0, 1), batches_of(labelled, 2, 0, 0, 1)
    for one, two in zip(whole[1:], again, strict=True):
        assert torch.equal(one.moments.pieces, two.moments.pieces)
        assert torch.equal(one.pictures, two.pictures)
        assert torch.equal(one.labels, two.labels)
    assert not any(
        one.pictures.shape == two.pictures.shape and torch.equal(one.pictures, two.pictures)
        for one, two in zip(whole, later, strict=True)
    )


def test_processes_share_a_batch(labelled):
    whole = batches_of(labelled, 0, 0, 0, 1)
    parts = [batches_of(labelled, 0, 0, rank, 2) for rank in range(2)]
    for batch, first, second in zip(whole, *parts, strict=True):
        assert len(first.moments.pieces) == len(second.moments.pieces) == 20
        assert batch.labels[:40:2].tolist() == first.labels[:20].tolist()
        assert batch.labels[1:40:2].tolist() == second.labels[:20].tolist()


def test_a_network_without_an_eye_gets_no_pictures(labelled):
    assert batches_of(labelled, 0, 0, 0, 1, picture_size=0)[0].pictures is None


def test_moments_end_with_the_last_piece_of_their_stroke(drawings):
    view = extract_features(StrokeBatch.of([drawings["cross"][0], drawings["house"][0]]))
    moments = inputs_at(view, np.array([0, 1, 4]))
    sizes = view.sizes
    assert moments.row.tolist() == [0, 0, 1]
    assert moments.end.tolist() == [sizes[0] - 1, sizes[:2].sum() - 1, sizes[2:].sum() - 1]
    pieces = moments.pieces[1, : moments.end[2] + 1]
    assert torch.equal(pieces, torch.from_numpy(view.pieces[sizes[:2].sum() :]))
    assert not moments.pieces[1, moments.end[2] + 1 :].any()


def test_pieces_are_counted_a_part_at_a_time(labelled, monkeypatch):
    whole = pieces_of_drawings(extract_features(labelled.ink)).tolist()
    assert count_pieces(labelled.ink).tolist() == whole
    monkeypatch.setattr("multimodal.recognition.drawings.data._COUNTED_AT_A_TIME", 7)
    assert count_pieces(labelled.ink).tolist() == whole


def test_well_covered_counts_all_parts(drawings):
    parts = [{"a": drawings["cross"], "b": drawings["cross"][:5]}, {"b": drawings["wheel"][:5]}]
    assert frequent_categories(parts, 40) == ["a"]
    assert frequent_categories(parts, 10) == ["a", "b"]
    assert frequent_categories(parts, 41) == ["a", "b"]  # all, where none is


# ---- training ----


def test_the_loss_weighs_early_guesses(drawings):
    task = RecognizerTask(RECIPE, drawings, drawings, CATEGORIES)
    (stage,), network = task.stages, task.model.eval()
    batch = next(stage.batches(0, 0, 0, 1))
    with torch.no_grad():
        losses = stage.loss(network, batch)
        logits = network(*batch.moments, batch.pictures)
    each = F.cross_entropy(logits, batch.labels, reduction="none", label_smoothing=0.1)
    expected = sum(weight * loss for weight, loss in zip(batch.weights, each, strict=True))
    expected = expected / batch.weights.sum()
    torch.testing.assert_close(losses["loss"], expected, check_dtype=False)
    assert losses["weight"] == batch.weights.sum()
    right = (logits.argmax(1) == batch.labels)[: len(batch.moments.pieces)]
    assert losses["accuracy"] == right.float().mean()


def test_a_recognizer_learns_shapes(drawings, tmp_path):
    """From chance, a third, to nearly all held-out drawings; what is shipped predicts the same."""
    parts = [{name: d[part] for name, d in drawings.items()} for part in (slice(30), slice(30, 40))]
    recipe = replace(RECIPE, epochs=4, batch_size=8, learning_rate=5e-3, ema_decay=0.5)
    best = train(RecognizerTask(recipe, *parts, CATEGORIES), tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    dev = [line for line in map(json.loads, lines) if line["kind"] == "dev"]
    assert len(dev) == recipe.epochs
    assert {"top1_frequent", "top1", "top5", "ece", "ece_unfinished"} < set(dev[0])
    recognizer = Recognizer.from_pretrained(best)
    held_out = [(name, drawing) for name, of_one in parts[1].items() for drawing in of_one]
    found = [
        prediction.label for prediction in recognizer.predict([drawing for _, drawing in held_out])
    ]
    share = np.mean(
        [name == prediction for (name, _), prediction in zip(held_out, found, strict=True)]
    )
    assert share > 0.9
    assert share == pytest.approx(max(line["top1"] for line in dev))
    assert recognizer.temperatures != {1: 1.0}
    assert "house: " in (tmp_path / "run" / "samples.txt").read_text()


def test_nothing_to_learn_from_is_refused(drawings):
    for train_part, valid in (({"a": []}, {"a": drawings["cross"]}), (drawings, {"cross": []})):
        with pytest.raises(UserError, match="too few drawings"):
            RecognizerTask(RECIPE, train_part, valid, list(train_part))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("dropout", 1.0),
        ("learning_rate", 0.0),
        ("partial_loss_weight", -1.0),
        ("picture_size", 20),
        ("hidden_size", 0),
    ],
)
def test_a_recipe_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(UserError, match=rf"^{name}: must be .*, not {value}$"):
        replace(RECIPE, **{name: value})


def test_the_warm_up_of_a_short_training_is_short():
    assert RECIPE.options(10).warmup_steps == 8
    assert RECIPE.options(1000).warmup_steps == 200


# ---- extra drawings, and another recognizer to begin with ----


def test_extra_drawings_are_learnt_from_as_well(drawings):
    extra = {"house": drawings["wheel"][:9]}
    for most, wanted in ((0, 9), (4, 4)):
        recipe = replace(RECIPE, extra_per_category=most, batch_size=1)
        alone, with_extra = (
            RecognizerTask(recipe, drawings, drawings, CATEGORIES, *more) for more in ((), (extra,))
        )
        more = with_extra.config["drawings"]["train"] - alone.config["drawings"]["train"]
        assert more == wanted
        assert with_extra.config["drawings"]["dev"] == alone.config["drawings"]["dev"]


def test_a_training_begins_with_another_recognizer(drawings, tmp_path):
    first = RecognizerTask(RECIPE, drawings, drawings, CATEGORIES)
    first.save(first.model, tmp_path / "start")
    recipe = replace(RECIPE, init_from=str(tmp_path / "start"), seed=5)
    again = RecognizerTask(recipe, drawings, drawings, CATEGORIES)
    for name, tensor in again.model.state_dict().items():
        torch.testing.assert_close(tensor, first.model.state_dict()[name], rtol=2e-3, atol=1e-3)
    larger = replace(recipe, hidden_size=RECIPE.hidden_size + 8)
    few = {"house": drawings["house"]}
    with pytest.raises(UserError, match=r"init_from: .* other sizes"):
        RecognizerTask(larger, drawings, drawings, CATEGORIES)
    with pytest.raises(UserError, match=r"init_from: .* other categories"):
        RecognizerTask(recipe, few, few, ["house"])

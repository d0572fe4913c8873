"""A small training that learns, and what is said of data that cannot be learnt from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from multimodal.errors import UserError
from multimodal.sketching.data import read_sketches
from multimodal.sketching.measures import joined, measure
from multimodal.sketching.recipe import SketcherRecipe
from multimodal.sketching.sequences import LabelledSequences, rows_of
from multimodal.sketching.sketcher import Sketcher
from multimodal.sketching.training import SketcherTask
from multimodal.strokes import Drawing, save_drawings
from multimodal.training import train

SMALL = SketcherRecipe(
    decoder_size=24,
    encoder_size=8,
    latent_size=4,
    category_size=4,
    components=3,
    limit=20,
    epochs=4,
    batch_size=8,
    learning_rate=0.02,
    dropout=0.0,
    recurrent_dropout=0.0,
    point_dropout=0.0,
    kl_weight=0.01,
    ema_decay=0.0,
    warmup_steps=5,
    precision="fp32",
)


def test_it_learns(drawings, tmp_path):
    task = SketcherTask(SMALL, drawings, drawings, {})
    before = task.validate(task.model.eval())
    best = train(task, tmp_path / "run")
    after = task.validate(task.model)
    assert after["loss"] < before["loss"] - 0.5
    assert after["drawn_nats_per_point"] < before["drawn_nats_per_point"] - 2
    sketcher = Sketcher.from_pretrained(best, precision="fp32")
    assert sketcher.low_quality == {"square", "zigzag"}
    assert sketcher.limit == 20
    own, other = (
        np.mean([sketcher.score(d, name).nats_per_point for d in drawings["square"][:10]])
        for name in ("square", "zigzag")
    )
    assert own < other
    assert list((tmp_path / "run" / "samples").glob("*.png"))


@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "layer_norm_lstm"},
        {"cell": "hyper_lstm"},
        {"latent_size": 0},
        {"latent_dropout": 0.0},
        {"ema_decay": 0.9, "recurrent_dropout": 0.1, "dropout": 0.1, "precision": "auto"},
    ],
)
def test_every_kind_takes_a_few_steps(drawings, tmp_path, changes):
    recipe = replace(SMALL, epochs=1, **changes)
    task = SketcherTask(recipe, drawings, drawings, {})
    before = task.validate(task.model.eval())["loss"]
    sketcher = Sketcher.from_pretrained(train(task, tmp_path / "run"))
    assert sketcher.draw("square", seed=1)
    assert task.validate(task.model)["loss"] < before


def test_the_loss_of_padded_rows_is_the_paper_s(drawings):
    """What a short batch says of L_R is what rows up to N_max would say, once all have ended."""
    task = SketcherTask(SMALL, drawings, drawings, {})
    network = task.model.eval()
    with torch.no_grad():
        network.readout.weight[2].zero_()  # what is said of the end does not change from row to row
        network.readout.weight[:2].zero_()
    for latent in (False, True):
        short, whole = (
            measure(network, task.dev, task.scale, SMALL.limit, latent=latent, whole=whole).means
            for whole in (False, True)
        )
        assert short == pytest.approx(whole, rel=1e-4)


def test_measures_join(drawings):
    task = SketcherTask(SMALL, drawings, drawings, {})
    network = task.model.eval()
    parts = [
        measure(
            network,
            LabelledSequences({name: drawings[name]}, task.categories, SMALL.limit),
            task.scale,
            SMALL.limit,
            latent=True,
            whole=True,
        )
        for name in task.categories
    ]
    whole = measure(network, task.dev, task.scale, SMALL.limit, latent=True, whole=True).means
    assert joined(parts).means == pytest.approx(whole, rel=1e-4)
    assert whole["drawings"] == 100


def test_a_score_and_the_measures_agree(drawings):
    task = SketcherTask(SMALL, drawings, drawings, {})
    sketcher = task.pretrained(task.model)
    one = LabelledSequences({"square": drawings["square"][:1]}, task.categories, SMALL.limit)
    figures = measure(sketcher.network, one, task.scale, SMALL.limit, latent=False).means
    score = sketcher.score(drawings["square"][0], "square")
    assert figures["nats_per_point"] == pytest.approx(score.nats_per_point, rel=1e-4)


def test_a_teacher_s_drawings_are_learnt_from_and_not_measured(drawings):
    extra = {"square": drawings["square"] * 5, "circle": drawings["square"]}
    task = SketcherTask(SMALL, drawings, drawings, extra)
    assert task.categories == ("square", "zigzag")
    assert task.low_quality == ["zigzag"]
    assert task.config["drawings"] == {"train": 400, "dev": 100}


def test_what_is_left_out_is_said(drawings):
    long = Drawing([[(n, n % 3) for n in range(60)]])
    train_split = {**drawings, "nothing": [], "zigzag": [*drawings["zigzag"], long]}
    task = SketcherTask(SMALL, train_split, drawings, {})
    assert task.notes == [
        "no drawing to learn from, left out: nothing",
        "1 drawing of more than 20 rows left out",
    ]
    assert task.categories == ("square", "zigzag")


def test_no_drawings_at_all(drawings):
    with pytest.raises(UserError, match="train split"):
        SketcherTask(SMALL, {"square": []}, drawings, {})
    with pytest.raises(UserError, match="dev split"):
        SketcherTask(SMALL, drawings, {"square": []}, {})
    with pytest.raises(UserError, match="at most 2 rows"):
        SketcherTask(replace(SMALL, limit=2), drawings, drawings, {})


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 0}, {"limit": 1}, {"dropout": 1.0}, {"kl_decay": 1.1}, {"learning_rate": 0.0}],
)
def test_recipes_that_cannot_be(changes):
    (name,) = changes
    with pytest.raises(UserError, match=name):
        SketcherRecipe(**changes)


def test_samples_are_a_sheet(drawings):
    task = SketcherTask(SMALL, drawings, drawings, {})
    (sheet,) = task.samples(task.model)
    assert isinstance(sheet, Image.Image)
    assert np.asarray(sheet.convert("L")).min() < 128


def test_npz_rows_are_kept_as_they_are(shared, tmp_path):
    """The first row leads away from the origin, where the pen is on the paper."""
    save_drawings([Drawing([[(2, 4), (3, 6)], [(9, 9), (9, 8)]])], tmp_path / "dots.npz")
    (drawing,) = read_sketches(tmp_path / "dots.npz", "train")["dots"]
    np.testing.assert_array_equal(rows_of(drawing), [[2, 4, 0], [1, 2, 1], [6, 3, 0], [0, -1, 1]])
    sheep = read_sketches(shared / "data" / "sketch-rnn" / "aaron_sheep.npz", "dev")
    assert list(sheep) == ["aaron_sheep"]
    assert len(sheep["aaron_sheep"]) == 300


def test_a_source_that_is_neither_a_folder_nor_npz(tmp_path):
    with pytest.raises(UserError, match="neither a folder"):
        read_sketches(tmp_path / "nothing", "train")


# ---- to begin with another sketcher ----


def test_a_network_that_learns_the_position_begins_as_one_that_was_not_told_it(drawings, tmp_path):
    untold = SketcherTask(replace(SMALL, position=False), drawings, drawings, {})
    untold.scale *= 1.5  # of what the other was measured in
    untold.save(untold.model, tmp_path / "start")
    recipe = replace(SMALL, init_from=str(tmp_path / "start"))
    told = SketcherTask(recipe, drawings, drawings, {})
    assert told.model.config.position
    assert told.scale == pytest.approx(untold.scale)
    sequences = LabelledSequences(drawings, told.categories, 20)
    for latent in (True, False):
        found, wanted = (
            measure(task.model.eval(), sequences, told.scale, 20, latent=latent).means
            for task in (told, untold)
        )
        assert found == pytest.approx(wanted, rel=2e-3)  # it was saved in 16 bit


def test_only_a_sketcher_of_the_same_kind_can_be_begun_with(drawings, tmp_path):
    task = SketcherTask(SMALL, drawings, drawings, {})
    task.save(task.model, tmp_path / "start")
    small = replace(SMALL, init_from=str(tmp_path / "start"), decoder_size=16)
    with pytest.raises(UserError, match=r"init_from: .* other sizes"):
        SketcherTask(small, drawings, drawings, {})
    few = {"square": drawings["square"]}
    with pytest.raises(UserError, match=r"init_from: .* other categories"):
        SketcherTask(replace(SMALL, init_from=str(tmp_path / "start")), few, few, {})

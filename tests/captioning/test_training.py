"""A captioner learns to name coloured shapes, from its first word to CIDEr, and keeps it."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.data import CaptionedPhoto, read_captions
from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.captioning.stages import FineTuningStage, SelfCriticalStage
from multimodal.captioning.training import CaptionerTask
from multimodal.checkpoints import read_checkpoint
from multimodal.encoders import imagenet_encoder
from multimodal.errors import UserError
from multimodal.training import TrainingStoppedError
from pipelines.evaluate.captioner import evaluate_captioner
from pipelines.train import train_model

SMALL = {
    "encoder": "shufflenet_v2_x0_5",
    "embedding_size": 32,
    "hidden_size": 32,
    "attention_size": 16,
    "dropout": 0.1,
    "min_count": 1,
    "max_length": 9,
    "num_augmentations": 2,
    "label_smoothing": 0.05,
    "batch_size": 20,
    "learning_rate": 0.01,
    "fine_tuning_photos": 8,
    "fine_tuning_lr": 3e-4,
    "self_critical_photos": 12,
    "self_critical_lr": 1e-3,
    "samples": 3,
    "cross_entropy_weight": 0.2,
    "encoder_lr_scale": 0.3,
    "distillation": 0.2,
    "ema_decay": 0.9,
    "length_penalty": 0.0,
    "precision": "fp32",
}
EPOCHS = {
    "language_epochs": 3,
    "epochs": 6,
    "fine_tuning_epochs": 2,
    "self_critical_epochs": 2,
}
STAGES = ["language", "cross-entropy", "fine-tuning", "self-critical"]


def as_settings(recipe: Mapping[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in recipe.items()]


def names_its_shape(path: str | Path, text: str) -> bool:
    """Whether a sentence names the colour and the shape that the file is named after, no others."""
    colour, shape, _ = Path(path).name.split("-")
    named = set(text.split()) & {"red", "green", "blue", "square", "ring"}
    return named == {colour, shape}


@dataclass(frozen=True)
class Run:
    folder: Path
    best: Path

    def lines(self, kind: str) -> list[dict]:
        text = (self.folder / "metrics.jsonl").read_text()
        return [line for line in map(json.loads, text.splitlines()) if line["kind"] == kind]


@pytest.fixture(scope="module")
def run(data, language, weights, tmp_path_factory) -> Run:
    """A training through all four stages, by the pipeline that people use."""
    folder = tmp_path_factory.mktemp("runs") / "shapes"
    recipe = {**SMALL, **EPOCHS, "language": language, "encoder_weights": weights}
    return Run(folder, train_model("captioner", data, folder, as_settings(recipe)))


@pytest.fixture(scope="module")
def unseen(data) -> list[Path]:
    return [photo.image for photo in read_captions(data, "test")]


def test_it_goes_through_all_stages_and_validates_after_every_epoch(run):
    assert list(dict.fromkeys(line["stage"] for line in run.lines("train"))) == STAGES
    epochs = [line["stage"] for line in run.lines("dev")]
    assert [epochs.count(stage) for stage in STAGES] == list(EPOCHS.values())


def test_every_stage_reports_what_it_minimises(run):
    figures = {line["stage"]: set(line) for line in run.lines("train")}
    assert {"words", "detector"} <= figures["cross-entropy"]
    assert {"words", "detector", "distillation"} <= figures["fine-tuning"]
    assert {"words", "policy", "reward"} <= figures["self-critical"]
    for line in run.lines("dev"):
        assert {"bleu1", "bleu4", "rouge_l", "cider", "words_used"} <= set(line)


def test_the_loss_falls(run):
    words = [line["words"] for line in run.lines("train") if line["stage"] == "cross-entropy"]
    assert words[-1] < 0.7 * words[0]
    spoken = [line["loss"] for line in run.lines("train") if line["stage"] == "language"]
    assert spoken[-1] < 0.8 * spoken[0]


def test_samples_and_curves_lie_in_the_runs_folder(run):
    samples = (run.folder / "samples.txt").read_text()
    assert samples.count("red-square-dev0.jpg: ") == sum(EPOCHS.values())
    assert (run.folder / "curves.png").stat().st_size > 1000


def test_it_has_learnt_to_name_what_it_sees(run, unseen):
    captions = Captioner.from_pretrained(run.best, precision="fp32").caption(unseen)
    right = [caption for caption in captions if names_its_shape(caption.source, caption.text)]
    assert len(right) >= 10  # of 12; one of six kinds by chance


def test_it_is_the_best_on_dev_that_is_kept(run, data):
    best = max(line["cider"] for line in run.lines("dev"))
    assert evaluate_captioner(run.best, data, "dev")["cider"] == pytest.approx(best, rel=0.25)


def test_photos_that_it_never_saw_earn_a_high_cider(run, data):
    scores = evaluate_captioner(run.best, data, "test")
    assert scores["cider"] > 4  # of about 6 for sentences as people write them
    assert scores["images"] == 12


def test_it_says_the_same_after_a_round_trip_through_16_bits(run, unseen, tmp_path):
    captioner = Captioner.from_pretrained(run.best, precision="fp32")
    again = Captioner.from_pretrained(
        captioner.save_pretrained(tmp_path / "again"), precision="fp32"
    )
    texts = [caption.text for caption in captioner.caption(unseen)]
    assert [caption.text for caption in again.caption(unseen)] == texts


def test_it_says_nearly_the_same_in_bf16(run, unseen):
    captions = Captioner.from_pretrained(run.best, precision="bf16").caption(unseen)
    assert sum(names_its_shape(c.source, c.text) for c in captions) >= 9


# ---- the task ----


@pytest.fixture
def shapes(data) -> tuple[list[CaptionedPhoto], list[CaptionedPhoto]]:
    return read_captions(data, "train")[:12], read_captions(data, "dev")


def make_task(shapes, weights, tmp_path, spoken=(), **changes) -> CaptionerTask:
    recipe = CaptionerRecipe(**{**SMALL, **EPOCHS, **changes})
    return CaptionerTask(recipe, *shapes, weights, spoken, tmp_path)


def stage_names(task: CaptionerTask) -> list[str]:
    return [stage.name for stage in task.stages]


def test_stages_without_epochs_or_data_are_left_out(shapes, weights, tmp_path):
    assert stage_names(make_task(shapes, weights, tmp_path)) == STAGES[1:]
    assert stage_names(make_task(shapes, weights, tmp_path, [("A red ring .",)])) == STAGES
    short = make_task(shapes, weights, tmp_path, fine_tuning_epochs=0, self_critical_epochs=0)
    assert stage_names(short) == ["cross-entropy"]
    with pytest.raises(UserError, match="leaves out every stage"):
        make_task(shapes, weights, tmp_path, epochs=0, fine_tuning_epochs=0, self_critical_epochs=0)


def test_the_vocabulary_holds_what_is_seen_often_enough_in_training(shapes, weights, tmp_path):
    photos, dev = shapes
    rare = CaptionedPhoto("rare", photos[0].image, ("A unicorn .",))
    every = make_task(([*photos, rare], dev), weights, tmp_path)
    often = make_task(([*photos, rare], dev), weights, tmp_path, min_count=2)
    assert "unicorn" in every.vocabulary
    assert "unicorn" not in often.vocabulary
    assert often.model.decoder.config.detected_words == len(often.vocabulary) - 4


def test_a_task_is_the_same_each_time_it_is_made(shapes, weights, tmp_path):
    first, again, other = (
        make_task(shapes, weights, tmp_path, seed=seed).model.state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_config_of_a_task_is_json(shapes, weights, tmp_path):
    config = make_task(shapes, weights, tmp_path).config
    assert json.loads(json.dumps(config)) == config


def test_a_training_can_begin_with_a_captioner(shapes, weights, tmp_path, checkpoint):
    task = make_task(shapes, weights, tmp_path, init_from=str(checkpoint), dropout=0.25)
    former = Captioner.from_pretrained(checkpoint, precision="fp32")
    assert task.vocabulary.words == former.vocabulary.words
    assert task.model.decoder.config.dropout == 0.25
    for name, tensor in former.network.state_dict().items():
        assert torch.equal(task.model.state_dict()[name], tensor)
    # shufflenet's weights are available, but the captioner's encoder is another
    teacher = task.stages[1].teacher
    assert teacher.config == former.network.encoder.config
    assert teacher is not task.model.encoder


def test_the_encoder_may_begin_between_its_weights_and_what_it_learnt(
    run, shapes, weights, tmp_path
):
    learnt = Captioner.from_pretrained(run.best, precision="fp32").network.encoder.state_dict()
    task = make_task(shapes, weights, tmp_path, init_from=str(run.best), encoder_interpolation=0.25)
    moved = 0
    for name, first in imagenet_encoder("shufflenet_v2_x0_5", weights).state_dict().items():
        between = first + 0.25 * (learnt[name] - first)
        torch.testing.assert_close(task.model.encoder.state_dict()[name], between)
        moved += not torch.equal(first, learnt[name])
    assert moved


def test_only_weights_of_the_same_encoder_are_interpolated(shapes, weights, tmp_path, checkpoint):
    with pytest.raises(UserError, match="encoder_interpolation"):
        make_task(shapes, weights, tmp_path, init_from=str(checkpoint), encoder_interpolation=0.5)


def test_validation_scores_the_captions_of_dev(shapes, weights, tmp_path):
    task = make_task(shapes, weights, tmp_path)
    figures = task.validate(task.model.eval())
    assert figures.keys() == {
        "bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider", "words_used",
    }  # fmt: skip
    assert len(task.samples(task.model)) == 5


def test_every_stage_runs_in_16_bits(data, language, weights, tmp_path, bf16_lstm):
    recipe = {**SMALL, "precision": "bf16", "batch_size": 200, "num_augmentations": 1}
    once = dict.fromkeys(EPOCHS, 1)
    paths = {"language": language, "encoder_weights": weights}
    best = train_model(
        "captioner", data, tmp_path / "run", as_settings({**recipe, **once, **paths})
    )
    lines = Run(best.parent, best).lines("train")
    assert [line["stage"] for line in lines] == STAGES


def test_an_interrupted_training_goes_on_to_the_same_captioner(
    data, weights, tmp_path, monkeypatch
):
    once = {"epochs": 1, "fine_tuning_epochs": 1, "self_critical_epochs": 1, "batch_size": 60}
    settings = as_settings({**SMALL, **once, "encoder_weights": weights})
    unbroken = train_model("captioner", data, tmp_path / "unbroken", settings)
    for stage in (FineTuningStage, SelfCriticalStage):
        with monkeypatch.context() as patch:
            patch.setattr(stage, "loss", interrupted_at_its_second_step(stage.loss))
            with pytest.raises(TrainingStoppedError, match="the same command goes on"):
                train_model("captioner", data, tmp_path / "broken", settings)
    mended = train_model("captioner", data, tmp_path / "broken", settings)
    for name in ("best", "last"):
        files = [best.parent / name / "model.safetensors" for best in (unbroken, mended)]
        assert files[0].read_bytes() == files[1].read_bytes()


def interrupted_at_its_second_step(loss):
    calls = []

    def signalling(stage, model, batch):
        calls.append(batch)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGTERM)
        return loss(stage, model, batch)

    return signalling


def test_the_decoders_of_the_literature_train(data, weights, tmp_path):
    """Show and Tell, and the lecture's own network: the vanilla cell sees the photo first."""
    once = {"epochs": 1, "fine_tuning_epochs": 0, "self_critical_epochs": 1}
    plain = {"attention": "none", "image_at": "first", "detected_words": 0, "cell": "rnn"}
    recipe = {**SMALL, **once, **plain, "batch_size": 60, "encoder_weights": weights}
    best = train_model("captioner", data, tmp_path / "run", as_settings(recipe))
    captioner = Captioner.from_pretrained(best)
    assert captioner.network.decoder.config.cell == "rnn"
    assert captioner.caption(next(data.glob("images/*"))).error is None


def test_fine_tuning_moves_every_weight_of_the_encoder(data, weights, tmp_path):
    epochs = {"epochs": 0, "fine_tuning_epochs": 1, "self_critical_epochs": 0}
    recipe = {**SMALL, **epochs, "encoder_weights": weights}
    best = train_model("captioner", data, tmp_path / "run", as_settings(recipe))
    moved = Captioner.from_pretrained(best, precision="fp32").network.encoder.state_dict()
    began = imagenet_encoder(SMALL["encoder"], weights).state_dict()
    assert not any(torch.equal(moved[name], began[name].half().float()) for name in began)


def test_self_critical_training_may_move_a_few_parts_and_leave_the_rest_of_the_file(
    data, weights, tmp_path
):
    without = {"epochs": 1, "fine_tuning_epochs": 0, "self_critical_epochs": 0, "batch_size": 60}
    start = train_model(
        "captioner",
        data,
        tmp_path / "start",
        as_settings({**SMALL, **without, "encoder_weights": weights}),
    )
    few = {
        "trainable_modules": "attention",
        "weight_bits": 4,
        "unigram_reward": 1.5,
        "init_from": start,
    }
    once = {"epochs": 0, "fine_tuning_epochs": 0, "self_critical_epochs": 1}
    best = train_model("captioner", data, tmp_path / "tuned", as_settings({**SMALL, **once, **few}))
    before, after = (read_checkpoint(folder).tensors for folder in (start, best.parent / "last"))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name for name in changed if before[name].dim() > 1} == {
        f"decoder.attention.{name}.weight"
        for name in ("memory_projection", "query_projection", "energy")
    }
    assert "decoder.readout.bias" in changed
    assert not any(name.startswith("encoder.") for name in changed)
    with pytest.raises(UserError, match="trainable_modules: no part 'eyes'; there are embedding, "):
        train_model(
            "captioner",
            data,
            tmp_path / "none",
            as_settings({**once, **few, "trainable_modules": "eyes"}),
        )

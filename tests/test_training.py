"""The training loop, on a toy that uses all of it: dropout, stages, an average, a carried state.

Run as a program, `python tests/test_training.py FOLDER [STEPS]`, it trains that toy and kills
itself after so many steps from its start.
"""

import errno
import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from multimodal import processor
from multimodal.checkpoints import quantize_rows, read_checkpoint, save_checkpoint
from multimodal.errors import UserError
from multimodal.training import (
    Recipe,
    Stage,
    Task,
    TrainingOptions,
    TrainingStoppedError,
    batches_per_epoch,
    derived_seed,
    shuffled_batches,
    train,
)
from multimodal.training.learner import ComputedTypes, Learner
from multimodal.training.report import Report
from multimodal.training.schedule import ExponentialMovingAverage, learning_rate
from multimodal.training.state import Position

POINTS = torch.linspace(-2, 2, 69).unsqueeze(1) * torch.tensor([1.0, -0.5, 2.0])  # (69, 3)
TARGETS = POINTS.sin().sum(1, keepdim=True)  # (69, 1)
FOREVER = 1e9

FIRST = TrainingOptions(
    epochs=3, learning_rate=0.01, warmup_steps=4, max_grad_norm=1, ema_decay=0.9, log_every=3
)
SECOND = TrainingOptions(
    epochs=2, learning_rate=0.003, weight_decay=0.01, weight_bits=6, seed=5, log_every=4
)


class Toy(nn.Module):
    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Dropout(dropout))
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


@dataclass
class ToyStage(Stage):
    """Takes 7 batches, one of 9 and six of 10; `each_step` gets the stage's steps so far."""

    name: str
    options: TrainingOptions
    each_step: Callable[[int], None] = lambda step: None
    steps: Tensor = field(default_factory=lambda: torch.zeros(2, dtype=torch.int64))

    def steps_per_epoch(self) -> int:
        return batches_per_epoch(len(POINTS), 10)

    def batches(self, epoch, start, rank, world):
        seed = self.options.seed
        for part in shuffled_batches(len(POINTS), 10, seed, epoch, start, rank, world):
            yield {"x": POINTS[part], "y": TARGETS[part]}

    def loss(self, model, batch):
        self.each_step(int(self.steps[0]))
        self.steps += 1
        noise = torch.rand(()) + random.random() + np.random.rand()  # noqa: NPY002
        error = (model(batch["x"]) - batch["y"]).square().mean()
        weight = torch.tensor(len(batch["x"]))
        return {"loss": error, "weight": weight, "noise": noise, "carried": self.steps[0].float()}

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, tensors):
        self.steps = tensors["steps"]


class ToyTask(Task):
    metric = "error"
    higher_is_better = False

    def __init__(self, *stages: Stage, model: nn.Module | None = None) -> None:
        self.model = model or Toy()
        self.stages = stages
        self.config = {"batch_size": 10}

    def validate(self, model):
        assert not model.training
        torch.rand(3)  # must not disturb the training
        return {"error": float((model(POINTS) - TARGETS).square().mean())}

    def samples(self, model):
        return [f"f(0) = {float(model(torch.zeros(1, 3))):.5f}"]

    def save(self, model, folder):
        save_checkpoint(folder, {"task": "toy"}, model.state_dict())


def toy_task(each_step=lambda step: None, **changes) -> ToyTask:
    options = (replace(FIRST, **changes), replace(SECOND, **changes))
    stages = [
        ToyStage(f"stage {n}", o, each_step) for n, o in zip(("one", "two"), options, strict=True)
    ]
    return ToyTask(*stages)


class Crash(BaseException):
    """Stands in for `kill -9` where the process must live on."""


def crash_at(*steps: int) -> Callable[[int], None]:
    """Crash when these many steps of this process have been taken."""
    taken = iter(range(10**6))

    def each_step(_: int) -> None:
        if next(taken) in steps:
            raise Crash

    return each_step


def metrics(out: Path, kind: str | None = None) -> list[dict]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
    return [line for line in lines if kind in (None, line["kind"])]


def outcome(out: Path) -> dict:
    """All that a run leaves for its reader and must not depend on interruptions."""
    weights = {name: read_checkpoint(out / name).tensors for name in ("best", "last")}
    flat = {f"{n}.{k}": t.flatten().tolist() for n, ts in weights.items() for k, t in ts.items()}
    return {"metrics": metrics(out), "samples": (out / "samples.txt").read_text(), **flat}


DRAW_CURVES = Report.draw_curves


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Report, "draw_curves", lambda self: None)  # 0.2 s an epoch


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The outcome of the toy when nothing interrupts it."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Report, "draw_curves", lambda self: None)
        train(toy_task(), out)
    return outcome(out)


def test_the_loss_falls_and_the_folder_holds_what_it_should(tmp_path: Path, capsys) -> None:
    out = tmp_path / "runs" / "toy"
    assert train(toy_task(), out) == out / "best"
    errors = [line["error"] for line in metrics(out, "dev")]
    assert len(errors) == 5
    assert errors[-1] < errors[0] / 1.5
    assert {entry.name for entry in out.iterdir()} == {
        *("config.json", "metrics.jsonl", "samples.txt"),
        *("best", "last", "state"),
    }
    shown = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in shown] == [
        *(f"stage one, epoch {n}/3" for n in (1, 2, 3)),
        *(f"stage two, epoch {n}/2" for n in (1, 2)),
    ]
    samples = (out / "samples.txt").read_text()
    assert samples.count("f(0) = ") == 5
    assert samples.startswith(f"— {shown[0]}\n")
    lines = metrics(out, "train")
    assert [line["step"] for line in lines] == [3, 6, 7, 10, 13, 14, 17, 20, 21, 25, 28, 32, 35]
    rates = [learning_rate(FIRST, line["step"] - 1, 21) for line in lines[:9]]
    assert [line["learning_rate"] for line in lines[:9]] == rates
    assert [line["carried"] for line in lines[:2]] == [2.0, 5.0]  # the mean of 1…3, of 4…6
    assert all(0 < line["gradient_norm"] < 100 for line in lines)
    assert (out / "state" / "state.safetensors").stat().st_size < 1000  # no weights to go on with


def test_the_same_seed_gives_the_same_bits_and_another_does_not(tmp_path, unbroken) -> None:
    train(toy_task(), tmp_path / "same")
    assert outcome(tmp_path / "same") == unbroken
    train(toy_task(seed=1), tmp_path / "other")
    assert outcome(tmp_path / "other")["metrics"] != unbroken["metrics"]


def test_curves_are_drawn_from_the_metrics(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Report, "draw_curves", DRAW_CURVES)
    train(ToyTask(ToyStage("one", replace(FIRST, epochs=1))), tmp_path / "run")
    with Image.open(tmp_path / "run" / "curves.png") as first:
        assert len(first.convert("RGB").getcolors(10**6)) > 20
    pictures = []
    for height in (1.0, 2.0):
        report = Report(tmp_path / "run", 0, "error")
        place = {"stage": "two", "epoch": 1, "step": 99}
        report.log("train", place, {"loss": height})
        report.draw_curves()
        pictures.append((tmp_path / "run" / "curves.png").read_bytes())
    assert pictures[0] != pictures[1]


def test_a_terminal_shows_a_bar(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("multimodal.training.report.shows_progress", lambda: True)
    train(toy_task(), tmp_path / "run")
    assert "14/14" in capsys.readouterr().err


def test_pictures_among_the_samples_become_files(tmp_path: Path) -> None:
    task = ToyTask(ToyStage("one", replace(FIRST, epochs=1)))
    task.samples = lambda model: ["a duck:", Image.new("RGB", (4, 3), "red")]
    train(task, tmp_path / "run")
    assert "a duck:\nsamples/0000007-1.png\n" in (tmp_path / "run" / "samples.txt").read_text()
    with Image.open(tmp_path / "run" / "samples" / "0000007-1.png") as picture:
        assert picture.size == (4, 3)


# Interruptions: whatever happens, the run ends as the unbroken one did.


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        *((0, 0), (5, FOREVER), (6, 0), (7, 0), (13, FOREVER)),
        *((20, 0), (21, FOREVER), (22, 0), (34, FOREVER)),
    ],
)
def test_a_crash_at_any_step_changes_nothing(tmp_path, unbroken, step, seconds) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(step), checkpoint_seconds=seconds), tmp_path / "run")
    train(toy_task(checkpoint_seconds=seconds), tmp_path / "run")
    assert outcome(tmp_path / "run") == unbroken


@pytest.mark.parametrize("lives", [(3, 4, 5, 6, 7, 9), (1, 1, 1, 30), (8, 8, 16)])
def test_many_crashes_change_nothing(tmp_path, unbroken, lives) -> None:
    for steps in lives:
        with pytest.raises(Crash):
            train(toy_task(crash_at(steps), checkpoint_seconds=0), tmp_path / "run")
    train(toy_task(checkpoint_seconds=0), tmp_path / "run")
    assert outcome(tmp_path / "run") == unbroken


def failing_disk(patch: pytest.MonkeyPatch, first: int, failure: BaseException) -> list[str]:
    """Make every change of the disk from the `first` on fail; returns the changes asked for."""
    changes: list[str] = []

    def intercepted(name, original):
        def call(*args, **kwargs):
            changes.append(name)
            if len(changes) >= first:
                raise failure
            return original(*args, **kwargs)

        return call

    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
        patch.setattr(os, name, intercepted(name, getattr(os, name)))
    return changes


def test_death_at_any_change_of_the_disk_changes_nothing(tmp_path, unbroken, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        changes = failing_disk(patch, 10**6, Crash())
        train(toy_task(checkpoint_seconds=FOREVER), tmp_path / "probe")
    for first in (1, 2, 3, 4, *range(13, len(changes) + 1, 23)):
        out = tmp_path / str(first)
        with monkeypatch.context() as patch:
            failing_disk(patch, first, Crash())
            with pytest.raises(Crash):
                train(toy_task(checkpoint_seconds=FOREVER), out)
        train(toy_task(checkpoint_seconds=FOREVER), out)
        assert outcome(out) == unbroken


def test_a_full_disk_is_one_line_and_the_run_goes_on(tmp_path, unbroken, monkeypatch) -> None:
    for first in range(12, 150, 50):
        out = tmp_path / str(first)
        with monkeypatch.context() as patch:
            failing_disk(patch, first, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            with pytest.raises(UserError, match="No space left on device"):
                train(toy_task(checkpoint_seconds=0), out)
        train(toy_task(checkpoint_seconds=0), out)
        assert outcome(out) == unbroken


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        ({"recipe": {"epochs": 2}, "vocabulary": 9}, []),
        (
            {"photos": {"train": 90, "dev": 10, "without": 5}},
            ["90 photos to learn from (train), 10 to choose by (dev)"],
        ),
        (
            {"samples": {"train": 9, "lines": 2, "words": 1}},
            [
                "9 samples to learn from (train), 3 to choose by (dev)",
                "warning: 3 samples are few to choose the best epoch by; give dev more",
            ],
        ),
        (
            {"tokens": {"train": 9000, "dev": 999}},
            [
                "9000 tokens to learn from (train), 999 to choose by (dev)",
                "warning: 999 tokens are few to choose the best epoch by; give dev more",
            ],
        ),
    ],
)
def test_a_run_begins_with_the_sizes_of_the_splits(tmp_path, capfd, config, lines) -> None:
    task = ToyTask(ToyStage("one", replace(FIRST, epochs=1)))
    task.config = config
    train(task, tmp_path / "run")
    assert capfd.readouterr().err.splitlines()[: len(lines) + 1][:-1] == lines


def test_a_run_with_nothing_to_choose_by_is_refused(tmp_path) -> None:
    task = ToyTask(ToyStage("one", replace(FIRST, epochs=1)))
    task.config = {"photos": {"train": 9, "dev": 0}}
    with pytest.raises(UserError, match="no photos in the dev split"):
        train(task, tmp_path / "run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_signal_stops_cleanly(tmp_path, unbroken, number) -> None:
    before = signal.getsignal(number)

    def each_step(step: int) -> None:
        if step == 10:
            signal.raise_signal(number)

    out = tmp_path / "run"
    with pytest.raises(TrainingStoppedError, match=r"after step 12 .*the same command goes on"):
        train(toy_task(each_step), out)
    assert signal.getsignal(number) == before
    assert read_checkpoint(out / "last").config["task"] == "toy"
    train(toy_task(), out)
    assert outcome(out) == unbroken


def test_a_second_signal_acts_at_once(tmp_path) -> None:
    def each_step(step: int) -> None:
        if step == 10:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(toy_task(each_step), tmp_path / "run")


def test_training_works_outside_the_main_thread(tmp_path, unbroken) -> None:
    thread = threading.Thread(target=train, args=(toy_task(), tmp_path / "run"))
    thread.start()
    thread.join()
    assert outcome(tmp_path / "run") == unbroken


def program(out: Path, *kill: int, launcher: tuple[str, ...] = (), **env: str) -> subprocess.Popen:
    """Start this file as a program of one thread."""
    root = str(Path(__file__).resolve().parents[1])
    everything = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", **env}
    command = [sys.executable, *launcher, __file__, str(out), *map(str, kill)]
    return subprocess.Popen(command, env=everything, stderr=subprocess.PIPE, text=True)


def killed_and_resumed(out: Path, kills: tuple[int, ...]) -> dict:
    for steps in kills:
        with program(out, steps) as process:
            assert process.wait() == -signal.SIGKILL, process.stderr.read()
    with program(out) as process:
        assert process.wait() == 0, process.stderr.read()
    return outcome(out)


def test_kill_9_changes_nothing(tmp_path: Path, unbroken: dict) -> None:
    assert killed_and_resumed(tmp_path / "run", (17,)) == unbroken


@pytest.mark.slow
@pytest.mark.parametrize("kills", [(3, 3, 3), (8, 14, 9), (20, 2, 12), (30, 4)])
def test_kill_9_again_and_again_changes_nothing(tmp_path, unbroken, kills) -> None:
    assert killed_and_resumed(tmp_path / "run", kills) == unbroken


# Several processes.


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_two_processes_arrive_where_one_does(tmp_path: Path) -> None:
    """One batch of 9 splits unevenly over two processes; the weights must not notice."""
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(2)]
    plain = {"TOY_DROPOUT": "0", "TOY_PRECISION": "fp32", "ACCELERATE_USE_CPU": "1"}
    pair = [program(tmp_path / "two", **group, **rank, **plain) for rank in ranks]
    for process in pair:
        assert process.wait() == 0, process.stderr.read()
        process.stderr.close()
    one, two = tmp_path / "one", tmp_path / "two"
    task = toy_task(precision="fp32")
    task.model = Toy(dropout=0)
    train(task, one)
    for name, tensor in read_checkpoint(one / "last").tensors.items():
        assert torch.allclose(read_checkpoint(two / "last").tensors[name], tensor, atol=1e-5)
    for mine, theirs in zip(metrics(one), metrics(two), strict=True):
        for figure in mine.keys() & {"loss", "gradient_norm", "error"}:
            assert theirs[figure] == pytest.approx(mine[figure], rel=1e-4)


@pytest.mark.slow
def test_two_processes_killed_go_on_together_but_not_alone(tmp_path: Path) -> None:
    launcher = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
    launcher += ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
    launcher += ("--main_process_port",)
    for name, kills in (("whole", ()), ("broken", (10,)), ("broken", ()), ("halved", (10,))):
        with program(tmp_path / name, *kills, launcher=(*launcher, free_port())) as process:
            _, errors = process.communicate()
            assert (process.returncode == 0) == (not kills), errors
    assert outcome(tmp_path / "broken") == outcome(tmp_path / "whole")
    with program(tmp_path / "halved") as process:
        _, errors = process.communicate()
    assert "goes on only with as many processes" in errors


# The folder of a run.


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    train(ToyTask(ToyStage("one", replace(FIRST, epochs=1))), tmp_path / "run")
    again = ToyTask(ToyStage("one", replace(FIRST, epochs=1)))
    longer = ToyTask(*again.stages, ToyStage("two", SECOND))
    for task in (again, longer):
        with pytest.raises(UserError, match="run: holds a finished run; name a new folder"):
            train(task, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.5}, r"had stages\.stage one\.learning_rate = 0\.01, not 0\.5"),
        ({"betas": (0.9, 0.5)}, r"stages\.stage one\.betas = \[0\.9, 0\.999\], not \[0\.9, 0\.5\]"),
    ],
)
def test_an_unfinished_run_goes_on_with_its_own_options_alone(tmp_path, change, message) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(9)), tmp_path / "run")
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    with pytest.raises(UserError, match=message):
        train(toy_task(**change), tmp_path / "run")
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before
    other = toy_task()
    other.config = {"batch_size": 10, "photos": 6000}
    with pytest.raises(UserError, match=r"had task\.photos = None, not 6000; give the same"):
        train(other, tmp_path / "run")


def test_going_on_is_said(tmp_path: Path, capsys) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(9)), tmp_path / "run")
    capsys.readouterr()
    train(toy_task(), tmp_path / "run")
    assert capsys.readouterr().err.splitlines()[0].endswith("run: going on after step 7")


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    model = save_checkpoint(tmp_path / "model", {"task": "toy"}, Toy().state_dict())
    for place in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt", model):
        with pytest.raises(UserError, match="holds other things than a run"):
            train(toy_task(), place)
    assert [entry.name for entry in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert read_checkpoint(model).config["task"] == "toy"
    (tmp_path / "empty").mkdir()
    train(ToyTask(ToyStage("one", replace(FIRST, epochs=1))), tmp_path / "empty")
    assert len(metrics(tmp_path / "empty", "dev")) == 1


def test_a_log_that_somebody_deleted_costs_the_log_alone(tmp_path: Path, unbroken: dict) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(16)), tmp_path / "run")
    (tmp_path / "run" / "metrics.jsonl").unlink()
    train(toy_task(), tmp_path / "run")
    assert metrics(tmp_path / "run") == [n for n in unbroken["metrics"] if n["step"] > 14]


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(9)), tmp_path / "run")
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    other = FileLock(tmp_path / "run" / "state" / "lock")
    with other, pytest.raises(UserError, match="run: another process is training there"):
        train(toy_task(), tmp_path / "run")
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize("victim", ["config.json", "state/state.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\x00" * 64])
def test_a_damaged_run_is_one_clear_line(tmp_path: Path, victim: str, content: bytes) -> None:
    with pytest.raises(Crash):
        train(toy_task(crash_at(9)), tmp_path / "run")
    (tmp_path / "run" / victim).write_bytes(content)
    with pytest.raises(UserError, match=f"{victim}: damaged"):
        train(toy_task(), tmp_path / "run")


# Stages.


class ScriptedTask(ToyTask):
    """Validation answers what the script says; the weights that it saw are kept."""

    def __init__(self, *stages: Stage, script: list[float]) -> None:
        super().__init__(*stages)
        self.script = iter(script)
        self.seen: list[dict[str, Tensor]] = []

    def validate(self, model):
        self.seen.append({name: t.clone() for name, t in model.state_dict().items()})
        return {"error": next(self.script)}


class WatchedStage(ToyStage):
    def setup(self, model):
        super().setup(model)
        self.began_with = {name: t.clone() for name, t in model.state_dict().items()}


@pytest.mark.parametrize("higher_is_better", [False, True])
def test_a_stage_starts_from_the_best_weights_so_far(tmp_path, higher_is_better) -> None:
    sign = -1 if higher_is_better else 1
    script = [sign * figure for figure in (3.0, 1.0, 2.0, 1.0, 4.0)]  # a draw is no progress
    stages = WatchedStage("one", FIRST), WatchedStage("two", SECOND)
    task = ScriptedTask(*stages, script=script)
    task.higher_is_better = higher_is_better
    train(task, tmp_path / "run")
    for name, tensor in task.seen[1].items():  # averaged weights, in full precision
        assert torch.equal(stages[1].began_with[name], tensor)
        assert torch.equal(read_checkpoint(tmp_path / "run" / "best").tensors[name], tensor)
    for name, tensor in task.seen[4].items():
        assert torch.equal(read_checkpoint(tmp_path / "run" / "last").tensors[name], tensor)
    assert [line["best"] for line in metrics(tmp_path / "run", "dev")] == [
        *(True, True, False),
        *(False, False),
    ]


def test_what_begin_puts_to_rest_stays_so(tmp_path: Path) -> None:
    modes = []

    class Resting(ToyStage):
        def setup(self, model):
            model.body.requires_grad_(False).eval()

        def loss(self, model, batch):
            modes.append((model.training, model.body.training, model.body[0].training))
            return super().loss(model, batch)

    task = ToyTask(Resting("one", replace(FIRST, epochs=2, precision="fp32")))
    before = task.model.body[0].weight.clone()
    train(task, tmp_path / "run")
    assert set(modes) == {(True, False, False)}
    assert len(modes) == 14
    assert torch.equal(task.model.body[0].weight, before)


def test_weights_without_a_part_in_the_loss_are_a_mistake(tmp_path: Path) -> None:
    task = ToyTask(ToyStage("one", FIRST))
    task.model.spare = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"one: no part of the loss.*spare\.weight, spare\.bias"):
        train(task, tmp_path / "run")


def test_a_stage_must_give_as_many_batches_as_it_says(tmp_path: Path) -> None:
    class Wrong(ToyStage):
        def steps_per_epoch(self):
            return count

    for count, error in ((8, ValueError), (6, ValueError), (0, UserError)):
        with pytest.raises(error):
            train(ToyTask(Wrong("one", FIRST)), tmp_path / str(count))


# Numbers that go wrong.


class Scaled(ToyStage):
    """Multiplies the loss by what `scale` says of the step."""

    scale: Callable[[int], float] = lambda step: 1.0

    def loss(self, model, batch):
        scale = type(self).scale(int(self.steps[0]))
        losses = super().loss(model, batch)
        # A gradient that overflows while the loss does not: √x at 0 has an infinite slope.
        extra = (model.head.bias * 0).sqrt().sum() if scale == math.inf else 0
        return losses | {"loss": losses["loss"] * (scale if scale != math.inf else 1) + extra}


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Scaled, "scale", lambda step: math.nan if step == 8 else 1)
    message = r"run: the loss is nan at step 9 \(one, epoch 2/3\); start anew .*learning rate"
    with pytest.raises(UserError, match=message):
        train(ToyTask(Scaled("one", FIRST)), tmp_path / "run")


def test_a_batch_without_items_ends_the_run(tmp_path: Path) -> None:
    class Weightless(ToyStage):
        def loss(self, model, batch):
            return super().loss(model, batch) | {"weight": torch.tensor(0)}

    with pytest.raises(UserError, match="the loss is nan at step 1 "):
        train(ToyTask(Weightless("one", FIRST)), tmp_path / "run")


def test_a_rare_gradient_that_is_not_finite_is_skipped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Scaled, "scale", lambda step: math.inf if step in (8, 9) else 1)
    train(ToyTask(Scaled("one", FIRST)), tmp_path / "run")
    lines = metrics(tmp_path / "run", "train")
    assert [line.get("skipped", 0) for line in lines] == [0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert all(math.isfinite(line["gradient_norm"]) for line in lines)


def test_ten_such_gradients_in_a_row_end_the_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Scaled, "scale", lambda step: math.inf if step % 10 else 1)
    train(ToyTask(Scaled("one", FIRST)), tmp_path / "nine in a row")
    monkeypatch.setattr(Scaled, "scale", lambda step: math.inf if step > 3 else 1)
    with pytest.raises(UserError, match="10 gradients in a row were not finite at step 14 "):
        train(ToyTask(Scaled("one", FIRST)), tmp_path / "run")


def test_other_figures_need_not_be_finite(tmp_path: Path) -> None:
    task = ToyTask(ToyStage("one", replace(FIRST, epochs=1)))
    task.validate = lambda model: {"error": 1.0, "bleu": math.nan}
    train(task, tmp_path / "run")
    assert metrics(tmp_path / "run", "dev")[0]["bleu"] is None


def test_a_metric_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"error is nan at step 8 \(stage one, epoch 1/3\)"):
        train(ScriptedTask(*toy_task().stages, script=[math.nan]), tmp_path / "run")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"epochs": 0}, {"learning_rate": 0.0}, {"weight_decay": -1.0}, {"betas": (0.9, 1.0)}),
        *(
            {"warmup_steps": -1},
            {"min_lr_ratio": 1.5},
            {"max_grad_norm": -1.0},
            {"ema_decay": 1.0},
            {"weight_bits": 3},
        ),
        *({"precision": "fp8"}, {"checkpoint_seconds": -1.0}, {"log_every": 0}),
        {"learning_rate": math.nan},
    ],
)
def test_options_out_of_range_are_named(wrong: dict) -> None:
    with pytest.raises(UserError, match=f"^{next(iter(wrong))}: must be "):
        replace(FIRST, **wrong)


# How the weights move.


def test_the_learning_rate_warms_up_and_follows_a_cosine() -> None:
    options = TrainingOptions(epochs=1, learning_rate=0.8, warmup_steps=4, min_lr_ratio=0.25)
    rates = [learning_rate(options, step, 8) for step in range(8)]
    half, quarter = math.sqrt(0.5) / 2, 0.25  # cos(π/4) / 2; the share that never falls
    shares = [0.25, 0.5, 0.75, 1.0, 1.0, quarter + 0.75 * (0.5 + half)]
    shares += [quarter + 0.75 * 0.5, quarter + 0.75 * (0.5 - half)]
    assert rates == pytest.approx([0.8 * share for share in shares])
    constant = TrainingOptions(epochs=1, learning_rate=0.8, min_lr_ratio=1)
    assert {learning_rate(constant, step, 5) for step in range(5)} == {0.8}
    endless = TrainingOptions(epochs=1, learning_rate=0.8, warmup_steps=9)
    assert learning_rate(endless, 4, 5) == pytest.approx(0.8 * 5 / 9)


def test_the_average_of_the_weights_by_hand() -> None:
    model = nn.Linear(1, 1)
    model.bias.requires_grad_(False)
    weight = model.weight
    weight.data.fill_(1.0)
    average = ExponentialMovingAverage(model, 0.15)
    for updates, value in enumerate((2.0, 4.0, 8.0)):
        weight.data.fill_(value)
        average.update(updates)
    # keeps 1/10, then min(0.15, 2/11) = 0.15, then 0.15
    mean = 0.1 * 1 + 0.9 * 2
    mean = 0.15 * mean + 0.85 * 4
    mean = 0.15 * mean + 0.85 * 8
    assert list(average.means) == ["weight"]
    assert average.means["weight"].item() == pytest.approx(mean)
    with average.applied():
        assert weight.item() == pytest.approx(mean)
    assert weight.item() == 8
    off = ExponentialMovingAverage(model, 0.0)
    off.update(0)
    with off.applied():
        assert weight.item() == 8


def test_the_average_is_what_is_validated_and_saved() -> None:
    learner = Learner(Toy(), ToyStage("one", FIRST))
    for updates in range(3):
        learner.step({"x": POINTS, "y": TARGETS}, rate=0.1, updates=updates, requests=[])
    live = {name: weight.clone() for name, weight in learner.model.named_parameters()}
    with learner.evaluating():
        for name, weight in learner.model.named_parameters():
            assert torch.equal(weight, learner.ema.means[name])
            assert not torch.equal(weight, live[name])
    assert all(torch.equal(w, live[name]) for name, w in learner.model.named_parameters())


def rounded_toy(model: nn.Module, bits: int) -> dict[str, Tensor]:
    """What a rounded model's weights should be."""
    return {
        name: quantize_rows(weight, bits) if weight.dim() > 1 else weight.detach().clone()
        for name, weight in model.named_parameters()
    }


def test_a_pass_sees_rounded_matrices_and_its_gradient_moves_the_whole_ones() -> None:
    # The loss is Σ w r, so that Adam moves every weight against the sign of r: by 0.001, which is
    # too little to show in 4 bits.
    directions = torch.tensor([[1.0, -2.0], [-3.0, 4.0]])
    seen: list[Tensor] = []

    class Linear(ToyStage):
        def loss(self, model, batch):
            seen.append(model.weight.detach().clone())
            return {"loss": (model.weight * directions).sum() + 0 * model.bias.sum()}

    model = nn.Linear(2, 2)
    model.weight.data.copy_(torch.tensor([[1.0, 0.3], [-0.7, 0.111]]))
    whole = model.weight.detach().clone()
    learner = Learner(
        model, Linear("one", TrainingOptions(1, 0.001, weight_bits=4, precision="fp32"))
    )
    for updates in range(2):
        learner.step({}, rate=0.001, updates=updates, requests=[])
    # 7 steps of 1/4 hold 1, so it is kept and 0.3 becomes 0.25; of 1/8, -0.75 and 0.125.
    expected = torch.tensor([[1.0, 0.25], [-0.75, 0.125]])
    assert torch.equal(seen[0], expected)
    assert torch.equal(seen[1], expected)
    assert torch.allclose(model.weight, whole - 0.002 * directions.sign(), atol=1e-6)


def test_rounded_weights_are_validated_and_saved_and_whole_ones_kept() -> None:
    learner = Learner(Toy(), ToyStage("one", replace(FIRST, weight_bits=4)))
    for updates in range(3):
        learner.step({"x": POINTS, "y": TARGETS}, rate=0.1, updates=updates, requests=[])
    live = {name: weight.clone() for name, weight in learner.model.named_parameters()}
    with learner.ema.applied():
        expected = rounded_toy(learner.model, 4)
    with learner.evaluating():
        found = {name: weight.clone() for name, weight in learner.model.named_parameters()}
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert torch.equal(quantize_rows(found["head.weight"], 4), found["head.weight"])
    assert all(torch.equal(w, live[name]) for name, w in learner.model.named_parameters())


def test_what_rests_is_not_rounded() -> None:
    class Headless(ToyStage):
        def setup(self, model):
            model.requires_grad_(True)
            model.head.requires_grad_(False)

    model = Toy()
    head = model.head.weight.clone()
    learner = Learner(model, Headless("one", replace(FIRST, weight_bits=4)))
    with learner.evaluating():
        assert torch.equal(model.head.weight, head)
        assert not torch.equal(quantize_rows(head, 4), head)


def test_every_stage_counts_its_own_updates() -> None:
    position = Position(stage=0, epoch=1, batch=7, step=14, updates=12, skipped=2)
    position.next_epoch(epochs=3)
    assert position == Position(stage=0, epoch=2, batch=0, step=14, updates=12, skipped=2)
    assert not position.starts_stage
    position.next_epoch(epochs=3)
    assert position == Position(stage=1, epoch=0, batch=0, step=14, updates=0, skipped=0)
    assert position.starts_stage


def gradients_at_step(learner: Learner) -> list[Tensor]:
    """What the optimizer is given, by a hook before its step."""
    seen: list[Tensor] = []
    learner.optimizer.optimizer.register_step_pre_hook(
        lambda *_: seen.append(torch.cat([w.grad.flatten() for w in learner.weights]))
    )
    return seen


@pytest.mark.parametrize("max_grad_norm", [0.0, 0.5, 1000.0])
def test_the_whole_gradient_is_clipped_and_its_norm_told(max_grad_norm: float) -> None:
    stage = ToyStage("one", replace(FIRST, max_grad_norm=max_grad_norm, precision="fp32"))
    learner = Learner(Toy(dropout=0), stage)
    seen = gradients_at_step(learner)
    batch = {"x": POINTS, "y": TARGETS}
    loss = stage.loss(learner.model, batch)["loss"]
    raw = torch.cat([g.flatten() for g in torch.autograd.grad(loss, learner.weights)])
    result = learner.step(batch, rate=0.1, updates=0, requests=[False, True])
    assert result.gradient_norm == pytest.approx(raw.norm().item(), rel=1e-5)
    assert result.losses["loss"] == pytest.approx(loss.item())
    assert result.requests == [False, True]
    assert raw.norm() > 0.5
    scale = min(1.0, max_grad_norm / raw.norm().item()) if max_grad_norm else 1.0
    assert torch.allclose(seen[0], raw * scale, rtol=1e-4)


def test_groups_move_at_their_own_scale() -> None:
    class Grouped(ToyStage):
        def parameter_groups(self, model):
            return [
                {"params": [model.head.bias]},
                {"params": [model.body[0].bias], "scale": 0.25},
            ]

        def setup(self, model):
            model.requires_grad_(False)
            model.head.bias.requires_grad_(True)
            model.body[0].bias.requires_grad_(True)

    model = Toy(dropout=0)
    before = model.head.bias.item(), model.body[0].bias.clone()
    learner = Learner(model, Grouped("one", replace(FIRST, precision="fp32")))
    learner.step({"x": POINTS, "y": TARGETS}, rate=0.1, updates=0, requests=[])
    # Adam's first step has the length of the learning rate, whatever the gradient.
    assert abs(model.head.bias.item() - before[0]) == pytest.approx(0.1, rel=1e-4)
    moves = (model.body[0].bias - before[1]).abs()
    assert torch.allclose(moves, torch.full((16,), 0.025), rtol=1e-2)


@pytest.mark.parametrize(
    ("precision", "native", "expected"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", False, torch.bfloat16),
        ("fp32", True, torch.float32),
    ],
)
def test_precision_of_the_forward_alone(monkeypatch, precision, native, expected) -> None:
    monkeypatch.setattr(processor, "computes_bf16", lambda device: native)
    seen: list[torch.dtype] = []

    class Watching(ToyStage):
        def loss(self, model, batch):
            seen.append(model.head(model.body(batch["x"])).dtype)
            return super().loss(model, batch)

    learner = Learner(Toy(), Watching("one", replace(FIRST, precision=precision)))
    gradients = gradients_at_step(learner)
    learner.step({"x": POINTS, "y": TARGETS}, rate=0.1, updates=0, requests=[])
    assert seen == [expected]
    assert gradients[0].dtype == torch.float32
    with learner.evaluating():
        assert learner.model(POINTS).dtype == torch.float32


def test_bf16_that_cannot_be_computed_is_refused_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(processor, "_unrolls_bf16", lambda: False)
    monkeypatch.setattr(processor, "computes_bf16", lambda device: False)
    task = ToyTask(ToyStage("one", replace(FIRST, precision="bf16")))
    with pytest.raises(UserError, match="precision=bf16: torch unrolls no LSTM"):
        train(task, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("cell", "lengths", "computed"),
    [
        (nn.LSTM, None, "bf16"),
        (nn.GRU, None, "bf16, recurrent layers fp32"),
        (nn.LSTM, [5, 3], "bf16, recurrent layers fp32"),
    ],
)
@pytest.mark.skipif(not processor._unrolls_bf16(), reason="no bf16 LSTM on this processor")
def test_the_types_in_which_layers_computed_are_told(cell, lengths, computed) -> None:
    """What torch 2.14 does under autocast: its GRU and unequal sequences stay in fp32."""
    model = nn.ModuleList([cell(4, 4), nn.Linear(4, 4)])
    types = ComputedTypes(model)
    inputs = torch.randn(5, 2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        read = pack_padded_sequence(inputs, lengths) if lengths else inputs
        model[0](read)
        model[1](inputs)
    types.close()
    assert str(types) == computed
    model[1](inputs)  # nobody watches any more
    assert str(types) == computed


# The order of data.


@given(
    count=st.integers(1, 60),
    batch_size=st.integers(1, 20),
    world=st.integers(1, 4),
    epoch=st.integers(0, 3),
)
def test_every_item_is_drawn_once_whoever_shares(count, batch_size, world, epoch) -> None:
    def parts(rank: int, world: int, start: int = 0) -> list[list[int]]:
        return list(shuffled_batches(count, batch_size, 3, epoch, start, rank, world))

    whole = parts(0, 1)
    assert len(whole) == batches_per_epoch(count, batch_size) == math.ceil(count / batch_size)
    assert sorted(item for batch in whole for item in batch) == list(range(count))
    sizes = {len(batch) for batch in whole}
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    shares = [parts(rank, world) for rank in range(world)]
    for number, batch in enumerate(whole):
        assert sorted(item for share in shares for item in share[number]) == sorted(batch)
    assert parts(0, 1, start=len(whole) // 2) == whole[len(whole) // 2 :]


def test_every_epoch_and_seed_has_its_own_order() -> None:
    orders = {
        (seed, epoch): tuple(next(shuffled_batches(50, 50, seed, epoch, 0, 0, 1)))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(set(orders.values())) == 9


def test_derived_seeds_are_fixed_and_differ() -> None:
    assert derived_seed(1, "order", 2) == derived_seed(1, "order", 2)
    seeds = {derived_seed(a, "x", b) for a in range(50) for b in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert derived_seed(1, 23) != derived_seed(12, 3)


def die_after(steps: int) -> Callable[[int], None]:
    taken: Iterator[int] = iter(range(10**6))

    def each_step(_: int) -> None:
        if next(taken) == steps:
            os.kill(os.getpid(), signal.SIGKILL)

    return each_step


if __name__ == "__main__":
    Report.draw_curves = lambda self: None
    each_step = die_after(int(sys.argv[2])) if sys.argv[2:] else lambda step: None
    precision = os.environ.get("TOY_PRECISION", "auto")
    toy = toy_task(each_step, precision=precision, checkpoint_seconds=0)
    toy.model = Toy(dropout=float(os.environ.get("TOY_DROPOUT", "0.2")))
    train(toy, sys.argv[1])


# ---- options of a recipe ----


@dataclass(frozen=True)
class Choices(Recipe):
    epochs: int = 3
    learning_rate: float = 0.5
    warmup_steps: int = 50
    hidden_size: int = 7  # no option of training


def test_a_recipe_hands_its_own_fields_to_the_training():
    expected = TrainingOptions(
        epochs=3,
        learning_rate=0.5,
        warmup_steps=50,
        min_lr_ratio=0.02,
        max_grad_norm=2.0,
        betas=(0.9, 0.98),
        ema_decay=0.999,
    )
    assert Choices(max_grad_norm=2.0, betas=(0.9, 0.98)).options(100) == expected
    assert Choices(epochs=9).options(100).epochs == 9


def test_a_warm_up_is_at_most_a_fifth_of_a_training():
    assert Choices().options(10).warmup_steps == 6  # of 30 steps
    assert Choices(warmup_steps=2).options(10).warmup_steps == 2

"""The loop itself: steps, epochs, stages, and what happens when something interrupts them."""

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from torch import Tensor

from multimodal.checkpoints import Checkpoint, load_tensors
from multimodal.errors import TrainingStoppedError, UserError
from multimodal.processor import require_bf16
from multimodal.seeds import derived_seed
from multimodal.training.learner import Learner, StepResult, below, join_processes
from multimodal.training.recipe import Stage, Task
from multimodal.training.report import Report
from multimodal.training.schedule import learning_rate, set_global_seed
from multimodal.training.state import Position, RunFolder

SKIPPED_IN_A_ROW = 10
FEW, FEW_TOKENS = 10, 1000  # examples and tokens of dev that are too few to choose by


def train(task: Task, out: str | Path) -> Path:
    """Train a task through all its stages, going on where an interrupted run in `out` stopped.

    A step whose loss is not finite ends the run; one whose gradient is not finite is skipped and
    counted in the metrics, and ten in a row end the run.

    Args:
        task: what is trained.
        out: the run's folder; see `multimodal.training`.

    Returns:
        The folder of the best checkpoint.

    Raises:
        TrainingStoppedError: SIGINT or SIGTERM came; a second one acts at once.
        UserError: `out` holds something else, a finished run, a run with other options or one that
            another process is at; the loss or the metric is not finite; the disk refuses; bf16 is
            asked for where it cannot be computed.
    """
    processes = join_processes()
    if any(stage.options.precision == "bf16" for stage in task.stages):
        require_bf16(processes.device.type)
    folder = RunFolder(Path(out))
    config = {
        "task": dict(task.config),
        "stages": {stage.name: asdict(stage.options) for stage in task.stages},
    }
    position = folder.find_position(config)
    processes.wait_for_everyone()
    with ExitStack() as stack:
        report = None
        if processes.is_main_process:
            stack.enter_context(folder.locked())
            folder.begin(config, position, task.recipe_file)
            report = stack.enter_context(Report(folder.path, position.step, task.metric))
            for line in (*split_sizes(task.config), *task.opening):
                report.say(line)
            if position.step:
                report.say(f"{out}: going on after step {position.step}")
        run = _Run(task, folder, position, report, stack.enter_context(_stop_requests()))
        while position.stage < len(task.stages):
            _StageLoop(run, task.stages[position.stage]).train()
        if report:
            folder.finish(position)
    return folder.best


def split_sizes(config: Mapping[str, Any]) -> Iterator[str]:
    """Tell how many examples a run learns from and how many it chooses by, and if those are few.

    Args:
        config: of a task; the entry with a "train" has the sizes of the splits, in its own unit,
            where all but "without" (no example of its own) is dev.

    Raises:
        UserError: there is none to choose by.
    """
    for unit, sizes in config.items():
        if not isinstance(sizes, Mapping) or "train" not in sizes:
            continue
        dev = sum(size for name, size in sizes.items() if name not in ("train", "without"))
        if not dev:
            raise UserError(f"no {unit} in the dev split to choose by; give more, or a dev split")
        yield f"{sizes['train']} {unit} to learn from (train), {dev} to choose by (dev)"
        if dev < (FEW_TOKENS if unit == "tokens" else FEW):
            yield f"warning: {dev} {unit} are few to choose the best epoch by; give dev more"


@dataclass(frozen=True)
class _Run:
    """What lasts over all stages; `report` is the main process's alone."""

    task: Task
    folder: RunFolder
    position: Position
    report: Report | None
    stop: threading.Event


class _StageLoop:
    """One stage of a run, from where it stands to its end."""

    def __init__(self, run: _Run, stage: Stage) -> None:
        self.run = run
        self.stage = stage
        self.options = stage.options
        self.position = run.position
        self.clock = self.saved_at = time.monotonic()
        self.best: dict[str, Tensor] = {}
        self.learner = self._learner()
        self.steps = stage.steps_per_epoch()
        if self.steps < 1:
            raise UserError(f"{stage.name}: there is nothing to train on")

    def train(self) -> None:
        """Go on until the stage is over."""
        accelerator = self.learner.accelerator
        rank, world = accelerator.process_index, accelerator.num_processes
        if self.run.report:
            self.run.report.start_stage(self.stage.name, self._done, self._total)
        for epoch in range(self.position.epoch, self.options.epochs):
            start = self.position.batch
            batches = self.stage.batches(epoch, start, rank, world)
            for _, batch in zip(range(start, self.steps), batches, strict=True):
                self._step(batch)
            self._finish_epoch()
            accelerator.wait_for_everyone()

    @property
    def _done(self) -> int:
        return self.position.epoch * self.steps + self.position.batch

    @property
    def _total(self) -> int:
        return self.options.epochs * self.steps

    @property
    def _epoch(self) -> str:
        return f"{self.stage.name}, epoch {self.position.epoch + 1}/{self.options.epochs}"

    def _learner(self) -> Learner:
        """Begin the stage from the best weights so far, or go on with it from the saved state."""
        model, folder = self.run.task.model, self.run.folder
        saved = folder.saved_tensors()
        self.best = below("best", saved)
        weights = self.best if self.position.starts_stage else below("model", saved)
        if saved:
            load_tensors(model, Checkpoint(folder.path, {}, weights))
        self._seed("begin")
        learner = Learner(model, self.stage)
        if not self.position.starts_stage:
            learner.restore(saved)
        return learner

    def _step(self, batch: Any) -> None:
        position, main = self.position, self.run.report is not None
        rate = learning_rate(self.options, self._done, self._total)
        due = time.monotonic() - self.saved_at > self.options.checkpoint_seconds
        self._seed("step")
        requests = [self.run.stop.is_set(), due and main]
        result = self.learner.step(batch, rate, position.updates, requests)
        self._refuse_bad_step(result)
        position.batch += 1
        position.step += 1
        self._report_step(result, rate)
        stop, save = result.requests
        if stop or save:
            self._save(self.learner.state())
        if stop:
            self._stop()

    def _refuse_bad_step(self, result: StepResult) -> None:
        if not math.isfinite(result.losses["loss"]):
            raise self._failure(f"the loss is {result.losses['loss']}")
        if math.isfinite(result.gradient_norm):
            self.position.updates += 1
            self.position.skipped = 0
        else:
            self.position.skipped += 1
        if self.position.skipped == SKIPPED_IN_A_ROW:
            raise self._failure(f"{SKIPPED_IN_A_ROW} gradients in a row were not finite")

    def _report_step(self, result: StepResult, rate: float) -> None:
        position = self.position
        for name, value in {**result.losses, "gradient_norm": result.gradient_norm}.items():
            position.pending.setdefault(name, []).append(value)
        if self.run.report:
            self.run.report.advance(self._epoch, self._done, result.losses["loss"])
        if position.batch % self.options.log_every == 0 or position.batch == self.steps:
            self._log("train", {**_averages(position.pending), "learning_rate": rate})
            position.pending.clear()

    def _log(self, kind: str, figures: Mapping[str, float]) -> None:
        if self.run.report:
            place = {
                "stage": self.stage.name,
                "epoch": self.position.epoch + 1,
                "step": self.position.step,
                "seconds": round(self._seconds(), 2),
            }
            computed = {"precision": str(self.learner.computed)} if kind == "train" else {}
            self.run.report.log(kind, {**place, **computed}, figures)

    def _seconds(self) -> float:
        now = time.monotonic()
        self.position.seconds += now - self.clock
        self.clock = now
        return self.position.seconds

    def _save(self, state: Mapping[str, Tensor]) -> None:
        self._seconds()
        if self.run.report:
            best = {f"best.{name}": tensor for name, tensor in self.best.items()}
            self.run.folder.save(self.position, {**state, **best})
        self.saved_at = time.monotonic()

    def _stop(self) -> None:
        if self.run.report:
            with self.learner.evaluating():
                self.run.task.save(self.learner.model, self.run.folder.last)
        raise TrainingStoppedError(
            f"stopped after step {self.position.step} ({self._epoch}), state saved in "
            f"{self.run.folder.path}; the same command goes on"
        )

    def _finish_epoch(self) -> None:
        if self.run.report:
            self._validate(self.run.report)
        self.position.next_epoch(self.options.epochs)
        # A stage starts from the best weights alone.
        self._save({} if self.position.starts_stage else self.learner.state())

    def _validate(self, report: Report) -> None:
        task, folder, model = self.run.task, self.run.folder, self.learner.model
        self._seed("validate")
        with self.learner.evaluating():
            figures = dict(task.validate(model))
            best = self._is_best(figures[task.metric])
            if best:
                self.position.best = figures[task.metric]
                self.best = {n: t.detach().cpu().clone() for n, t in model.state_dict().items()}
                task.save(model, folder.best)
            task.save(model, folder.last)
            samples = task.samples(model)
        self._log("dev", {**figures, "best": best})
        title = f"{self._epoch}: {task.metric} {figures[task.metric]:.4g}{' (best)' * best}"
        report.say(title)
        report.show_samples(title, self.position.step, samples)
        report.draw_curves()

    def _is_best(self, value: float) -> bool:
        if not math.isfinite(value):
            raise self._failure(f"{self.run.task.metric} is {value}")
        if self.position.best is None:
            return True
        gain = value - self.position.best
        return gain > 0 if self.run.task.higher_is_better else gain < 0

    def _seed(self, use: str) -> None:
        """Make every global random state a function of the place in the run.

        So nothing random needs saving, and validation cannot disturb the training.
        """
        from accelerate import PartialState

        here = PartialState()
        seed = derived_seed(self.options.seed, self.position.step, here.process_index, use)
        set_global_seed(seed, here.device)

    def _failure(self, what: str) -> UserError:
        return UserError(
            f"{self.run.folder.path}: {what} at step {self.position.step + 1} ({self._epoch}); "
            "start anew in another folder, with a lower learning rate or a smaller max_grad_norm"
        )


def _averages(pending: Mapping[str, list[float]]) -> dict[str, float]:
    """Average each figure over the steps since the last line; skipped steps have no gradient."""
    norms = [norm for norm in pending["gradient_norm"] if math.isfinite(norm)]
    skipped = len(pending["gradient_norm"]) - len(norms)
    figures = {name: fmean(values) for name, values in pending.items() if name != "gradient_norm"}
    if norms:
        figures["gradient_norm"] = fmean(norms)
    if skipped:
        figures["skipped"] = skipped
    return figures


@contextmanager
def _stop_requests() -> Iterator[threading.Event]:
    """Turn the first SIGINT or SIGTERM into an event; the second acts as it would have."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may watch signals
        return
    watched = (signal.SIGINT, signal.SIGTERM)
    former = {number: signal.getsignal(number) for number in watched}

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    def ask(*_: object) -> None:
        stop.set()
        restore()

    for number in watched:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()

"""What a run tells: metrics, curves, samples, a progress bar; TensorBoard where it is installed."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from PIL.Image import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from multimodal.errors import disk_errors
from multimodal.terminal import shows_progress

SECONDS_BETWEEN_LINES = 60.0


class Report:
    """Writes the readable files of a run's folder and shows how far it is.

    Where somebody watches (see `multimodal.terminal`) that is a bar; elsewhere one line after
    every epoch, and one a minute within.

    Args:
        folder: the run's.
        step: where the run stands; TensorBoard forgets what came later.
        metric: the dev figure in the curves.
    """

    def __init__(self, folder: Path, step: int, metric: str) -> None:
        self._folder = folder
        self._metric = metric
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._console.width -= len("^C") + 1  # which a terminal echoes behind the bar
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=self._console,
            disable=not shows_progress(),
            transient=True,
        )
        self._tensorboard = _tensorboard(folder / "tensorboard", step)
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if self._tensorboard is not None:
            self._tensorboard.close()

    def say(self, line: str) -> None:
        """Show a line, above the bar if there is one."""
        self._console.print(line, soft_wrap=True)
        self._last_line = time.monotonic()

    def start_stage(self, name: str, done: int, total: int) -> None:
        """Start a bar of `total` steps, of which `done` are done.

        Args:
            name: of the stage.
            done: steps.
            total: steps.
        """
        for former in self._bar.task_ids:
            self._bar.remove_task(former)
        self._stage = self._bar.add_task(name, completed=done, total=total, status="")

    def advance(self, description: str, done: int, loss: float) -> None:
        """Show that `done` steps of the stage are done.

        Args:
            description: of the epoch.
            done: steps of the stage.
            loss: the latest.
        """
        status = f"loss {loss:.3f}"
        self._bar.update(self._stage, description=description, completed=done, status=status)
        if self._bar.disable and time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self.say(f"{description}, step {done}: {status}")

    def log(self, kind: str, place: Mapping[str, Any], figures: Mapping[str, float]) -> None:
        """Append a line to `metrics.jsonl`.

        Args:
            kind: "train" or "dev".
            place: `stage`, `epoch`, `step` and `seconds`; for "train" the `precision` as well in
                which the layers computed.
            figures: what was measured; JSON has no NaN, so that null stands for it.
        """
        path = self._folder / "metrics.jsonl"
        finite = {name: x if math.isfinite(x) else None for name, x in figures.items()}
        with disk_errors(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **place, **finite}) + "\n")
        if self._tensorboard is not None:
            for name, value in figures.items():
                self._tensorboard.add_scalar(f"{kind}/{name}", value, place["step"])

    def show_samples(self, title: str, step: int, samples: Sequence[str | Image]) -> None:
        """Append samples to `samples.txt`; pictures go to `samples/` and are named there.

        Args:
            title: of the samples.
            step: of the run.
            samples: lines of text and pictures.
        """
        if not samples:
            return
        lines = [f"— {title}"]
        with disk_errors(self._folder / "samples.txt"):
            for number, sample in enumerate(samples):
                if isinstance(sample, str):
                    lines.append(sample)
                    continue
                picture = self._folder / "samples" / f"{step:07}-{number}.png"
                picture.parent.mkdir(exist_ok=True)
                sample.save(picture)
                lines.append(f"samples/{picture.name}")
            with (self._folder / "samples.txt").open("a", encoding="utf-8") as file:
                file.write("\n".join([*lines, "", ""]))

    def draw_curves(self) -> None:
        """Draw `curves.png` anew from `metrics.jsonl`."""
        text = (self._folder / "metrics.jsonl").read_text(encoding="utf-8")
        with disk_errors(self._folder / "curves.png"):
            _draw_curves(
                [json.loads(line) for line in text.splitlines()],
                self._metric,
                self._folder / "curves.png",
            )


def _tensorboard(folder: Path, step: int) -> Any:
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(folder, purge_step=step + 1)


def _draw_curves(lines: Sequence[Mapping[str, Any]], metric: str, picture: Path) -> None:
    from matplotlib.figure import Figure  # without pyplot there is no window and no global state

    figure = Figure(figsize=(8, 6), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    for panel, kind, name in zip(panels, ("train", "dev"), ("loss", metric), strict=True):
        panel.set_ylabel(f"{kind} {name}")
        panel.grid(alpha=0.3)
        start = 0
        for stage, of_stage in groupby(lines, key=itemgetter("stage")):
            points = [(line["step"], line[name]) for line in of_stage if line["kind"] == kind]
            panel.plot(*zip(*points, strict=True), marker="." if kind == "dev" else "")
            if panel is panels[0]:
                panel.annotate(stage, (start, 1), xycoords=("data", "axes fraction"), va="bottom")
            panel.axvline(start, color="grey", linewidth=0.8, linestyle=":")
            start = points[-1][0] if points else start
    panels[1].set_xlabel("step")
    figure.savefig(picture, dpi=120)

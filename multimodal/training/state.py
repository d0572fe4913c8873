"""The folder of a run: where training stands, and how it is found again after an interruption."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from multimodal.atomic import write_text
from multimodal.checkpoints import read_tensors, write_tensors
from multimodal.errors import UserError, disk_errors

LOGS = ("metrics.jsonl", "samples.txt")


@dataclass
class Position:
    """Where a run stands, all that is not a tensor.

    Attributes:
        stage: number of the stage; the number of stages when the run is finished.
        epoch: number of the epoch in its stage.
        batch: the next batch of the epoch.
        step: steps of the run so far.
        updates: steps of the stage that moved the weights.
        skipped: steps in a row that did not, for want of a finite gradient.
        best: the best dev metric so far.
        seconds: time spent, over all interruptions.
        pending: what the next line of metrics averages over.
        sizes: bytes of every log; what was written later is cut off before going on.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    updates: int = 0
    skipped: int = 0
    best: float | None = None
    seconds: float = 0.0
    pending: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def starts_stage(self) -> bool:
        """Whether nothing of the stage is done yet."""
        return self.epoch == 0 and self.batch == 0

    def next_epoch(self, epochs: int) -> None:
        """Move to the start of the next epoch, or of the next stage after the last."""
        self.epoch, self.batch = self.epoch + 1, 0
        if self.epoch == epochs:
            self.stage, self.epoch, self.updates, self.skipped = self.stage + 1, 0, 0, 0


class RunFolder:
    """Reads and writes `config.json` and `state/` of a run; knows where the rest lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best = path / "best"
        self.last = path / "last"
        self._config = path / "config.json"
        self._state = path / "state" / "state.safetensors"

    def find_position(self, config: Mapping[str, Any]) -> Position:
        """Find where to go on, or the start; changes nothing.

        Args:
            config: what the run is to be; must equal what an unfinished run was begun with.

        Raises:
            UserError: the folder holds something else, a finished run or another run.
        """
        with disk_errors(self.path):
            if not self._holds_run():
                return Position()
        former = self._read_config()
        position = self._read_position() if self._state.exists() else Position()
        if position.stage == len(former["stages"]):
            raise UserError(f"{self.path}: holds a finished run; name a new folder")
        difference = _first_difference(former, json.loads(json.dumps(config)))
        if difference:
            raise UserError(
                f"{self.path}: the unfinished run there had {difference}; "
                "give the same to go on, or name a new folder"
            )
        return position

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out; the lock goes with its process, however that dies.

        Raises:
            UserError: somebody else trains here.
        """
        with disk_errors(self.path):
            self._state.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock = FileLock(self._state.parent / "lock").acquire(timeout=0)
            except Timeout:
                raise UserError(f"{self.path}: another process is training there") from None
        with lock:
            yield

    def begin(self, config: Mapping[str, Any], position: Position, recipe: str = "") -> None:
        """Write what the run is to be and cut the logs back to the position.

        Args:
            config: what `config.json` holds.
            position: where the run goes on.
            recipe: what `recipe.toml` holds; empty for no such file.
        """
        with disk_errors(self.path):
            write_text(self._config, json.dumps(config, indent=2) + "\n")
            if recipe:
                write_text(self.path / "recipe.toml", recipe)
            for name in LOGS:
                with (self.path / name).open("ab") as file:
                    file.truncate(min(position.sizes.get(name, 0), file.tell()))

    def save(self, position: Position, tensors: Mapping[str, Tensor]) -> None:
        """Save where the run stands; the former state stays until this one is whole."""
        logs = [self.path / name for name in LOGS]
        position.sizes = {log.name: log.stat().st_size for log in logs if log.exists()}
        write_tensors(self._state, tensors, {"position": json.dumps(asdict(position))})

    def saved_tensors(self) -> dict[str, Tensor]:
        """Read the tensors of the last `save`; none before the first."""
        return read_tensors(self._state)[0] if self._state.exists() else {}

    def finish(self, position: Position) -> None:
        """Mark the run as finished and free the space that only going on would need."""
        self.save(position, {})

    def _holds_run(self) -> bool:
        if not self.path.exists():
            return False
        if not self.path.is_dir() or (any(self.path.iterdir()) and not self._state.parent.is_dir()):
            raise UserError(f"{self.path}: holds other things than a run; name a new folder")
        return self._config.exists()

    def _read_position(self) -> Position:
        _, metadata = read_tensors(self._state)
        try:
            return Position(**json.loads(metadata["position"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{self._state}: damaged; name a new folder") from error

    def _read_config(self) -> dict[str, Any]:
        try:
            config = json.loads(self._config.read_text(encoding="utf-8"))
            return {"task": config["task"], "stages": dict(config["stages"])}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{self._config}: damaged or unreadable; name a new folder") from error


def _first_difference(former: Any, config: Any, place: str = "") -> str | None:
    """Describe the first difference of two JSON values, by its dotted place; None when equal."""
    if isinstance(former, dict) and isinstance(config, dict):
        for key in [*former, *(key for key in config if key not in former)]:
            inner = _first_difference(
                former.get(key), config.get(key), f"{place}.{key}".lstrip(".")
            )
            if inner:
                return inner
        return None
    return None if former == config else f"{place} = {former!r}, not {config!r}"

"""A model → one ONNX file that runs without torch: the job behind ``multimodal export``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from multimodal.atomic import write_bytes
from multimodal.errors import UserError
from multimodal.tasks import TASKS, Measure, task_of
from pipelines.evaluate import evaluate_model
from pipelines.output import require_free

if TYPE_CHECKING:
    from multimodal.exporting.manifest import Exported

ENDING = ".onnx"
MOST_LOST = 0.01
"""A file of 8 bit that loses a larger part of its measure is refused in its card."""


class Measured(NamedTuple):
    """What 8 bit cost.

    Attributes:
        name: of the measure.
        sign: 1 where more is better, -1 where less is.
        fp32, int8: of both files.
    """

    name: str
    sign: int
    fp32: float
    int8: float

    @property
    def lost(self) -> float:
        """The part of the measure that is lost; below 0 where something was won."""
        return self.sign * (self.fp32 - self.int8) / (abs(self.fp32) or 1.0)

    def __str__(self) -> str:
        line = f"{self.name} on dev: {self.int8:.4f} in 8 bit, {self.fp32:.4f} in fp32"
        return f"{line}; too much is lost: use fp32" if self.lost > MOST_LOST else line


def require_file(path: Path, *, overwrite: bool) -> None:
    """See to it that a file can be written there, before the work begins.

    Raises:
        UserError: the ending is another one, the folder is not there, or the file is already; or
            what makes such files is not installed.
    """
    if path.suffix.lower() != ENDING:
        raise UserError(f"{path}: a model's file ends in {ENDING}")
    require_free(path, overwrite=overwrite)
    try:
        import onnx
        import onnxscript
    except ImportError as error:
        raise UserError(f'{path}: needs onnx: pip install "multimodal-rnn[onnx]"') from error
    del onnx, onnxscript


def export_file(
    model: str | Path, path: Path, *, int8: bool = False, data: str | Path | None = None
) -> str:
    """Make a file of a model.

    Args:
        model: a shipped model's name, a shipped model, a folder, a Hub id, or a magenta decoder.
        path: where; what is there is replaced when the new file is whole.
        int8: whether weights are kept in 8 bit.
        data: with `int8`, held-out data to measure both on; the card tells what it costs.

    Returns:
        What it is, in one line.

    Raises:
        UserError: there is no such model, no file can be made of it, or the disk refuses.
    """
    from multimodal.exporting.export import export_model

    exported = export_model(model)
    size = write_file(exported, path, int8=int8)
    line = f"{path}: {size / 1e6:.1f} MB, {'int8' if int8 else 'fp32'}"
    if data is None or not int8:
        return line
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / f"fp32{ENDING}"
        write_file(exported, whole)
        cost = measured(str(exported.manifest["task"]), whole, path, data)
    exported.manifest["measured"] = dict(cost._asdict(), refused=cost.lost > MOST_LOST)
    exported.manifest["card"] = f"{cost}.\n\n{exported.manifest['card']}"
    write_file(exported, path, int8=True)
    return f"{line}; {cost}"


def write_file(exported: Exported, path: Path, *, int8: bool = False) -> int:
    """Write a graph with its manifest among its metadata; see `export_file`.

    Args:
        exported: the graph and its manifest.
        path: where.
        int8: whether weights are kept in 8 bit.
    """
    from multimodal.exporting.quantization import quantized
    from multimodal.portable.file import KEY

    model = quantized(exported.model) if int8 else _copy(exported.model)
    manifest = {**exported.manifest, "precision": "int8" if int8 else "fp32"}
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(manifest, ensure_ascii=False)
    model.producer_name = "multimodal"
    write_bytes(path, model.SerializeToString())
    return path.stat().st_size


def _copy(model: Any) -> Any:
    copy = type(model)()
    copy.CopyFrom(model)
    return copy


def measured(task: str, fp32: Path, int8: Path, data: str | Path) -> Measured:
    """What 8 bit cost: both files on the held-out split that a task is developed on.

    Args:
        task: of both files.
        fp32: one file.
        int8: the other.
        data: whose dev split counts.

    Raises:
        UserError: there is no measure of the task, or the data cannot be read.
    """
    spec = task_of(task)
    if spec.measure is None:
        able = ", ".join(row.name for row in TASKS.values() if row.measure)
        raise UserError(f"--data: no measure of a {task}; there are of {able}")
    values = (_figure(task, spec.measure, file, data) for file in (fp32, int8))
    return Measured(spec.measure.name, 1 if spec.measure.higher_is_better else -1, *values)


def _figure(task: str, measure: Measure, file: Path, data: str | Path) -> float:
    """One figure of a file on its dev split; the mean, where there is one for each direction."""
    figures = evaluate_model(task, file, data, "dev")
    if measure.figure in figures:
        return float(figures[measure.figure])
    return fmean(found[measure.figure] for found in figures.values())

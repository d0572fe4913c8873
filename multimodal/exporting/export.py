"""A model of any task as an ONNX model and its manifest."""

from __future__ import annotations

from pathlib import Path

from multimodal.checkpoints import read_checkpoint
from multimodal.errors import UserError
from multimodal.exporting.manifest import Exported
from multimodal.tasks import TASKS, TaskSpec, imported, task_of


def export_model(source: str | Path) -> Exported:
    """Make a graph and a manifest of a model.

    Args:
        source: a shipped model's name, a shipped model, a folder, a Hub id, or a magenta decoder.

    Raises:
        UserError: there is none, it is damaged, or no file can be made of its task.
    """
    spec, folder = _spec_of(source)
    if spec.exporter is None:
        able = ", ".join(spec.name for spec in TASKS.values() if spec.exporter)
        raise UserError(f"{source}: no file can be made of a {spec.name}; of {able}")
    model = imported(spec.model).from_pretrained(folder, precision="fp32")
    exported: Exported = imported(spec.exporter)(model)
    exported.manifest["name"] = Path(str(source)).name
    exported.manifest["card"] = _card(folder)
    return exported


def _spec_of(source: str | Path) -> tuple[TaskSpec, str | Path]:
    """What a model is for, and where it lies."""
    from multimodal.sketching.magenta import is_decoder_file

    if is_decoder_file(source):
        return task_of("sketcher"), source
    checkpoint = read_checkpoint(source)
    return task_of(checkpoint.config["task"]), checkpoint.folder


def _card(folder: str | Path) -> str:
    """The model card with its terms; empty where there is none."""
    card = Path(folder) / "README.md"
    return card.read_text(encoding="utf-8") if card.is_file() else ""

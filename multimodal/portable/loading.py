"""Which class runs which file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multimodal.errors import UserError
from multimodal.portable.file import ModelFile, is_portable
from multimodal.tasks import TASKS, imported

__all__ = ["Portable", "is_portable", "load_portable"]


class Portable:
    """Loads a file by what it says it is for.

    captioner = Portable.load("captioner.onnx")
    """

    @staticmethod
    def load(path: str | Path) -> Any:
        """The model in a file, as the class of its task.

        Raises:
            UserError: it is missing, damaged, foreign, or for a task that is not known.
        """
        return load_portable(path)


def load_portable(path: str | Path, task: str | None = None) -> Any:
    """The model in a file; see `Portable.load`.

    Args:
        path: of the file.
        task: refuse a file made for another one.
    """
    file = ModelFile(path, task=task)
    spec = TASKS.get(file.task)
    if spec is None or spec.portable is None:
        raise UserError(f"{path}: made for {file.task!r}, which is not known here")
    return imported(spec.portable)(file)

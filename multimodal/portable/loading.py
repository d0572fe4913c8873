"""Which class runs which file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from multimodal.errors import UserError
from multimodal.portable.file import ModelFile, is_portable

__all__ = ["Portable", "is_portable", "load_portable"]

_CLASSES = {
    "captioner": ("captions", "PortableCaptioner"),
    "sketcher": ("sketches", "PortableSketcher"),
    "handwriting-generator": ("handwriting_generator", "PortableHandwritingGenerator"),
    "recognizer": ("guesses", "PortableRecognizer"),
    "handwriting-recognizer": ("handwriting_recognizer", "PortableHandwritingRecognizer"),
    "language-model": ("language_model", "PortableLanguageModel"),
    "translator": ("translations", "PortableTranslator"),
}


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
    if file.task not in _CLASSES:
        raise UserError(f"{path}: made for {file.task!r}, which is not known here")
    module, name = _CLASSES[file.task]
    return getattr(import_module(f"multimodal.portable.{module}"), name)(file)

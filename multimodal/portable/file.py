"""A file that `multimodal export` wrote: opened safely, its manifest checked, its graph run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError

if TYPE_CHECKING:
    import onnxruntime as ort

FORMAT = 2
KEY = "multimodal"
"""Under which the manifest, a JSON object, stands among an ONNX model's metadata."""

ENDING = ".onnx"
LARGEST_FILE = 2**31 - 1  # bytes: what one protobuf message can be
LARGEST_MANIFEST = 2**24  # characters
DEEPEST = 32  # brackets within brackets

Array = npt.NDArray[Any]


class ModelFile:
    """One model, ready to run.

    Nothing in a file is executed but ONNX's own operators, and nothing beside it is opened: a model
    that keeps its weights in other files is refused.

    Attributes:
        path: of the file.
        manifest: what the file says of itself.

    Args:
        path: a file that `multimodal export` wrote.
        task: refuse a file made for another one.

    Raises:
        UserError: it is missing, damaged, foreign, or made for another task; or ONNX Runtime is
            not installed.
    """

    def __init__(self, path: str | Path, *, task: str | None = None) -> None:
        self.path = Path(path)
        self._session = _session(self.path, _read(self.path))
        self.manifest = _manifest(self.path, self._session)
        if task is not None and self.task != task:
            raise UserError(f"{self.path}: a file for {self.task!r}, not for {task!r}")

    @property
    def task(self) -> str:
        """What it is for."""
        return str(self.manifest["task"])

    def __getitem__(self, name: str) -> Any:
        """An entry of the manifest.

        Raises:
            UserError: there is none.
        """
        try:
            return self.manifest[name]
        except KeyError:
            raise UserError(f"{self.path}: its manifest has no {name!r}; export it anew") from None

    @cached_property
    def digest(self) -> str:
        """The file's contents, hashed."""
        return blake2b(_read(self.path), digest_size=16).hexdigest()

    @cached_property
    def _outputs(self) -> list[str]:
        return [output.name for output in self._session.get_outputs()]

    @cached_property
    def _types(self) -> dict[str, type[np.generic]]:
        return {value.name: _TYPES[value.type] for value in self._session.get_inputs()}

    def run(self, **inputs: npt.ArrayLike) -> dict[str, Array]:
        """Run the graph: outputs by their names.

        Args:
            **inputs: every input by its name.
        """
        feed = {name: np.asarray(value, self._types[name]) for name, value in inputs.items()}
        found = self._session.run(self._outputs, feed)
        return dict(zip(self._outputs, found, strict=True))


_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def is_portable(model: str | Path | None) -> TypeGuard[str | Path]:
    """Whether a model's name is that of such a file."""
    return model is not None and Path(model).suffix.lower() == ENDING


def _session(path: Path, data: bytes) -> ort.InferenceSession:
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise UserError(
            f'{path}: needs ONNX Runtime: pip install "multimodal-rnn[onnx]"'
        ) from error
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # Threads that wait for each other sleep: spinning ones collapse on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Weights of 8 bit are unpacked once, as the file is loaded.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal():
        options.intra_op_num_threads = int(threads)
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an exception for every kind of damage
        raise UserError(f"{path}: not an ONNX model, or damaged or cut off") from error


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise UserError(f"{path}: is no file")
        if not 0 < size <= LARGEST_FILE:
            raise UserError(f"{path}: {size} bytes: not an ONNX model, or damaged or cut off")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def _manifest(path: Path, session: ort.InferenceSession) -> Mapping[str, Any]:
    text = session.get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        raise UserError(f"{path}: an ONNX model, but not one that `multimodal export` wrote")
    damaged = UserError(f"{path}: its manifest is damaged; export it anew")
    if len(text) > LARGEST_MANIFEST or _depth(text) > DEEPEST:
        raise damaged
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise damaged from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("task"), str):
        raise damaged
    if manifest.get("format") != FORMAT:
        raise UserError(f"{path}: of another format, {manifest.get('format')!r}; export it anew")
    return manifest


def _depth(text: str) -> int:
    """How many brackets are open at most, those in strings counted as well."""
    opened = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    steps = np.isin(opened, (91, 123)).astype(np.int64) - np.isin(opened, (93, 125))
    return int(steps.cumsum().max(initial=0))

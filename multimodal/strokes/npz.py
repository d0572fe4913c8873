"""sketch-rnn's `.npz`: the parts train, valid and test, each an array of stroke-3 arrays.

Ha and Eck (2017) published their data as NumPy archives whose arrays hold Python objects, and such
arrays are pickled. A pickle is a program, so none is run here: it is read with a table of the few
names that arrays need, which stand for inert records of what the file says, and NumPy is handed
nothing but plain bytes.
"""

from __future__ import annotations

import pickle
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.splits import PUBLISHED, require_split
from multimodal.strokes.drawing import Drawing
from multimodal.strokes.steps import from_stroke3, to_stroke3

LARGEST = 2**31
"""Bytes that one part may unpack to: ten times the largest that was published."""


def read_npz(path: str | Path, split: str) -> list[Drawing]:
    """Read one part of a file in sketch-rnn's layout.

    Args:
        path: the file; it may come from anybody.
        split: "train", "dev" or "test".

    Raises:
        UserError: no such file or part, a damaged file, or a pickle that asks for anything else
            than arrays of numbers.
    """
    with _opened(Path(path)) as archive:
        return _part(archive, PUBLISHED[require_split(split)])


def read_every_part(path: str | Path) -> list[Drawing]:
    """Read all of a file in sketch-rnn's layout: train, valid and test, as far as they are there.

    Raises:
        UserError: as `read_npz`.
    """
    with _opened(Path(path)) as archive:
        names = PUBLISHED.values()
        parts = [name for name in names if name in _names(archive)]
        return [drawing for name in parts or names for drawing in _part(archive, name)]


def encode_npz(
    train: Iterable[Drawing], valid: Iterable[Drawing] = (), test: Iterable[Drawing] = ()
) -> bytes:
    """Drawings in sketch-rnn's layout: int16 where all coordinates are whole, else float32.

    Times and pressures have no place in it.

    Args:
        train: drawings of that split.
        valid: likewise.
        test: likewise.

    Raises:
        UserError: a pen movement that int16 does not hold.
    """
    file = BytesIO()
    np.savez_compressed(file, train=_objects(train), valid=_objects(valid), test=_objects(test))
    return file.getvalue()


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; whatever is wrong with it becomes one line that names it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: no NumPy archive, or damaged: {_first_line(error)}") from None


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _part(archive: zipfile.ZipFile, name: str) -> list[Drawing]:
    names = _names(archive)
    if name not in names:
        raise UserError(f"no part {name!r}; it has {', '.join(names[:5]) or 'none'}")
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > LARGEST:
        raise UserError(f"{name} would unpack to {entry.file_size} bytes: too many")
    with archive.open(entry) as file:
        rows = _read_array(file)
    return [_drawing(steps, number) for number, steps in enumerate(rows, 1)]


def _drawing(steps: Any, number: int) -> Drawing:
    try:
        return from_stroke3(steps)
    except UserError as error:
        raise UserError(f"drawing {number}: {error}") from None


def _steps(drawing: Drawing) -> npt.NDArray[np.int16 | np.float32]:
    steps = to_stroke3(drawing)
    if not (steps == np.rint(steps)).all():
        return steps
    if (np.abs(steps) > np.iinfo(np.int16).max).any():
        raise UserError("a pen movement is longer than int16 holds: scale the drawing down")
    return steps.astype(np.int16)


def _objects(drawings: Iterable[Drawing]) -> npt.NDArray[np.object_]:
    steps = [_steps(drawing) for drawing in drawings]
    objects = np.empty(len(steps), dtype=object)
    for number, rows in enumerate(steps):  # at once, NumPy would stack arrays of one shape
        objects[number] = rows
    return objects


def _read_array(file: IO[bytes]) -> Sequence[Any]:
    """Read one `.npy`: arrays of numbers by NumPy itself, arrays of objects by the table below."""
    try:
        version = np.lib.format.read_magic(file)
        header = _HEADERS.get(version)
        if header is None:
            raise UserError(f"an array in version {version} of NumPy's format, which is not known")
        if not header(file)[2].hasobject:
            file.seek(0)
            numbers: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
            return list(numbers) if numbers.ndim else []
        pickled = _Inert(file, encoding="latin1").load()
    except (UserError, OSError, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:  # hostile bytes end in exceptions of every type
        raise UserError(f"its arrays are damaged: {_first_line(error)}") from None
    if not isinstance(pickled, _Array):
        raise UserError("its arrays hold something else than drawings")
    return _rows(pickled)


_HEADERS: dict[tuple[int, int], Callable[..., tuple[Any, bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _rows(pickled: _Array) -> list[npt.NDArray[Any]]:
    """The drawings in an array of objects: arrays, or what NumPy makes of arrays of one shape."""
    _, shape, _, _, entries = _state(pickled)
    if not isinstance(entries, list):
        raise UserError("its arrays hold something else than drawings")
    if all(isinstance(entry, _Array) for entry in entries):
        return [_numbers(entry) for entry in entries]
    return list(_stacked(shape, entries))


def _stacked(shape: Any, entries: list[Any]) -> npt.NDArray[Any]:
    """An array of objects that are numbers, which NumPy lists row by row, however it keeps them."""
    values = [_scalar(entry) for entry in entries]
    try:
        return np.array(values).reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"its arrays are damaged: {_first_line(error)}") from None


def _scalar(entry: Any) -> int | float:
    if isinstance(entry, _Scalar):
        kind, data = entry.arguments
        number: int | float = _from_bytes(kind, data)[0].item()
        return number
    if isinstance(entry, bool) or not isinstance(entry, int | float):
        raise UserError("its arrays hold something else than numbers")
    return entry


class _Record:
    """Something a pickle names; it keeps what it is told, and does nothing."""

    state: tuple[Any, ...] = ()

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


class _Array(_Record):
    """An array: its state is a version, its shape, its type, whether by columns, and its data."""


class _Scalar(_Record):
    """A number as NumPy keeps it: it is told its type and its bytes."""


class _Type(_Record):
    """The type of an array's elements: it is told a name, and its state has the order of bytes."""


class _Bytes(_Record):
    """How Python 3 writes bytes in the protocol of Python 2: it is told a text and an encoding."""


class _Inert(pickle.Unpickler):
    """Reads a pickle of arrays without calling anything but the records above."""

    names: ClassVar[dict[tuple[str, str], type[_Record]]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Type,
        ("numpy.core.multiarray", "_reconstruct"): _Array,
        ("numpy._core.multiarray", "_reconstruct"): _Array,
        ("numpy.core.multiarray", "scalar"): _Scalar,
        ("numpy._core.multiarray", "scalar"): _Scalar,
        ("_codecs", "encode"): _Bytes,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Answer with a record, or refuse."""
        try:
            return self.names[module, name]
        except KeyError:
            requested = ascii(f"{module}.{name}"[:80])
            raise UserError(f"refused: it asks to run {requested}") from None


def _numbers(entry: Any) -> npt.NDArray[Any]:
    """Make the array that a record describes."""
    _, shape, type_, by_columns, data = _state(entry)
    if isinstance(data, list):
        return _stacked(shape, data)
    try:
        return _from_bytes(type_, data).reshape(shape, order="F" if by_columns else "C")
    except (TypeError, ValueError) as error:
        raise UserError(f"its arrays are damaged: {_first_line(error)}") from None


def _state(entry: Any) -> tuple[Any, ...]:
    """The five parts of an array's state."""
    state = getattr(entry, "state", ())
    if not isinstance(state, tuple) or len(state) != 5:
        raise UserError("its arrays are damaged: an array without its five parts")
    return state


def _from_bytes(type_: Any, data: Any) -> npt.NDArray[Any]:
    try:
        kind = f"{type_.state[1]}{type_.arguments[0]}"
        if re.fullmatch("[<>=|][iuf][1248]", kind) is None:
            raise UserError("its arrays hold something else than numbers")
        text = data.arguments[0] if isinstance(data, _Bytes) else data
        return np.frombuffer(text.encode("latin1") if isinstance(text, str) else text, kind)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise UserError(f"its arrays are damaged: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:100]

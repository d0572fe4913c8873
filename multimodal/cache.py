"""What is computed once and read many times: rows of numbers in a file of half precision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.format import write_array_header_1_0
from torch import Tensor

from multimodal.atomic import atomic_write
from multimodal.errors import disk_errors


def cached(path: Path, shape: tuple[int, ...], rows: Iterable[Tensor]) -> npt.NDArray[np.float16]:
    """Return a memory-mapped float16 array, computing it on first use.

    A file that was not finished is begun again.

    Args:
        path: of the file (.npy); its folder is made.
        shape: of the whole.
        rows: what fills it from its first number to its last, in parts of any shape; read only
            where there is no such file.

    Returns:
        The whole, mapped into memory, not to be written to.

    Raises:
        UserError: the disk refuses.
    """
    if not path.exists():
        _fill(path, shape, rows)
    whole: npt.NDArray[np.float16] = np.load(path, mmap_mode="r")
    return whole


def _fill(path: Path, shape: tuple[int, ...], rows: Iterable[Tensor]) -> None:
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        write_array_header_1_0(file, header)
        for part in rows:
            file.write(part.half().numpy().astype("<f2", copy=False).tobytes())

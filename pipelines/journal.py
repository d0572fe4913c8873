"""The journal of a run: what is done is on the disk, so that nothing is lost and nothing redone.

It lies beside the output, hidden, and is the same for every kind of output. The first line says
what was asked for; each further line holds the rows of one batch and is written in one piece. A
line that was cut off, by a kill or a full disk, is dropped by whoever resumes, so that the batches
of a resumed run, and with them the last digits of its scores, are those of an unbroken one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Self, TypeVar

from multimodal.errors import UserError
from pipelines.output import dump_json

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1

Row = TypeVar("Row")


class Journal(Generic[Row]):
    """Rows on disk, in batches; a context manager, which lets nobody else write meanwhile.

        with Journal(path, {"model": "…"}, to_json, from_json) as journal:
            journal.begin(resume=True)
            journal.add(rows)
            for row in journal: ...
        journal.remove()

    Args:
        path: the file.
        request: everything that the rows depend on, as JSON: inputs, model, options.
        to_json: all of a row, as JSON.
        from_json: the row behind its JSON.
    """

    def __init__(
        self,
        path: Path,
        request: Mapping[str, Any],
        to_json: Callable[[Row], Any],
        from_json: Callable[[Any], Row],
    ) -> None:
        from filelock import FileLock

        self.path = path
        self._to_json, self._from_json = to_json, from_json
        self._head = {"journal": FORMAT, **json.loads(dump_json(request))}
        self._lock = FileLock(path.with_name(f"{path.name}.lock"))
        self._file: BinaryIO | None = None

    @staticmethod
    def path_beside(output: Path) -> Path:
        """Where the journal of an output lies."""
        return output.with_name(f".{output.name}.journal")

    def __enter__(self) -> Self:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(f"{self.path}: another run is writing it") from error
        except OSError as error:
            raise self._refused(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def begin(self, *, resume: bool) -> None:
        """Open the journal: the one that is there when resuming, else an empty one.

        Raises:
            UserError: it was begun with other inputs or options, or the disk refuses.
        """
        kept = self._check() if resume and self.path.exists() else 0
        try:
            self._file = self.path.open("ab", buffering=0)
            self._file.truncate(kept)
        except OSError as error:
            raise self._refused(error) from error
        if kept == 0:
            self._append(self._head)

    def add(self, rows: Sequence[Row]) -> None:
        """Put the rows of one batch on the disk, all or none of them.

        Raises:
            UserError: the disk refuses.
        """
        self._append([self._to_json(row) for row in rows])

    def __iter__(self) -> Iterator[Row]:
        """All rows, read from the disk as they are asked for."""
        with self.path.open("rb") as lines:
            next(lines, None)
            for line in lines:
                yield from map(self._from_json, json.loads(line))

    def remove(self) -> None:
        """Delete it: the output is there."""
        self.path.unlink(missing_ok=True)

    def _append(self, value: object) -> None:
        if self._file is None:
            raise RuntimeError("a journal has to be begun first")
        line = f"{dump_json(value)}\n".encode()
        try:
            written = self._file.write(line)
            while written < len(line):  # a disk that is nearly full takes a part
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._refused(error) from error

    def _check(self) -> int:
        """How many bytes are whole lines; refuses what was begun otherwise."""
        whole = 0
        with self.path.open("rb") as lines:
            for line in lines:
                is_whole = _is_batch if whole else self._is_head
                if not line.endswith(b"\n") or not is_whole(line):
                    break
                whole += len(line)
        return whole

    def _is_head(self, line: bytes) -> bool:
        head = _parse(line)
        if not isinstance(head, dict):
            return False
        for name, value in self._head.items():
            if head.get(name) != value:
                raise UserError(
                    f"{self.path}: was begun with {name} {_shown(head.get(name))}, not "
                    f"{_shown(value)}; resume with the same, or begin anew with --overwrite"
                )
        return True

    def _refused(self, error: OSError) -> UserError:
        reason = error.strerror or error
        return UserError(
            f"{self.path}: cannot be written: {reason}; what is done is kept: go on with --resume"
        )


def require_no_loss(there: Sequence[Path], journal: Path, *, resume: bool, overwrite: bool) -> None:
    """See to it that a run overwrites nothing unless told to.

    Args:
        there: what the run would replace.
        journal: where an interrupted run would have left its rows.
        resume: go on with that one.
        overwrite: replace what is there.

    Raises:
        UserError: something is there, or an interrupted run's journal.
    """
    if overwrite or (resume and journal.exists()):
        return
    if journal.exists():
        raise UserError(
            f"{journal}: an interrupted run left this; go on with --resume, or begin anew "
            "with --overwrite"
        )
    for place in there:
        raise UserError(f"{place}: is there already; move it, or use --overwrite")


def fingerprint(tensors: Mapping[str, Tensor], *extra: object) -> str:
    """What tells one model from another: its weights, their precision, and what else it knows."""
    import torch

    hashed = blake2b(repr(extra).encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_batch(line: bytes) -> bool:
    return isinstance(_parse(line), list)


def _shown(value: object) -> str:
    text = dump_json(value)
    return text if len(text) <= 60 else f"{text[:40]}…{text[-15:]}"

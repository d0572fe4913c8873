"""Checkpoints: `config.json` + `model.safetensors`, in a folder, in the package or on the Hub.

    save_checkpoint("mine", {"task": "captioner", ...}, model.state_dict(), dtype=torch.bfloat16)
    checkpoint = read_checkpoint("mine", task="captioner")
    model = build(checkpoint.config)
    load_tensors(model, checkpoint)

Everything that inference needs is inside (vocabulary and preprocessing stand in the config),
nothing is pickled, and loading is strict: a missing, surplus, misshapen or non-finite tensor is an
error. Whatever interrupts a save, the old checkpoint or the new one can be read, never a mixture.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encode_safetensors
from torch import Tensor, nn

from multimodal.atomic import atomic_write, sync
from multimodal.errors import UserError, disk_errors, offered
from multimodal.former_names import renamed_config, renamed_tensors
from multimodal.hub import names_repository
from multimodal.tasks import TASKS, full_name, task_of

FORMAT = 3  # formats 1 and 2 differ in names alone; see `former_names`
PACKED_BITS = range(4, 9)  # of a weight in a packed row
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
PRETRAINED = Path(__file__).parent / "pretrained"

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint's folder holds.

    Attributes:
        folder: where it was read; for a model from the Hub, its place in the Hub's cache.
        config: the parsed `config.json`: at least `format` and `task`.
        tensors: name → tensor, as stored (often 16-bit), on the CPU.
    """

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, Tensor]


def save_checkpoint(
    folder: str | Path,
    config: Mapping[str, JSON],
    tensors: Mapping[str, Tensor],
    *,
    dtype: torch.dtype | None = None,
    card: str | None = None,
) -> Path:
    """Write a checkpoint, replacing the one that the folder holds, if any.

    The files are written and synced in a hidden folder beside `folder`, which then takes its place
    by renaming. A process that dies between the two renames leaves the old checkpoint under its
    hidden name, where `read_checkpoint` and the next save find it. Files of other names survive in
    `folder`; a former model card does not, for it would describe other weights.

    Args:
        folder: where to write; its parents are made.
        config: what the model is, `task` included; `format` is added here.
        tensors: the model's `state_dict()`; tied tensors are stored once (see `write_tensors`).
        dtype: floating tensors are cast to it, e.g. `torch.bfloat16`; None keeps them as they are.
        card: the text of the model card, `README.md`.

    Returns:
        The folder, made absolute.

    Raises:
        UserError: the folder holds something else than a checkpoint, a tensor is not finite (in
            `dtype`), or the disk refuses.
    """
    folder = Path(folder).resolve()
    files = {CONFIG: _encode_config(config), WEIGHTS: _encode_tensors(folder, tensors, dtype, {})}
    if card is not None:
        files[CARD] = card.encode()
    with disk_errors(folder):
        _refuse_foreign_folder(folder)
        _replace_folder(folder, files)
    return folder


def read_checkpoint(source: str | Path, *, task: str | None = None) -> Checkpoint:
    """Read a checkpoint; downloads only when `source` can be nothing but a name on the Hub.

    Args:
        source: the name of a shipped model, a folder, or a Hub repository `owner/name`. A `Path` is
            always a folder, and so is any text whose first part is a folder that exists.
        task: refuse a checkpoint made for another task.

    Raises:
        UserError: nothing there, a damaged or newer file, another task; the line names the file.
    """
    folder = _locate(source)
    stored = _read_config(folder / CONFIG, task)
    config = _todays_config(stored)
    if task is not None and config["task"] != task:
        raise UserError(f"{folder / CONFIG}: a checkpoint for {config['task']!r}, not for {task!r}")
    tensors, _ = read_tensors(folder / WEIGHTS)
    if stored["format"] != FORMAT:
        tensors = renamed_tensors(stored["task"], tensors)
    return Checkpoint(folder, config, tensors)


def read_task(source: str | Path) -> str:
    """Return the name of the task that a checkpoint was made for, without reading its weights.

    Args:
        source: as `read_checkpoint` takes it.

    Raises:
        UserError: nothing there, or a damaged or newer file.
    """
    return str(_todays_config(_read_config(_locate(source) / CONFIG))["task"])


@contextmanager
def reading_config(checkpoint: Checkpoint) -> Iterator[None]:
    """Whatever goes wrong while a model is built from a configuration names the file.

    Raises:
        UserError: in place of any error of names, kinds and sizes that can't be.
    """
    path = checkpoint.folder / CONFIG
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        # whatever torch and the dataclasses make of them
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{path}: incomplete ({reason})") from error


def load_tensors(model: nn.Module, checkpoint: Checkpoint) -> None:
    """Copy a checkpoint's tensors into a model, strictly, casting them to the model's own types.

    The model is left as it was when anything is wrong.

    Raises:
        UserError: names are missing or unexpected, shapes or kinds differ, or values are not finite
            once cast; the line names the folder and the first few tensors.
    """
    wanted = model.state_dict()
    given = checkpoint.tensors
    shared = [name for name in wanted if name in given]
    cast = {name: given[name].to(wanted[name].dtype) for name in shared}
    faults = {
        "missing": [name for name in wanted if name not in given],
        "unexpected": [name for name in given if name not in wanted],
        "of another shape": [name for name in shared if given[name].shape != wanted[name].shape],
        "of another kind": [
            name
            for name in shared
            if given[name].is_floating_point() != wanted[name].is_floating_point()
        ],
        "not finite": [name for name in shared if not bool(cast[name].isfinite().all())],
    }
    found = "; ".join(f"{kind}: {_first_few(names)}" for kind, names in faults.items() if names)
    if found:
        raise UserError(f"{checkpoint.folder}: these weights do not fit the model: {found}")
    model.load_state_dict(cast, strict=True)


def average_checkpoints(folders: Sequence[str | Path], out: str | Path) -> Path:
    """Write the mean of several checkpoints of one model, as a checkpoint of its own.

    Weights that were fine-tuned from the same start often do better together than any one of them
    (Wortsman et al. 2022, Model soups). The first checkpoint gives the configuration; a checkpoint
    that is named twice counts twice.

    Args:
        folders: what to average: shipped models, folders or Hub repositories, at least one.
        out: where to write.

    Raises:
        UserError: a checkpoint cannot be read, or does not have the first one's tensors.
    """
    first, *others = [read_checkpoint(folder) for folder in folders]
    sums = {name: tensor.double() for name, tensor in first.tensors.items()}
    for other in others:
        if alone := sums.keys() ^ other.tensors.keys():
            raise UserError(f"{other.folder}: {min(alone)} is only there or in {first.folder}")
        for name, tensor in other.tensors.items():
            if tensor.shape != sums[name].shape:
                raise UserError(f"{other.folder}: {name} has another shape than in {first.folder}")
            sums[name] += tensor.double()
    means = {
        name: (total / len(folders)).to(first.tensors[name].dtype) for name, total in sums.items()
    }
    return save_checkpoint(out, first.config, means)


def pack_checkpoint(
    source: str | Path, out: str | Path, card: str | None = None, *, bits: int = 8
) -> Path:
    """Write a checkpoint whose file compresses to little more than half, for downloads and git.

    Every row of a matrix is rounded to whole multiples, up to ±127 with eight bits, of a power of
    two, as small as its largest weight allows: per-channel quantisation (Krishnamoorthi 2018,
    section 2.1). The multiples are stored as 16-bit floats, exactly, so that nothing else has to
    know of it. Vectors, such as biases, become 16-bit floats. Measure the packed model before it
    ships.

    Args:
        source: a shipped model, a folder or a Hub repository.
        out: where to write.
        card: the text of the model card; without it, the source's own, if it has one.
        bits: of a weight, from 4 to 8.

    Raises:
        UserError: the checkpoint cannot be read, the bits are out of range, or the disk refuses.
    """
    if bits not in PACKED_BITS:
        raise UserError(f"bits={bits}: {PACKED_BITS[0]} to {PACKED_BITS[-1]} expected")
    checkpoint = read_checkpoint(source)
    former = checkpoint.folder / CARD
    if card is None and former.is_file():
        card = former.read_text(encoding="utf-8")
    tensors = {
        name: quantize_rows(tensor, bits)
        if tensor.is_floating_point() and tensor.dim() > 1
        else tensor
        for name, tensor in checkpoint.tensors.items()
    }
    return save_checkpoint(out, checkpoint.config, tensors, dtype=torch.float16, card=card)


def quantize_rows(matrix: Tensor, bits: int = 8) -> Tensor:
    """Round every row (the last dimension) to multiples of its own power of two.

    Returns:
        (..., D) in fp32, at most half a step from what was given; there are 2 ** (bits - 1) - 1
        steps on either side of zero, and the row's largest weight takes more than half of them.
    """
    multiples = 2 ** (bits - 1) - 1
    matrix = matrix.float()
    largest = matrix.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(torch.float16).tiny)
    step = torch.exp2((largest / multiples).log2().ceil())
    return (matrix / step).round() * step


def shipped_models() -> list[str]:
    """Name the models that ship with the package, in alphabetical order."""
    return sorted(config.parent.name for config in PRETRAINED.glob(f"*/{CONFIG}"))


def push_to_hub(folder: str | Path, repository: str) -> str:
    """Upload a checkpoint to the Hugging Face Hub, as whoever `hf auth login` logged in.

    Args:
        folder: a checkpoint; it is read first, so that nothing broken is published.
        repository: `owner/name`; made when it does not exist.

    Returns:
        The address of the repository.

    Raises:
        UserError: the checkpoint is broken, or the Hub refuses.
    """
    folder = read_checkpoint(Path(folder)).folder
    from huggingface_hub import HfApi

    with _hub_errors(repository):
        api = HfApi()
        address = api.create_repo(repository, exist_ok=True)
        api.upload_folder(
            repo_id=repository, folder_path=folder, allow_patterns=[CONFIG, WEIGHTS, CARD]
        )
    return str(address)


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write one safetensors file; the old file stays until the new one is whole and synced.

    The format refuses tensors that share memory. Names of the very same tensor (tied weights) are
    stored once and restored under all their names by `read_tensors`; views that merely overlap are
    stored in full, each on its own.

    Args:
        path: the file.
        tensors: name → tensor, on any device.
        metadata: texts to store along; `format` and `tied` are this module's own keys.

    Raises:
        UserError: a tensor is not finite, or the disk refuses; the old file is untouched.
    """
    data = _encode_tensors(path, tensors, None, metadata or {})
    with atomic_write(path, synced=True) as temporary:
        temporary.write_bytes(data)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what `write_tensors` (or anybody's safetensors) wrote: the tensors and the metadata.

    Raises:
        UserError: the file is missing, truncated or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        tied: dict[str, str] = json.loads(metadata.pop("tied", "{}"))
        tensors |= {name: tensors[kept] for name, kept in tied.items()}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        _damaged(path, error)
    except (AttributeError, LookupError, TypeError) as error:  # `tied` is no table of names
        _damaged(path, error)
    metadata.pop("format", None)
    return tensors, metadata


def _encode_config(config: Mapping[str, JSON]) -> bytes:
    text = json.dumps({"format": FORMAT, **config}, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _encode_tensors(
    path: Path, tensors: Mapping[str, Tensor], dtype: torch.dtype | None, texts: Mapping[str, str]
) -> bytes:
    kept: dict[tuple[object, ...], str] = {}
    tied: dict[str, str] = {}
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        first = kept.setdefault(place, name)
        if first != name:
            tied[name] = first
            continue
        cast = dtype if tensor.is_floating_point() else None
        stored[name] = tensor.detach().to("cpu", cast, copy=True).contiguous()
        if not bool(stored[name].isfinite().all()):
            raise UserError(f"{path}: not saved: {name} holds values that are not finite")
    metadata = {**texts, "format": "pt"} | ({"tied": json.dumps(tied)} if tied else {})
    return encode_safetensors(stored, metadata)


def _read_config(path: Path, task: str | None = None) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        _no_checkpoint(path.parent, task)
    except (OSError, ValueError, RecursionError) as error:
        _damaged(path, error)
    if not isinstance(config, dict) or type(config.get("format")) is not int:
        raise UserError(f"{path}: not a checkpoint's configuration: it states no format")
    if config["format"] > FORMAT:
        raise UserError(f"{path}: format {config['format']} is newer than this version; upgrade")
    if config["format"] < 1 or not isinstance(config.get("task"), str):
        raise UserError(f"{path}: not a checkpoint's configuration: no such format, or no task")
    return config


def _todays_config(stored: dict[str, Any]) -> dict[str, Any]:
    return {**(stored if stored["format"] == FORMAT else renamed_config(stored)), "format": FORMAT}


def _no_checkpoint(folder: Path, task: str | None) -> NoReturn:
    best = folder / "best"
    if (best / CONFIG).is_file():
        raise UserError(f"{folder}: the folder of a training run; its model is {best}")
    if folder.is_dir():
        raise UserError(f"{folder}: no checkpoint: it holds no {CONFIG}")
    known = set(task_of(task).shipped if task in TASKS else shipped_models())
    near = offered(str(folder), sorted(known.intersection(shipped_models())))
    wanted = f"no shipped {task}" if task in TASKS else "no shipped model"
    raise UserError(f"{folder}: no such folder, and {wanted}; {near}")


def _damaged(path: Path, error: Exception) -> NoReturn:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    raise UserError(f"{path}: damaged or unreadable ({reason[:120]})") from error


def _first_few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _locate(source: str | Path) -> Path:
    source = full_name(source)
    folder = Path(source)
    if isinstance(source, str) and source in shipped_models():
        return PRETRAINED / source
    try:
        there = folder.exists()
    except OSError as error:  # a name too long, a parent that may not be entered
        raise UserError(f"{folder}: cannot be read: {error.strerror or error}") from error
    if there:
        return folder
    former = _hidden(folder.absolute(), "old")
    if former.is_dir():  # a save died between its two renames
        return former
    if names_repository(source):
        return _download(str(source))
    return folder


def _download(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    with _hub_errors(repository):
        return Path(snapshot_download(repository, allow_patterns=[CONFIG, WEIGHTS]))


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the client raises its own, the network's and plain errors alike
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{repository}: the Hugging Face Hub says: {reason}") from error


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: a file, not a folder; name another place")
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if names and not {CONFIG, WEIGHTS} <= names:
        raise UserError(f"{folder}: holds other things than a checkpoint; name another folder")


def _replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    fresh, former = _hidden(folder, "new"), _hidden(folder, "old")
    if former.exists() and not folder.exists():
        former.rename(folder)
    _bury(former, folder)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        for name, data in files.items():
            (fresh / name).write_bytes(data)
            sync(fresh / name)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync(fresh)
    if folder.exists():
        folder.rename(former)
    fresh.rename(folder)
    sync(folder.parent)
    _bury(former, folder)


def _bury(former: Path, folder: Path) -> None:
    """Remove a replaced checkpoint, after moving what is not ours to its successor."""
    if not former.exists():
        return
    for entry in former.iterdir():
        if entry.name not in (CONFIG, WEIGHTS, CARD):
            entry.rename(folder / entry.name)
    shutil.rmtree(former)


def _hidden(folder: Path, age: str) -> Path:
    return folder.parent / f".{folder.name}.{age}"
